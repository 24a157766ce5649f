//! The dashboard's program: reads the command line, opens the feed, and lends the terminal to the shell.

use std::{
    fs::File,
    io::{self, Write as _},
    process::ExitCode,
    sync::Mutex,
};

use anyhow::Context as _;
use clap::Parser as _;
use midair::{
    app::Options,
    cli::{Cli, Place},
    clock::Clock,
    event::Stream,
    feed::{
        self, Feed,
        live::{self, Target},
        local,
    },
    session::Session,
    shell::{self, Ending, NotATerminal},
    view::theme::Theme,
};
use midair_agent::Config;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(ended) = midair_agent::bpf_child().or_else(midair_agent::beam_child) {
        return ended;
    }
    let cli = Cli::parse();
    match watch(&cli) {
        Ok(Ending::Quit) => ExitCode::SUCCESS,
        // What a shell reports of a program that a signal ended.
        Ok(Ending::Signal(number)) => ExitCode::from(128 + number),
        Err(error) => {
            // Not `eprintln!`: it panics where the terminal is gone, and then there is nobody to be told.
            drop(writeln!(io::stderr(), "midair: {error:#}"));
            ExitCode::from(if error.is::<NotATerminal>() { 2 } else { 1 })
        }
    }
}

fn watch(cli: &Cli) -> anyhow::Result<Ending> {
    let places = cli.places()?;
    let size = shell::size()?;
    log_to_file(cli)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    runtime.block_on(async {
        let clock = Clock::system();
        let targets = targets(cli, places).await?;
        let n_targets = targets.len();
        let options =
            Options { n_targets, go: cli.go.clone(), interval_ms: cli.interval_ms(), has_mouse: !cli.no_mouse, size };
        shell::run(open(cli, targets, clock), Session::new(options), theme(), clock).await
    })
}

async fn targets(cli: &Cli, places: Vec<Place>) -> anyhow::Result<Vec<Target>> {
    if places.is_empty() {
        let config = Config {
            interval: cli.interval,
            source: cli.source.unwrap_or_default(),
            budget_milli: cli.budget.milli(),
            ..Config::default()
        };
        return Ok(vec![local::this_host(config, cli.embedded || cli.source.is_some()).await?]);
    }
    let target = |place| match place {
        Place::Tcp(address) => local::tcp(address),
        Place::Socket(path) => local::socket(path),
    };
    Ok(places.into_iter().map(target).collect())
}

fn open(cli: &Cli, targets: Vec<Target>, clock: Clock) -> Feed {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let options = live::Options {
        viewer: format!("{user} midair"),
        // One node is looked at closely from the start, many are compared first.
        stream: if targets.len() == 1 { Stream::Detail } else { Stream::Overview },
        interval_ms: cli.interval_ms(),
        seed: clock.now().0 ^ u64::from(std::process::id()),
    };
    feed::live(targets, &options, clock)
}

/// See <https://no-color.org>.
fn theme() -> Theme {
    let is_set = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if is_set { Theme::monochrome() } else { Theme::colour() }
}

fn log_to_file(cli: &Cli) -> anyhow::Result<()> {
    let Some(path) = &cli.log else { return Ok(()) };
    let file = File::create(path).with_context(|| format!("cannot write the log {}", path.display()))?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("MIDAIR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).init();
    Ok(())
}
