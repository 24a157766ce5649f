//! Live and replay are one path: what a real agent sent and a person did, written down and replayed, gives the same cells
//! at every tick.

use std::{sync::Arc, time::Duration};

use midair::{
    app::{Effect, Options},
    clock::Clock,
    entry::{Entry, Item},
    event::{Input, Key, LinkState, Stream},
    feed::{
        self, Feed, Recording,
        live::{self, Connect, Reach, Target},
    },
    session::Session,
    view::{self, Theme},
};
use midair_agent::{Agent, Config};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use tokio::{
    io::{copy_bidirectional, duplex},
    sync::Notify,
    time::timeout,
};

const INTERVAL_MS: u32 = 250;
/// Two ticks are a second.
const TICKS: usize = 24;
/// The tick after which the link is cut; it is dialled again at once.
const CUT: usize = 19;

/// What a person does, and after which tick: to the node, a sort, a filter, a drill-down, a resize, a look at the past.
fn inputs() -> Vec<(usize, Vec<Input>)> {
    let keys = |text: &str| text.chars().map(|c| Input::Key(Key::Char(c))).collect::<Vec<_>>();
    let key = |key| vec![Input::Key(key)];
    let own_pid = keys(&format!("/{}", std::process::id()));
    vec![
        (2, key(Key::Esc)),
        (3, key(Key::Enter)),
        (4, keys(">>i")),
        (6, own_pid),
        (7, key(Key::Enter)),
        (9, key(Key::Enter)),
        (12, vec![Input::Resize(100, 30)]),
        (13, keys(" ")),
        (14, keys("tt")),
        (15, key(Key::Esc)),
        (17, key(Key::End)),
        (18, vec![Input::Resize(160, 45)]),
        (22, keys("?")),
    ]
}

/// A way to an agent that can be cut.
fn severable(agent: Agent, cut: Arc<Notify>) -> Connect {
    Arc::new(move || {
        let (near, mut far) = duplex(64 << 10);
        let mut inner = agent.connect();
        let cut = Arc::clone(&cut);
        tokio::spawn(async move {
            tokio::select! {
                copied = copy_bidirectional(&mut far, &mut inner) => drop(copied),
                () = cut.notified() => {}
            }
        });
        near
    })
}

fn session() -> Session {
    Session::new(Options { interval_ms: INTERVAL_MS, size: (120, 35), ..Options::default() })
}

fn cells(session: &Session) -> Buffer {
    let (columns, rows) = session.state().size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("cells in memory");
    terminal.draw(|frame| view::draw(session.state(), &Theme::colour(), frame)).expect("cells in memory");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let lines = buffer.content().chunks(usize::from(buffer.area.width));
    lines.map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
}

/// A sitting before a real agent: the cells at every tick, and what was written down.
async fn live() -> (Vec<Buffer>, Recording) {
    let config =
        Config { interval: Duration::from_millis(INTERVAL_MS.into()), budget_milli: None, ..Config::default() };
    let agent = Agent::start(config).expect("the agent starts");
    let cut = Arc::new(Notify::new());
    let reach = Reach::Memory(severable(agent, Arc::clone(&cut)));
    let target = Target { address: "embedded".into(), reach, note: "embedded".into() };
    let options = live::Options {
        viewer: "test".into(),
        stream: Stream::Detail,
        interval_ms: INTERVAL_MS,
        seed: 1,
        ..live::Options::default()
    };
    let mut feed = feed::record(live::live(vec![target], &options, Clock::system()), usize::MAX);
    let mut session = session();
    let mut shown = Vec::new();
    let mut inputs = inputs().into_iter().peekable();
    while shown.len() < TICKS {
        let entry = timeout(Duration::from_secs(20), feed.next()).await.expect("in time").expect("the feed goes on");
        let (at, is_tick) = (entry.at, entry.item == Item::Tick);
        take(&mut session, &feed, entry);
        if !is_tick {
            continue;
        }
        shown.push(cells(&session));
        if shown.len() == CUT {
            cut.notify_waiters();
        }
        for input in inputs.next_if(|(tick, _)| *tick == shown.len()).into_iter().flat_map(|(_, inputs)| inputs) {
            let entry = feed.input(at, input);
            take(&mut session, &feed, entry);
        }
    }
    assert_eq!(inputs.next(), None, "every input had its turn");
    (shown, feed.into_recording().expect("it was recorded"))
}

fn take(session: &mut Session, feed: &Feed, entry: Entry) {
    for effect in session.entry(entry) {
        if let Effect::Control(control) = effect {
            assert!(feed.control(control), "the feed takes controls");
        }
    }
}

fn replayed(recording: Recording) -> Vec<Buffer> {
    let mut feed = feed::replay(recording.into_entries());
    let mut session = session();
    let mut shown = Vec::new();
    while let Some(entry) = feed.next_waiting() {
        let is_tick = entry.item == Item::Tick;
        session.entry(entry);
        if is_tick {
            shown.push(cells(&session));
        }
    }
    shown
}

#[test]
fn a_replay_of_a_real_agent_shows_the_same_cells_at_every_tick() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (live, recording) = runtime.block_on(live());
    let is_down = |entry: &&Entry| matches!(&entry.item, Item::Link(l) if matches!(l.state, LinkState::Down { .. }));
    assert_eq!(recording.entries().iter().filter(is_down).count(), 1, "the link was cut");
    let ever = |words: &str| assert!(live.iter().any(|cells| text(cells).contains(words)), "{words} was never seen");
    let own_pid = format!("/{}", std::process::id());
    ["› cluster", "by number", &own_pid, "threads", "PAST", "help"].into_iter().for_each(ever);
    let replayed = replayed(recording);
    assert_eq!(live.len(), replayed.len());
    for (n, (a, b)) in live.iter().zip(&replayed).enumerate() {
        assert_eq!(text(a), text(b), "tick {n}");
        assert!(a == b, "styles at tick {n}");
    }
}
