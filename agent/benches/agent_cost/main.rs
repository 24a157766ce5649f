//! What the agent costs: the real program beside loads that are made here, and others of its kind beside the same.
//!
//! `cargo bench -p midair-agent --bench agent_cost -- [S M L C] [--peers] [--collector bpf|proc] [--seconds N]
//! [--warm-up N] [--connections N]`
//!
//! Figures are CPU milliseconds per second of all the program's processes, as the kernel counts them for its threads; a
//! watcher takes the detail stream once a second. The bench fails if the sample misses anything of what is planted in
//! the load (a hot thread, a starved one, a queue of each kind), unless the collector's documentation says that it does.

mod check;
mod load;
mod options;
mod peers;
mod profile;
mod program;
mod spent;
mod subject;
mod table;
mod watch;

use std::{process::ExitCode, time::Duration};

use midair_agent::Clock;

use self::{
    check::Found,
    options::Options,
    profile::Profile,
    subject::{Flags, Times},
    table::Row,
};

/// A load has settled by then.
const SETTLE: Duration = Duration::from_secs(3);

/// Time that a program needs beside its warm-up and window, to start and to end, seconds.
const AROUND_S: u64 = 30;

/// Time that the largest load needs to start, seconds.
const START_S: u64 = 180;

fn main() -> ExitCode {
    match run() {
        Ok(missing) if missing.is_empty() => ExitCode::SUCCESS,
        Ok(missing) => {
            eprintln!("\nmissing from the samples:\n{}", missing.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("agent_cost: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all; what was planted and not found comes back.
fn run() -> anyhow::Result<Vec<String>> {
    load::act()?;
    let options = Options::parse(std::env::args().skip(1))?;
    let flags = Flags::read()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for profile in &options.profiles {
        match *profile {
            Profile::C { connections } => {
                // Two sizes: what a connection costs is in the difference.
                let few = Profile::C { connections: connections / 4 };
                let (few, n_few) = beside(few, &options, flags, &runtime, &mut missing)?;
                let (many, n_many) = beside(*profile, &options, flags, &runtime, &mut missing)?;
                for (few, many) in few.iter().zip(&many).filter(|(few, many)| few.what == many.what) {
                    table::print_slope((few, n_few), (many, n_many));
                }
                rows.extend(few.into_iter().chain(many));
            }
            Profile::S | Profile::M | Profile::L => {
                rows.extend(beside(*profile, &options, flags, &runtime, &mut missing)?.0);
            }
        }
    }
    table::print(&rows);
    Ok(missing)
}

/// Makes one load, and measures all programs beside it, one after the other; also the connections of the load.
fn beside(
    profile: Profile,
    options: &Options,
    flags: Flags,
    runtime: &tokio::runtime::Runtime,
    missing: &mut Vec<String>,
) -> anyhow::Result<(Vec<Row>, u32)> {
    let variants = flags.variants(options.collector);
    let Times { warm_up, window } = options.times;
    let programs = variants.len() as u64 + if options.with_peers { peers::N_PEERS } else { 0 };
    let around_s = AROUND_S + profile.first_round().as_secs();
    let seconds = programs * (warm_up.as_secs() + window.as_secs() + around_s) + START_S;
    println!("{}: starting the load", profile.name());
    let clock = Clock::system();
    let from_us = clock.mono_us();
    let load = profile.start(seconds)?;
    let took_s = (clock.mono_us() - from_us) as f64 / 1e6;
    std::thread::sleep(SETTLE);
    println!("{}: {}, up in {took_s:.1} s", profile.name(), profile::said_of_this_host(load.n_connections));
    let mut rows = Vec::new();
    for variant in variants {
        let (row, found) = runtime.block_on(subject::measure(profile, &load, (flags, variant), options.times))?;
        table::print_notes(&row);
        missing.extend(found.into_iter().filter_map(|found| match found {
            Found::Missing(what) => Some(format!("{} {}: {what}", row.load, row.what)),
            Found::Seen | Found::Unknown(_) | Found::Shed(_) | Found::Rarely(_) => None,
        }));
        rows.push(row);
    }
    if options.with_peers {
        rows.extend(peers::measure_all(&profile.name(), options.times)?);
    }
    Ok((rows, load.n_connections))
}
