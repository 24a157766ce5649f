//! The headless agent: reads its command line, listens, samples until it is told to stop.

use std::{io::Write as _, process::ExitCode, time::Duration};

use anyhow::Context;
#[cfg(target_os = "linux")]
use midair_agent::kernel::bpf;
use midair_agent::{
    Agent, Clock,
    cli::{self, Cli, Command},
    governor::Switches,
    identity::Identity,
    join, listen, once, sampler,
};
use midair_tls::Acceptor;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

/// Connections that have not ended by then are cut.
const STOP_WITHIN: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(ended) = midair_agent::bpf_child().or_else(midair_agent::beam_child) {
        return ended;
    }
    let cli = match cli::program().parse::<Cli>() {
        Ok((cli, _)) => cli,
        Err(errors) => {
            errors.iter().for_each(|error| eprintln!("midair-agent: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("midair-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    // One sample is for a pipe: who asks for it hears of troubles alone.
    cli::start_log(cli.log_format, if cli.once { "warn" } else { "info" });
    if let Some(Command::Setup(setup)) = &cli.command {
        return set_up(setup);
    }
    if cli.once {
        return print_once(cli);
    }
    // One thread carries all connections: what they are sent was encoded before.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    runtime.block_on(serve(cli))
}

#[cfg(target_os = "linux")]
fn set_up(asked: &cli::Setup) -> anyhow::Result<()> {
    if asked.undo {
        let undone = bpf::undo(asked.dir.as_deref())?;
        undone.iter().for_each(|place| println!("removed {}", place.display()));
        return Ok(());
    }
    let group = asked.group.as_deref().map(listen::group_id).transpose()?;
    let place = bpf::Setup { group, place: asked.dir.clone() }.run()?;
    let readers = asked.group.as_ref().map_or_else(|| "root alone".into(), |name| format!("root and group {name}"));
    println!("iterators over threads and queues are in {}, readable by {readers}", place.display());
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn set_up(_: &cli::Setup) -> anyhow::Result<()> {
    anyhow::bail!("setup is for Linux alone: there is nothing to set up here")
}

fn print_once(cli: &Cli) -> anyhow::Result<()> {
    let (config, clock) = (cli.config()?, Clock::system());
    let sources = sampler::sources(&config, &clock)?;
    let off = Switches::new(config.off_dir.clone()).look(clock.mono_us()).clone();
    let sample = once::sample(&Identity::read(&config)?, sources, &clock, off);
    match writeln!(std::io::stdout().lock(), "{sample:#}") {
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the sample"),
    }
}

async fn serve(cli: &Cli) -> anyhow::Result<()> {
    let config = cli.config()?;
    // Before anything is left behind: a signal that comes early must find the way out, too.
    let signals = Signals::catch();
    // Everything that a person may have got wrong comes first: nothing is sampled for an agent that cannot listen.
    let path = cli.socket.clone().map_or_else(listen::default_socket, Ok)?;
    let tcp = match &cli.listen {
        Some(address) => Some(listen::open_tcp(address).await?),
        None => None,
    };
    let credentials = cli.tls.credentials(&Clock::system())?;
    let hubs = cli.hubs(credentials.as_ref());
    let socket = listen::Socket::open(&path, cli.group.as_deref()).await?;
    let agent = Agent::start(config)?;
    tracing::info!(node = agent.identity().node, socket = %path.display(), tcp = cli.listen, "sampling");

    let (stop, stopping) = watch::channel(false);
    let until = || {
        let mut stopping = stopping.clone();
        // An error means that the sender is gone, which is a stop too.
        async move { drop(stopping.wait_for(|stop| *stop).await) }
    };
    let mut servers = JoinSet::new();
    servers.spawn(listen::serve_unix(agent.door(), socket, until()));
    if let Some(listener) = tcp {
        match credentials.map(Acceptor::new) {
            Some(acceptor) => servers.spawn(listen::serve_tls(agent.door(), listener, acceptor, until())),
            None => servers.spawn(listen::serve_tcp(agent.door(), listener, until())),
        };
    }
    for hub in hubs {
        let (door, until) = (agent.door(), until());
        servers.spawn(async {
            join::call(door, hub, |stream| stream, until).await;
            Ok(())
        });
    }
    let failed = tokio::select! {
        () = told_to_stop(signals) => None,
        ended = servers.join_next() => ended,
    };
    tracing::info!("stopping");
    // The desk first: streams end, and connections can close by themselves.
    agent.stop();
    stop.send_replace(true);
    let ended = tokio::time::timeout(STOP_WITHIN, async { while servers.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("connections were cut");
    }
    failed.map_or(Ok(()), |ended| ended.context("a server failed").and_then(|served| served))
}

/// SIGTERM and SIGINT.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }
}

async fn told_to_stop(signals: std::io::Result<Signals>) {
    let Ok(Signals { mut term, mut int }) = signals else {
        tracing::warn!("cannot catch signals; end the agent with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
