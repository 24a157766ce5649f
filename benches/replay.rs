//! What a replay costs: from the command to the first screen, to any moment, and how much memory; reading, decoding,
//! folding and drawing included.
//!
//! `cargo bench --bench replay` makes a recording of one node for 24 h and one of 100 nodes for an hour; `cargo bench
//! --bench replay -- FILE` takes one that there is. Each is opened in a process of its own.

#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

mod made;

use std::{env, fs, path::Path, process::Command, time::Instant};

use midair::{
    app::{Options, Speed},
    entry::{Entry, Item},
    event::{Input, Key, Stamp},
    feed::file::Film,
    session::Session,
    view::{self, theme::Theme},
};
use ratatui::{Terminal, backend::TestBackend};

use made::SECOND_US;

const SIZE: (u16, u16) = (160, 45);
const SEEKS: u64 = 40;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.as_slice() {
        [read, file] if read == "read" => read_one(Path::new(file)),
        [file] => in_child(file, Path::new(file)),
        _ => {
            let folder = tempfile::tempdir().expect("a scratch directory");
            for (what, n_nodes, seconds) in [("1 node for 24 h", 1, 86_400), ("100 nodes for 1 h", 100, 3_600)] {
                let path = folder.path().join(format!("{n_nodes}.midair"));
                made::make(&path, n_nodes, seconds);
                in_child(what, &path);
                fs::remove_file(path).expect("it is there");
            }
        }
    }
}

/// Memory is told of a process that did nothing else.
fn in_child(what: &str, path: &Path) {
    let n_mib = fs::metadata(path).expect("the file is there").len() >> 20;
    println!("{what} ({n_mib} MiB)");
    let child = Command::new(env::current_exe().expect("this program")).arg("read").arg(path).status();
    assert!(child.expect("it can be started").success());
}

fn read_one(path: &Path) {
    let start = Instant::now();
    let mut film = Film::open(path).expect("it is a recording");
    let (from, to) = film.range();
    let marks = film.marks().expect("it can be read");
    let options = Options { n_targets: film.n_nodes(), size: SIZE, ..Options::default() };
    let mut session = Session::replay(options, film, marks, None, Speed::default());
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory");
    draw(&mut terminal, &session);
    println!("  first screen   {:7.1} ms (bar 200)", ms(start));
    // To moments that are far from each other, in no order.
    let length = to.since_us(from);
    let mut took: Vec<f64> = (0..SEEKS)
        .map(|n| {
            let at = Stamp(from.0 + length / SEEKS * (n * 17 % SEEKS) + 7 * SECOND_US);
            let start = Instant::now();
            jump(&mut session, at);
            draw(&mut terminal, &session);
            ms(start)
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let bar = if session.state().model.nodes.len() > 1 { 300 } else { 100 };
    println!(
        "  seek and draw  {:7.1} ms median, {:.1} worst of {SEEKS} (bar {bar})",
        took[took.len() / 2],
        took[took.len() - 1]
    );
    let start = Instant::now();
    session.settle();
    println!("  charts filled  {:7.1} ms behind the last", ms(start));
    let start = Instant::now();
    let at = session.state().now();
    (0..120).for_each(|_| session.play(500_000));
    let played = session.state().now().since_us(at) as f64 / 1e6;
    println!("  played         {:7.0} times real time", played / (ms(start) / 1e3));
    println!("  memory, peak   {:7.1} MiB (bar 128)", peak_mib());
}

/// As a person does: `J`, the moment, Enter.
fn jump(session: &mut Session, at: Stamp) {
    let seconds = at.0 / SECOND_US;
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // `J` takes times of day; a recording of a day holds each but once.
    let today = session.state().replay.as_ref().map_or(day, |replay| replay.to.0 / SECOND_US / 86_400);
    let text = format!("J{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    assert!(today - day <= 1, "a recording of at most a day");
    let keys = text.chars().map(Key::Char).chain([Key::Enter]);
    for key in keys {
        session.entry(Entry { at: Stamp(0), item: Item::Input(Input::Key(key)) });
    }
    let shown = session.state().now().0;
    assert!(shown.abs_diff(at.0) < 2 * SECOND_US, "{text} leads there: {shown} for {}", at.0);
}

fn draw(terminal: &mut Terminal<TestBackend>, session: &Session) {
    terminal.draw(|frame| view::draw(session.state(), &Theme::colour(), frame)).expect("memory takes it");
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// `VmHWM` of /proc/self/status (proc(5)).
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel says it");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") / 1024.0
}
