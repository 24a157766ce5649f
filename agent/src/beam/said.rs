//! What the agent and its watcher of VMs say to each other: one question, one answer, over pipes.
//!
//! Both are the same program, so that nothing here is a contract. A frame is its length (four bytes, big-endian) and a
//! message.

use std::io::{self, Read, Write};

use midair_proto::v1::{ErlangLook, Inspected, Keeps, Traced, Vm};
use prost::Message;

use crate::config::BeamConfig;

/// No frame is longer: of sixteen VMs with all their rows and looks a tenth.
const MOST_BYTES: usize = 16 << 20;

/// What the agent asks at each tick.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ask {
    /// The VMs to watch; all others are let go.
    #[prost(message, repeated, tag = "1")]
    pub(crate) targets: Vec<Target>,
    /// Processes to look at closely, here and from now on.
    #[prost(message, repeated, tag = "2")]
    pub(crate) looks: Vec<Which>,
    /// Traces to make, each once.
    #[prost(message, repeated, tag = "3")]
    pub(crate) traces: Vec<Trace>,
    /// How VMs are reached; in the first question alone.
    #[prost(message, optional, tag = "4")]
    pub(crate) config: Option<Reach>,
    /// Inspections to make, each once.
    #[prost(message, repeated, tag = "5")]
    pub(crate) inspections: Vec<Inspection>,
    /// VMs whose OS process has ended lately: what have they left behind?
    #[prost(message, repeated, tag = "6")]
    pub(crate) ended: Vec<Target>,
}

/// A VM as it is seen from outside.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Target {
    /// Its runtime's id.
    #[prost(uint32, tag = "1")]
    pub(crate) runtime: u32,
    /// Its OS process.
    #[prost(uint32, tag = "2")]
    pub(crate) pid: u32,
    /// The start of that, in clock ticks since boot.
    #[prost(uint64, tag = "3")]
    pub(crate) start: u64,
}

/// An Erlang process.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Which {
    /// Its VM.
    #[prost(uint32, tag = "1")]
    pub(crate) runtime: u32,
    /// Its serial and id.
    #[prost(uint64, tag = "2")]
    pub(crate) number: u64,
}

/// A receive trace.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Trace {
    /// Its number: each is made once.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// Of which process.
    #[prost(message, required, tag = "2")]
    pub(crate) which: Which,
    /// For how long, seconds.
    #[prost(uint32, tag = "3")]
    pub(crate) seconds: u32,
    /// At most so many messages.
    #[prost(uint32, tag = "4")]
    pub(crate) most: u32,
}

/// What an Erlang process keeps.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Inspection {
    /// Its number: each is made once.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// Of which process.
    #[prost(message, required, tag = "2")]
    pub(crate) which: Which,
    /// What of it (`midair.v1.Keeps`).
    #[prost(enumeration = "Keeps", tag = "3")]
    pub(crate) what: i32,
}

/// [`BeamConfig`] as it travels.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Reach {
    /// See there.
    #[prost(string, optional, tag = "1")]
    pub(crate) cookie_file: Option<String>,
    /// Node names and files.
    #[prost(message, repeated, tag = "2")]
    pub(crate) cookies: Vec<Pair>,
    /// Node names and addresses.
    #[prost(message, repeated, tag = "3")]
    pub(crate) addresses: Vec<Pair>,
    /// See there.
    #[prost(string, optional, tag = "4")]
    pub(crate) own_name: Option<String>,
    /// See there.
    #[prost(string, optional, tag = "5")]
    pub(crate) tls_authorities: Option<String>,
    /// See there.
    #[prost(string, optional, tag = "6")]
    pub(crate) tls_certificate: Option<String>,
    /// See there.
    #[prost(string, optional, tag = "7")]
    pub(crate) tls_key: Option<String>,
    /// See there.
    #[prost(uint32, optional, tag = "8")]
    pub(crate) vm_budget_milli: Option<u32>,
    /// See there.
    #[prost(uint32, optional, tag = "9")]
    pub(crate) long_schedule_ms: Option<u32>,
}

/// A name and what belongs to it.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Pair {
    /// The name.
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    /// What belongs to it.
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

/// What the watcher answers.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Said {
    /// The VMs that it watches.
    #[prost(message, repeated, tag = "1")]
    pub(crate) vms: Vec<SaidVm>,
    /// Its own CPU time, microseconds.
    #[prost(uint64, tag = "2")]
    pub(crate) cpu_us: u64,
    /// Its resident memory, bytes.
    #[prost(uint64, tag = "3")]
    pub(crate) rss_bytes: u64,
}

/// What is known of one VM.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SaidVm {
    /// Its runtime's id.
    #[prost(uint32, tag = "1")]
    pub(crate) runtime: u32,
    /// Whether it answers.
    #[prost(bool, tag = "2")]
    pub(crate) answers: bool,
    /// Why it does not, or what is missing.
    #[prost(string, optional, tag = "3")]
    pub(crate) reason: Option<String>,
    /// The VM itself.
    #[prost(message, required, tag = "4")]
    pub(crate) vm: Vm,
    /// Its processes, as far as they rank.
    #[prost(message, repeated, tag = "5")]
    pub(crate) rows: Vec<Row>,
    /// Close looks.
    #[prost(message, repeated, tag = "6")]
    pub(crate) looks: Vec<SaidLook>,
    /// Traces that have ended.
    #[prost(message, repeated, tag = "7")]
    pub(crate) traces: Vec<SaidTrace>,
    /// What happened since the last answer.
    #[prost(string, repeated, tag = "8")]
    pub(crate) happened: Vec<String>,
    /// Processes that were in rows or looked at, and have ended.
    #[prost(message, repeated, tag = "9")]
    pub(crate) ended: Vec<Ended>,
    /// Whether it was started so that nobody can ask it.
    #[prost(bool, tag = "10")]
    pub(crate) is_undistributed: bool,
    /// Inspections that have ended.
    #[prost(message, repeated, tag = "11")]
    pub(crate) inspected: Vec<SaidInspected>,
    /// The slogan of the crash dump that it has written.
    #[prost(string, optional, tag = "12")]
    pub(crate) slogan: Option<String>,
    /// When it closed its connection while its OS process went on, `CLOCK_MONOTONIC` in microseconds.
    #[prost(uint64, optional, tag = "13")]
    pub(crate) hung_up_us: Option<u64>,
    /// Whether a crash dump appeared in its folder after its end of which nobody can tell whose it is.
    #[prost(bool, tag = "14")]
    pub(crate) is_dump_unsure: bool,
}

/// An Erlang process that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Ended {
    /// Its serial and id.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// The creation of its node.
    #[prost(uint32, tag = "2")]
    pub(crate) creation: u32,
}

/// An Erlang process.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Row {
    /// Its serial and id.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// The creation of its node.
    #[prost(uint32, tag = "2")]
    pub(crate) creation: u32,
    /// How it is called.
    #[prost(string, optional, tag = "3")]
    pub(crate) name: Option<String>,
    /// With which call it began.
    #[prost(string, optional, tag = "4")]
    pub(crate) initial_call: Option<String>,
    /// What it does (`midair.v1.TaskState`).
    #[prost(int32, optional, tag = "5")]
    pub(crate) state: Option<i32>,
    /// Share of looks in which it ran, per mille.
    #[prost(uint32, optional, tag = "6")]
    pub(crate) active_milli: Option<u32>,
    /// What was read last.
    #[prost(message, required, tag = "7")]
    pub(crate) now: Levels,
    /// What was read before, on a row that enters.
    #[prost(message, optional, tag = "8")]
    pub(crate) before: Option<Levels>,
}

/// What is read of a process at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct Levels {
    /// The moment: `CLOCK_MONOTONIC`, microseconds.
    #[prost(uint64, tag = "1")]
    pub(crate) at_us: u64,
    /// Messages in its mailbox.
    #[prost(uint64, optional, tag = "2")]
    pub(crate) mailbox: Option<u64>,
    /// Reductions so far.
    #[prost(uint64, optional, tag = "3")]
    pub(crate) reductions: Option<u64>,
    /// Memory, estimated, bytes.
    #[prost(uint64, optional, tag = "4")]
    pub(crate) memory_bytes: Option<u64>,
    /// Binaries that it holds, bytes.
    #[prost(uint64, optional, tag = "5")]
    pub(crate) binary_bytes: Option<u64>,
}

/// A close look.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SaidLook {
    /// At which process.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// What it showed; nothing until it was looked at.
    #[prost(message, optional, tag = "2")]
    pub(crate) look: Option<ErlangLook>,
    /// Its row, as of the look.
    #[prost(message, optional, tag = "3")]
    pub(crate) row: Option<Row>,
}

/// A trace that has ended.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SaidTrace {
    /// Its number.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// What it counted.
    #[prost(message, optional, tag = "2")]
    pub(crate) traced: Option<Traced>,
    /// Why there is nothing.
    #[prost(string, optional, tag = "3")]
    pub(crate) refused: Option<String>,
}

/// An inspection that has ended.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SaidInspected {
    /// Its number.
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    /// What was shown, or why it was not.
    #[prost(message, required, tag = "2")]
    pub(crate) inspected: Inspected,
}

/// Processes whose end is kept until the agent asks: it may do so once a minute.
const MOST_ENDED: usize = 4096;

impl SaidVm {
    /// It does not answer: what it said of itself stays, with its age; rows of now there are none.
    pub(crate) fn silence(&mut self) {
        self.answers = false;
        self.rows.clear();
        self.looks.clear();
        self.ended.clear();
    }

    /// These have ended, beside those that nobody has asked for yet.
    pub(crate) fn end(&mut self, ended: Vec<Ended>) {
        for one in ended {
            if self.ended.len() < MOST_ENDED && !self.ended.contains(&one) {
                self.ended.push(one);
            }
        }
    }
}

impl Reach {
    /// As it travels.
    pub(crate) fn of(config: &BeamConfig) -> Self {
        let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
        let pair = |name: &String, value: String| Pair { name: name.clone(), value };
        Self {
            cookie_file: config.cookie_file.as_ref().map(text),
            cookies: config.cookies.iter().map(|(name, path)| pair(name, text(path))).collect(),
            addresses: config.addresses.iter().map(|(name, address)| pair(name, address.clone())).collect(),
            own_name: config.own_name.clone(),
            tls_authorities: config.tls_authorities.as_ref().map(text),
            tls_certificate: config.tls_certificate.as_ref().map(text),
            tls_key: config.tls_key.as_ref().map(text),
            vm_budget_milli: config.vm_budget_milli,
            long_schedule_ms: config.long_schedule_ms,
        }
    }

    /// As it was.
    pub(crate) fn into_config(self) -> BeamConfig {
        BeamConfig {
            cookie_file: self.cookie_file.map(Into::into),
            cookies: self.cookies.into_iter().map(|pair| (pair.name, pair.value.into())).collect(),
            addresses: self.addresses.into_iter().map(|pair| (pair.name, pair.value)).collect(),
            own_name: self.own_name,
            tls_authorities: self.tls_authorities.map(Into::into),
            tls_certificate: self.tls_certificate.map(Into::into),
            tls_key: self.tls_key.map(Into::into),
            vm_budget_milli: self.vm_budget_milli,
            long_schedule_ms: self.long_schedule_ms,
        }
    }
}

/// Writes one frame.
pub(crate) fn write_frame(to: &mut impl Write, message: &impl Message) -> io::Result<()> {
    let n = message.encoded_len();
    let length = u32::try_from(n).ok().filter(|_| n <= MOST_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
    let mut frame = Vec::with_capacity(n + 4);
    frame.extend_from_slice(&length.to_be_bytes());
    message.encode(&mut frame).map_err(io::Error::other)?;
    to.write_all(&frame)?;
    to.flush()
}

/// Reads one frame; an error where the other side has gone, or says what is none.
pub(crate) fn read_frame<M: Message + Default>(from: &mut impl Read) -> io::Result<M> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let n = u32::from_be_bytes(length);
    if n as usize > MOST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = Vec::new();
    from.by_ref().take(n.into()).read_to_end(&mut frame)?;
    if frame.len() != n as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    M::decode(frame.as_slice()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
