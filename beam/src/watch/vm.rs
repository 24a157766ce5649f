//! What a VM is: what does not change while it runs.

use std::time::Duration;

use super::calls::{call, calls};
use crate::{
    connection::{CallError, Connection},
    term::Term,
};

const INFOS: [&str; 16] = [
    "creation",
    "otp_release",
    "version",
    "emu_flavor",
    "wordsize",
    "start_time",
    "schedulers",
    "schedulers_online",
    "dirty_cpu_schedulers",
    "dirty_cpu_schedulers_online",
    "dirty_io_schedulers",
    "process_limit",
    "port_limit",
    "atom_limit",
    "ets_limit",
    "dist_buf_busy_limit",
];

/// A VM, as it says of itself (`erlang:system_info/1`). Read once per connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vm {
    /// Its node name, `name@host`.
    pub name: String,
    /// Which life of the node: two VMs of one name differ in it.
    pub creation: Option<u64>,
    /// The release of OTP: 25.
    pub otp_release: Option<u32>,
    /// The version of the runtime system: `13.1.5`.
    pub erts: Option<String>,
    /// `jit` or `emu`.
    pub flavor: Option<String>,
    /// Bytes of a word.
    pub word_bytes: Option<u64>,
    /// Its process in the operating system, in its own pid namespace.
    pub os_pid: Option<u32>,
    /// When it started, by its clock: us since 1970.
    pub started_us: Option<i64>,
    /// Schedulers by kind.
    pub schedulers: SchedulerCounts,
    /// The most processes.
    pub process_limit: Option<u64>,
    /// The most ports.
    pub port_limit: Option<u64>,
    /// The most atoms. With one more the VM ends.
    pub atom_limit: Option<u64>,
    /// The number of ETS tables that is said to be the most; no limit any more since OTP 20.
    pub ets_limit: Option<u64>,
    /// Bytes that wait for a peer node at which those that send there are suspended.
    pub dist_buf_busy_bytes: Option<u64>,
    /// After how many seconds of silence it takes a peer for gone (`net_ticktime`).
    pub tick_time_s: Option<u64>,
}

/// How many schedulers a VM has. Their ids run through: normal, dirty CPU, dirty IO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedulerCounts {
    /// Normal ones.
    pub normal: Option<u64>,
    /// Normal ones in use.
    pub normal_online: Option<u64>,
    /// For jobs that compute for long.
    pub dirty_cpu: Option<u64>,
    /// Those in use.
    pub dirty_cpu_online: Option<u64>,
    /// For jobs that wait for files.
    pub dirty_io: Option<u64>,
}

impl Vm {
    /// Asks for all of it in one round trip.
    pub async fn read(connection: &Connection, within: Duration) -> Result<Self, CallError> {
        let asked = INFOS.map(|item| call("erlang", "system_info", vec![Term::atom(item)]));
        let second = vec![1.into(), Term::atom("second"), Term::atom("native")];
        let others = [
            call("os", "getpid", vec![]),
            call("net_kernel", "get_net_ticktime", vec![]),
            call("erlang", "time_offset", vec![]),
            call("erlang", "convert_time_unit", second),
        ];
        let mut said = calls(connection, [&asked[..], &others].concat(), within).await?.into_iter();
        let infos: Vec<Option<Term>> = said.by_ref().take(INFOS.len()).collect();
        let [os_pid, tick_time, offset, unit] = std::array::from_fn(|_| said.next().flatten());
        let info = |name| INFOS.iter().zip(&infos).find(|(item, _)| **item == name)?.1.as_ref();
        let count = |name| info(name)?.as_count();
        let text = |name| info(name)?.to_text();
        Ok(Self {
            name: connection.agreed().peer.clone(),
            creation: count("creation"),
            otp_release: text("otp_release").and_then(|text| text.parse().ok()), // A text that is no number: unknown.
            erts: text("version"),
            flavor: info("emu_flavor").and_then(Term::as_atom).map(str::to_owned),
            word_bytes: count("wordsize"),
            os_pid: os_pid.and_then(|pid| pid.to_text()?.parse().ok()), // As above.
            started_us: started_us(info("start_time"), offset.as_ref(), unit.as_ref()),
            schedulers: SchedulerCounts {
                normal: count("schedulers"),
                normal_online: count("schedulers_online"),
                dirty_cpu: count("dirty_cpu_schedulers"),
                dirty_cpu_online: count("dirty_cpu_schedulers_online"),
                dirty_io: count("dirty_io_schedulers"),
            },
            process_limit: count("process_limit"),
            port_limit: count("port_limit"),
            atom_limit: count("atom_limit"),
            ets_limit: count("ets_limit"),
            dist_buf_busy_bytes: count("dist_buf_busy_limit"),
            tick_time_s: tick_time.as_ref().and_then(seconds),
        })
    }
}

/// A start in native time units, and how far those are from the wall clock.
fn started_us(started: Option<&Term>, offset: Option<&Term>, unit: Option<&Term>) -> Option<i64> {
    let unit = i128::from(unit?.as_int().filter(|unit| *unit > 0)?);
    let native = i128::from(started?.as_int()?) + i128::from(offset?.as_int()?);
    i64::try_from(native * 1_000_000 / unit).ok() // Beyond what a clock says: unknown.
}

/// Seconds, or `{ongoing_change_to, Seconds}`.
fn seconds(tick_time: &Term) -> Option<u64> {
    tick_time.as_count().or_else(|| tick_time.as_tuple()?.get(1)?.as_count())
}

#[cfg(test)]
mod tests;
