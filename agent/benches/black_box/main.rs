//! What the black box costs and keeps: the real program beside loads that are made here.
//!
//! `cargo bench -p midair-agent --bench black_box -- [S M VM] [--seconds N]` or `-- FILE.midair...`
//!
//! Nobody watches while bytes, CPU time and memory are taken. Then a table of all tasks is asked for each second, and the black box
//! is read: each task of a second that used 1 % of a core, waited for 1 % of it, or had a queue of severity 20 must stand in it
//! with what it used. The bench fails where one does not. VM is M with an Erlang VM of 100,000 processes beside it. With files
//! it says of which parts their bytes are made.

#[path = "../agent_cost/load.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost, which looks for what is planted")]
mod load;
mod named;
mod parts;
#[path = "../agent_cost/profile.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost, which has more loads")]
mod profile;
#[path = "../agent_cost/program.rs"]
mod program;
#[path = "../agent_cost/spent.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost")]
mod spent;
mod subject;
mod vm;

use std::{path::Path, process::ExitCode, time::Duration};

use midair_recording::Options;

use self::{profile::Profile, subject::Measured, vm::Vm};

/// As the black box packs.
const PACKING: Options = Options { level: 3, window_log: 17, table_log: Some(15) };

/// The default bound of a black box, bytes.
const BOUND_BYTES: f64 = (128 << 20) as f64;

/// What may be kept of an Erlang VM, bytes a second.
const VM_BYTES: f64 = 1_024.0;

/// What the agent runs beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beside {
    profile: Profile,
    has_vm: bool,
}

impl Beside {
    fn of(word: &str) -> Option<Self> {
        match word {
            "S" => Some(Self { profile: Profile::S, has_vm: false }),
            "M" => Some(Self { profile: Profile::M, has_vm: false }),
            "VM" => Some(Self { profile: Profile::M, has_vm: true }),
            _ => None,
        }
    }

    /// Bytes a second at most.
    fn bytes_bar(self) -> f64 {
        match (self.profile, self.has_vm) {
            (Profile::S, _) => 500.0,
            (_, false) => 1_536.0,
            (_, true) => 1_536.0 + VM_BYTES,
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("black_box: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all were named that had to be.
fn run() -> anyhow::Result<bool> {
    load::act()?;
    let (mut all, mut seconds, mut are_all_named) = (Vec::new(), 120, true);
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().unwrap_or_default().parse()?,
            word if Beside::of(word).is_some() => all.extend(Beside::of(word)),
            file if Path::new(file).exists() => {
                print_parts(&parts::read(Path::new(file))?)?;
                return Ok(true);
            }
            other => anyhow::bail!("{other} is not known; give S, M or VM, --seconds N, or files"),
        }
    }
    for beside in all {
        let running = beside.profile.start(seconds + 180)?;
        let vm = if beside.has_vm { Some(Vm::start()?) } else { None };
        let with = if vm.is_some() { format!(", a VM of {} processes", vm::N_PROCESSES) } else { String::new() };
        println!("{}: {}{with}", beside.profile.name(), profile::said_of_this_host(running.n_connections));
        let measured = subject::measure(Duration::from_secs(seconds))?;
        print(beside, &measured)?;
        are_all_named &= measured.named.missing.is_empty() && measured.named.n_noted > 0;
    }
    Ok(are_all_named)
}

fn print(beside: Beside, measured: &Measured) -> anyhow::Result<()> {
    let bytes_bar = beside.bytes_bar();
    let memory_bar = if beside.has_vm { "with the child that asks the VM" } else { "may be 16" };
    let Measured { bytes_per_s, cpu_us_per_sample, rss_kib, named, entries } = measured;
    println!("  {bytes_per_s:>8.0} B/s on disk, may be {bytes_bar:.0}");
    println!("  {:>8.1} h fit 128 MiB", BOUND_BYTES / bytes_per_s / 3_600.0);
    if beside.has_vm {
        // Not as the difference from a run without one: what else ran on the host then would be in it.
        println!("  {:>8.0} B/s of them for the VM, may be {VM_BYTES:.0}", parts::of_vms(entries, PACKING)?);
    }
    println!("  {cpu_us_per_sample:>8.0} us of CPU a sample in its thread, may be 300");
    println!("  {:>8.1} MiB resident of the whole agent, {memory_bar}", *rss_kib as f64 / 1_024.0);
    println!(
        "  {:>8} tasks of {} seconds were to be named, {} are not",
        named.n_noted,
        named.n_seconds,
        named.missing.len()
    );
    for missing in named.missing.iter().take(20) {
        println!("           {missing}");
    }
    print_parts(entries)
}

fn print_parts(entries: &[midair_recording::Entry]) -> anyhow::Result<()> {
    let (whole, parts) = parts::measure(entries, PACKING)?;
    println!("  of the detail's {whole:.0} B/s each part would save");
    for (name, bytes) in parts {
        println!("  {bytes:>8.0} {name}");
    }
    Ok(())
}
