//! What the black box costs and keeps: the real program beside loads that are made here.
//!
//! `cargo bench -p midair-agent --bench black_box -- [S M] [--seconds N]` or `-- FILE.midair...`
//!
//! Nobody watches while bytes, CPU time and memory are taken. Then a table of all tasks is asked for each second, and the black box
//! is read: each task of a second that used 1 % of a core, waited for 1 % of it, or had a queue of severity 20 must stand in it
//! with what it used. The bench fails where one does not. With files it says of which parts their bytes are made.

#[path = "../agent_cost/load.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost, which looks for what is planted")]
mod load;
mod named;
mod parts;
#[path = "../agent_cost/profile.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost, which has more loads")]
mod profile;
#[path = "../agent_cost/spent.rs"]
#[allow(dead_code, reason = "shared with the bench of the agent's cost")]
mod spent;
mod subject;

use std::{path::Path, process::ExitCode, time::Duration};

use midair_recording::Options;

use self::{profile::Profile, subject::Measured};

/// As the black box packs.
const PACKING: Options = Options { level: 3, window_log: 18 };

/// The default bound of a black box, bytes.
const BOUND_BYTES: f64 = (128 << 20) as f64;

/// Bytes a second beside each load, at most.
fn bytes_bar(profile: Profile) -> f64 {
    if profile == Profile::S { 500.0 } else { 1_536.0 }
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
    let (mut profiles, mut seconds, mut are_all_named) = (Vec::new(), 120, true);
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "S" => profiles.push(Profile::S),
            "M" => profiles.push(Profile::M),
            "--seconds" => seconds = arguments.next().unwrap_or_default().parse()?,
            file if Path::new(file).exists() => {
                print_parts(&parts::read(Path::new(file))?)?;
                return Ok(true);
            }
            other => anyhow::bail!("{other} is not known; give S or M, --seconds N, or files"),
        }
    }
    for profile in profiles {
        let running = profile.start(seconds + 180)?;
        println!("{}: {}", profile.name(), profile::said_of_this_host(running.n_connections));
        let measured = subject::measure(Duration::from_secs(seconds))?;
        print(profile, &measured)?;
        are_all_named &= measured.named.missing.is_empty() && measured.named.n_noted > 0;
    }
    Ok(are_all_named)
}

fn print(profile: Profile, measured: &Measured) -> anyhow::Result<()> {
    let Measured { bytes_per_s, cpu_us_per_sample, rss_kib, named, entries } = measured;
    println!("  {bytes_per_s:>8.0} B/s on disk, may be {:.0}", bytes_bar(profile));
    println!("  {:>8.1} h fit 128 MiB", BOUND_BYTES / bytes_per_s / 3_600.0);
    println!("  {cpu_us_per_sample:>8.0} us of CPU a sample in its thread, may be 300");
    println!("  {:>8.1} MiB resident of the whole agent, may be 16", *rss_kib as f64 / 1_024.0);
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
