//! The dashboard's program: reads the command line, opens the feed, and lends the terminal to the shell.

use std::{
    fs::File,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Mutex,
    time::Duration,
};

use anyhow::Context as _;
use midair::{
    app::{self, Message, Options, Speed, Told},
    cli::{
        Cli, Command, DemoArgs, HubArgs, Info, Listed, MarkArgs, PartArgs, Place, RecordArgs, ReplayArgs, Tcp, agents,
        config,
    },
    clock::Clock,
    event::{Stamp, Stream},
    feed::{
        self, Feed,
        file::{Film, Note, Notebook, Recorder},
        incident::Wanted,
        live::{self, Later, Target},
        local,
    },
    hub,
    out::{OutError, cut, export, report},
    session::Session,
    shell::{self, Ending, NotATerminal},
    view::theme::Theme,
};
use midair_agent::Config;
use midair_demo::children::Fleet;

/// No black box reaches further back.
const KEPT_AT_MOST: Duration = Duration::from_secs(7 * 86_400);

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(ended) = midair_agent::bpf_child().or_else(midair_agent::beam_child) {
        return ended;
    }
    let (cli, files) = match config::program().parse::<Cli>() {
        Ok(parsed) => parsed,
        Err(errors) => {
            errors.iter().for_each(|error| drop(writeln!(io::stderr(), "midair: {error}")));
            return ExitCode::FAILURE;
        }
    };
    match run(&cli, &files).or_else(stopped) {
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

fn run(cli: &Cli, files: &[PathBuf]) -> anyhow::Result<Ending> {
    match &cli.command {
        None => watch(cli),
        Some(Command::Replay(args)) => replay(args),
        Some(Command::Record(args)) => record(args),
        Some(Command::Mark(args)) => mark(args),
        Some(Command::Info { file }) => {
            print(&Info::read(file)?.to_string())?;
            Ok(Ending::Quit)
        }
        Some(Command::Export(args)) => export::export(&args.options(), Clock::system()).map(|_| Ending::Quit),
        Some(Command::Report(args)) => report::report(&args.options(), Clock::system()).map(|()| Ending::Quit),
        Some(Command::Certs(command)) => {
            print(&format!("{}\n", command.run(Clock::system().now())?))?;
            Ok(Ending::Quit)
        }
        Some(Command::Config(command)) => {
            let said = command.run(files).map_err(|errors| {
                anyhow::Error::msg(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            })?;
            print(&format!("{}\n", said.trim_end()))?;
            Ok(Ending::Quit)
        }
        Some(Command::Cut(args)) => cut::cut(&args.options(), Clock::system()).map(|_| Ending::Quit),
        Some(Command::Hub(args)) => serve_hub(args),
        Some(Command::Demo(args)) => demo(args),
        Some(Command::DemoPart(args)) => args.share().serve().map(|()| Ending::Quit),
    }
}

/// What a signal ended in good order ends as one does that a signal ends.
fn stopped(error: anyhow::Error) -> anyhow::Result<Ending> {
    match error.downcast_ref() {
        Some(stopped @ OutError::Stopped(signal)) => {
            drop(writeln!(io::stderr(), "midair: {stopped}"));
            Ok(Ending::Signal(*signal))
        }
        Some(OutError::Exists(_)) | None => Err(error),
    }
}

/// To who reads, unless that has seen enough: `midair info ... | head`.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to the terminal"),
    }
}

fn replay(args: &ReplayArgs) -> anyhow::Result<Ending> {
    let mut film = Film::open(&args.file)?;
    let (from, to) = film.range();
    let at = args.at.as_deref().map(|at| app::within(at, from, to)).transpose().map_err(anyhow::Error::msg)?;
    let notebook = Notebook::of_user().on(&args.file, film.id());
    let noted = notebook.read().iter().flat_map(Note::marks).map(|mark| (to, mark)).collect::<Vec<_>>();
    let marks = film.marks()?.into_iter().chain(noted).collect();
    let options = Options {
        n_targets: film.n_nodes(),
        go: args.go.clone(),
        has_mouse: !args.no_mouse,
        size: shell::size()?,
        ..Options::default()
    };
    let mut session = Session::replay(options, film, marks, at, Speed::nearest(args.speed));
    if let (Some(text), Some(at), None) = (&args.at, at, &session.state().message) {
        session.tell(Told::Said(Message::Notice(format!("--at {text} is {}", app::utc(at)))));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    runtime.block_on(shell::run(Feed::silent().with_notebook(notebook, to), session, theme(), Clock::system()))
}

fn record(args: &RecordArgs) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let places = runtime.block_on(found(&args.listed, args.places()?))?;
    let clock = Clock::system();
    let tcp = args.tls.tcp(&places, clock)?;
    if let Some(last) = args.last {
        return runtime.block_on(record_past(args, (places, tcp), last, clock));
    }
    let why = args.why.as_deref().unwrap_or("midair record");
    let recorder = Recorder::start(&args.out, why, clock.now())?;
    runtime.block_on(async {
        let config = Config { interval: args.interval, ..Config::default() };
        let (teller, later) = Later::new();
        args.listed.follow(places.clone(), &args.tls, clock, teller.news);
        let targets = targets((places, tcp), config, false, clock).await?;
        let feed = live::live_by(targets, later, &options(Stream::Detail, args.interval_ms(), clock), clock)
            .with_notebook(Notebook::of_user(), clock.now());
        shell::record(feed, recorder, args.length).await
    })
}

async fn record_past(
    args: &RecordArgs,
    places: (Vec<Place>, Tcp),
    last: Duration,
    clock: Clock,
) -> anyhow::Result<Ending> {
    let now = clock.now();
    let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let to = match &args.until {
        Some(until) => {
            let until = app::before(until, now).map_err(anyhow::Error::msg).context("--until")?;
            anyhow::ensure!(until <= now, "--until {} lies ahead: it is {} now", app::utc(until), app::utc(now));
            let oldest = Stamp(now.0.saturating_sub(us(KEPT_AT_MOST)));
            anyhow::ensure!(
                until >= oldest,
                "--until {}: no black box reaches further back than a week",
                app::utc(until)
            );
            until
        }
        None => now,
    };
    let wanted = Wanted {
        from: Stamp(to.0.saturating_sub(us(last))),
        to,
        full: args.full.clone(),
        n_worst: args.worst,
        why: args.why.clone().unwrap_or_else(|| "midair record --last".to_owned()),
        notes: Notebook::of_user().read(),
    };
    let targets = targets(places, Config::default(), false, clock).await?;
    shell::record_past(targets, wanted, &args.out, args.dry_run, clock).await
}

fn mark(args: &MarkArgs) -> anyhow::Result<Ending> {
    let places = args.places()?;
    let clock = Clock::system();
    let now = clock.now();
    let tcp = args.tls.tcp(&places, clock)?;
    let ago_us = args.ago_us(now)?;
    let viewer = format!("{} midair mark", local::user());
    let wanted = live::Wanted { text: args.text.clone(), ago_us, group: args.group.clone(), viewer };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let put = runtime.block_on(async {
        let targets = match places.is_empty() {
            true => {
                vec![local::agent().await.context("no agent answers on this host; start midair-agent, or name one")?]
            }
            false => places.into_iter().map(|place| place.target(&tcp, clock)).collect(),
        };
        anyhow::Ok(live::put(targets, wanted).await)
    })?;
    let outcome = args.outcome(&put)?;
    let at = args.at.as_ref().map(|_| format!(", at {}", app::utc(Stamp(now.0.saturating_sub(ago_us)))));
    print(&format!("{outcome}{}\n", at.unwrap_or_default()))?;
    Ok(Ending::Quit)
}

fn watch(cli: &Cli) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let places = runtime.block_on(found(&cli.listed, cli.places()?))?;
    let clock = Clock::system();
    let tcp = cli.tls.tcp(&places, clock)?;
    let size = shell::size()?;
    log_to_file(cli)?;
    runtime.block_on(async {
        let (teller, later) = Later::new();
        cli.listed.follow(places.clone(), &cli.tls, clock, teller.news);
        let targets = targets((places, tcp), config(cli), cli.embedded || cli.source.is_some(), clock).await?;
        let n_targets = targets.len();
        // One node is looked at closely from the start, many are compared first.
        let stream = if n_targets == 1 { Stream::Detail } else { Stream::Overview };
        let feed = live::live_by(targets, later, &self::options(stream, cli.interval_ms(), clock), clock)
            .with_notebook(Notebook::of_user(), clock.now());
        let options =
            Options { n_targets, go: cli.go.clone(), interval_ms: cli.interval_ms(), has_mouse: !cli.no_mouse, size };
        shell::run(feed, Session::new(options), theme(), clock).await
    })
}

fn serve_hub(args: &HubArgs) -> anyhow::Result<Ending> {
    midair_agent::cli::start_log(args.log_format, "info");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let places = runtime.block_on(found(&args.listed, args.places()?))?;
    let clock = Clock::system();
    let acceptor = args.tls.acceptor(&midair_agent::Clock::system())?;
    let tcp = args.tls.tcp(&places, clock)?;
    runtime.block_on(async {
        let listener = midair_agent::listen::open_tcp(&args.listen).await?;
        let (teller, later) = Later::new();
        args.listed.follow(places.clone(), &args.tls, clock, teller.news.clone());
        let targets: Vec<Target> = places.into_iter().map(|place| place.target(&tcp, clock)).collect();
        let metrics = match args.metrics {
            Some(address) => Some(midair_agent::listen::open_tcp(&address.to_string()).await?),
            None => None,
        };
        let options = hub::Options {
            name: args.name.clone(),
            interval_ms: args.interval_ms(),
            acceptor,
            record: args.wanted(),
            metrics,
        };
        shell::until_told(hub::run(options, (targets, (teller, later)), listener, clock)).await
    })
}

fn demo(args: &DemoArgs) -> anyhow::Result<Ending> {
    if args.list {
        write!(io::stdout(), "{}", DemoArgs::told()).context("cannot write to the terminal")?;
        return Ok(Ending::Quit);
    }
    anyhow::ensure!(
        !args.headless || args.agents_file.is_some() || args.calls_in(),
        "--headless needs --agents-file or --join: nobody would know where the agents are"
    );
    // Without a terminal nothing is started.
    let size = if args.headless { (0, 0) } else { shell::size()? };
    let program = std::env::current_exe().context("cannot tell which program this is")?;
    let mut fleet = Fleet::start(&args.wanted(), &program, PartArgs::of)?;
    if let Some(file) = &args.agents_file {
        agents::write(file, fleet.addresses())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start tokio")?;
    let ending = runtime.block_on(async {
        if args.headless {
            return shell::wait(args.length).await;
        }
        let clock = Clock::system();
        let targets: Vec<Target> = fleet.addresses().map(local::tcp).collect();
        let (n_targets, interval_ms) = (targets.len(), args.interval_ms());
        let feed = feed::live(targets, &options(Stream::Overview, interval_ms, clock), clock);
        let options = Options { n_targets, go: args.go.clone(), interval_ms, has_mouse: !args.no_mouse, size };
        shell::run(feed, Session::new(options), theme(), clock).await
    });
    // Why nodes were silent, where it was no incident.
    fleet.all_run()?;
    ending
}

fn config(cli: &Cli) -> Config {
    Config {
        interval: cli.interval,
        source: cli.source.unwrap_or_default(),
        budget_milli: cli.budget.milli(),
        ..Config::default()
    }
}

/// Those who are listed somewhere, else those who are named.
async fn found(listed: &Listed, named: Vec<Place>) -> anyhow::Result<Vec<Place>> {
    if listed.is_given() { listed.read().await } else { Ok(named) }
}

/// The agents at these places; of none, this host's.
async fn targets(
    (places, tcp): (Vec<Place>, Tcp),
    config: Config,
    is_embedded: bool,
    clock: Clock,
) -> anyhow::Result<Vec<Target>> {
    if places.is_empty() {
        return Ok(vec![local::this_host(config, is_embedded).await?]);
    }
    Ok(places.into_iter().map(|place| place.target(&tcp, clock)).collect())
}

fn options(stream: Stream, interval_ms: u32, clock: Clock) -> live::Options {
    let seed = clock.now().0 ^ u64::from(std::process::id());
    let viewer = format!("{} midair", local::user());
    live::Options { viewer, stream, interval_ms, seed, ..live::Options::default() }
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
