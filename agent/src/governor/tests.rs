//! The governor beside hosts that cost what they are said to.

use super::*;

const SECOND_US: u64 = 1_000_000;

/// What reading a host costs, microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Host {
    /// The node's values, and whatever cannot be left out.
    node: u64,
    names: u64,
    /// One round over all queues.
    sockets: u64,
    /// One round over all threads.
    threads: u64,
    /// Two hundred rows.
    rows: u64,
    answers: u64,
    /// Whether threads come with their processes, at the price of the node, whatever is left out.
    are_threads_whole: bool,
}

/// An agent on such a host: its governor, the time, and what it has used.
struct Agent {
    governor: Governor,
    now_us: u64,
    round: Round,
    number: u64,
    /// Moment and CPU time of each reading.
    used: Vec<(u64, u64)>,
    /// Levels as they followed each other.
    levels: Vec<usize>,
}

impl Agent {
    fn new(milli: Option<u32>) -> Self {
        let governor = Governor::new(milli, Duration::from_secs(1));
        Self { governor, now_us: 0, round: Round::default(), number: 0, used: Vec::new(), levels: vec![0] }
    }

    fn live(&mut self, host: Host, seconds: u64) {
        let until_us = self.now_us + seconds * SECOND_US;
        while self.now_us < until_us {
            self.read(host);
        }
    }

    fn read(&mut self, host: Host) {
        let thrift = self.governor.thrift();
        let elapsed_us = SECOND_US * u64::from(thrift.interval_times);
        self.now_us += elapsed_us;
        self.number += 1;
        let share = |every: Duration| (elapsed_us as f64 / 1e6 / every.as_secs_f64()).min(1.0);
        let threads = if thrift.threads_every.is_zero() { 1.0 } else { share(thrift.threads_every) };
        let names = f64::from(thrift.names_per_tick.min(128)) / 128.0;
        let rows = thrift.hot_rows.min(200) as f64 / 200.0;
        let (names_us, threads_us) = ((host.names as f64 * names) as u64, (host.threads as f64 * threads) as u64);
        let mut cpu_us = host.node + names_us + threads_us + (host.rows as f64 * rows) as u64;
        let is_round = self.round.begin(thrift.sockets_every, self.now_us);
        let rounds_us = if is_round { host.sockets } else { 0 };
        cpu_us += rounds_us;
        if self.number.is_multiple_of(u64::from(thrift.answers_every)) {
            cpu_us += host.answers;
        }
        self.used.push((self.now_us, cpu_us));
        let measured = Measured {
            elapsed_us,
            cpu_us,
            names_us,
            rounds_us,
            threads_us,
            are_threads_whole: host.are_threads_whole,
            rss_bytes: None,
        };
        self.governor.decide(measured, self.now_us);
        if self.levels.last() != Some(&self.governor.level) {
            self.levels.push(self.governor.level);
        }
    }

    /// The most that was used in any minute after the first ten seconds, per mille of a core.
    fn worst_minute_milli(&self) -> f64 {
        let minute_us = 60 * SECOND_US;
        let sum = |(from_us, _): &(u64, u64)| {
            let is_in = |at_us: u64| at_us > *from_us && at_us <= from_us + minute_us;
            self.used.iter().filter(|(at, _)| is_in(*at)).map(|(_, us)| us).sum::<u64>()
        };
        let begins = self.used.iter().filter(|(at, _)| *at >= 10 * SECOND_US && at + minute_us <= self.now_us);
        begins.map(sum).max().unwrap() as f64 * 1e3 / minute_us as f64
    }

    /// CPU time from a moment on, per mille of a core.
    fn milli_since(&self, from_us: u64) -> f64 {
        let used_us: u64 = self.used.iter().filter(|(at, _)| *at > from_us).map(|(_, us)| us).sum();
        used_us as f64 * 1e3 / (self.now_us - from_us) as f64
    }

    fn shed(&self) -> Vec<String> {
        self.governor.shed()
    }
}

const CALM: Host =
    Host { node: 300, names: 50, sockets: 400, threads: 800, rows: 200, answers: 0, are_threads_whole: false };

/// Five hundred processes and three thousand threads through `/proc`.
const MIDDLE: Host =
    Host { node: 7_600, names: 300, sockets: 1_000, threads: 2_200, rows: 800, answers: 0, are_threads_whole: false };

/// Two thousand processes and twenty thousand threads through `/proc`, and through BPF.
const LARGE: Host = Host {
    node: 45_000,
    names: 500,
    sockets: 11_000,
    threads: 26_000,
    rows: 1_500,
    answers: 0,
    are_threads_whole: false,
};
const LARGE_BPF: Host =
    Host { node: 33_000, names: 500, sockets: 5_500, threads: 0, rows: 1_500, answers: 0, are_threads_whole: true };

#[test]
fn an_agent_within_its_budget_leaves_nothing_out() {
    let mut agent = Agent::new(Some(10));
    agent.live(CALM, 600);
    assert_eq!((agent.levels.as_slice(), agent.shed()), (&[0][..], Vec::new()));
    assert_eq!(agent.governor.used_milli(), Some(2));
}

#[test]
fn bursts_are_no_reason_to_leave_anything_out() {
    let mut agent = Agent::new(Some(10));
    agent.read(Host { node: 45_000, ..CALM });
    for _ in 0..20 {
        agent.live(CALM, 29);
        agent.read(Host { rows: 20_000, ..CALM });
    }
    assert_eq!(agent.levels, [0]);
}

#[test]
fn without_a_budget_nothing_is_left_out_and_what_is_used_is_said() {
    let mut agent = Agent::new(None);
    agent.live(Host { node: 100_000, ..CALM }, 30);
    assert_eq!((agent.levels.as_slice(), agent.governor.budget_milli()), (&[0][..], None));
    assert_eq!(agent.governor.used_milli(), Some(101));
}

#[test]
fn dear_names_are_left_out_first_and_nothing_else_then() {
    let mut agent = Agent::new(Some(10));
    agent.live(Host { names: 12_000, ..CALM }, 60);
    assert_eq!(agent.shed(), ["names: 64 a sample"]);
}

#[test]
fn dear_sockets_are_read_as_often_as_the_budget_allows() {
    let mut agent = Agent::new(Some(10));
    agent.live(Host { sockets: 60_000, ..CALM }, 600);
    let from_us = agent.now_us;
    agent.live(Host { sockets: 60_000, ..CALM }, 600);
    let shed = agent.shed();
    assert!(shed.len() == 3 && shed[2].starts_with("sockets every"), "{shed:?}");
    assert!(shed[2].ends_with(" 8 s"), "a round of 60 ms each eight seconds, and 1.3 ms each second: {shed:?}");
    assert!(agent.milli_since(from_us) < 10.0, "{}", agent.milli_since(from_us));
}

#[test]
fn a_host_of_many_threads_is_within_its_budget_after_a_few_readings() {
    let host = Host {
        node: 500,
        names: 100,
        sockets: 30_000,
        threads: 40_000,
        rows: 1_500,
        answers: 300,
        are_threads_whole: false,
    };
    let mut agent = Agent::new(Some(10));
    agent.live(host, 12);
    assert!(agent.shed().iter().any(|words| words.starts_with("threads within")), "{:?}", agent.shed());
    let from_us = agent.now_us;
    agent.live(host, 300);
    assert!(agent.milli_since(from_us) < 10.0, "{}", agent.milli_since(from_us));
    assert!(!agent.shed().iter().any(|words| words.starts_with("a sample every")), "{:?}", agent.shed());
}

#[test]
fn a_source_that_cannot_be_made_cheaper_is_read_less_often() {
    let host = Host { node: 80_000, ..CALM };
    let mut agent = Agent::new(Some(10));
    agent.live(host, 10);
    assert!(agent.shed().last().unwrap().starts_with("a sample every"), "{:?}", agent.shed());
    let from_us = agent.now_us;
    agent.live(host, 3_600);
    assert!(agent.milli_since(from_us) < 10.0, "{}", agent.milli_since(from_us));
    // What the first readings cost is in no case more than the bucket, the debt and the learning.
    let all_us: u64 = agent.used.iter().map(|(_, us)| us).sum();
    let most_us = 10.0 * agent.now_us as f64 / 1e3 + part(10, BURST) + 8.0 * 80_000.0;
    assert!((all_us as f64) < most_us, "{all_us} {most_us}");
}

#[test]
fn when_the_load_goes_everything_comes_back_step_by_step() {
    let mut agent = Agent::new(Some(10));
    agent.live(Host { node: 80_000, ..CALM }, 60);
    let worst = agent.governor.level;
    let n_down = agent.levels.len();
    agent.live(CALM, 900);
    assert_eq!((agent.governor.level, agent.shed()), (0, Vec::new()));
    let up = &agent.levels[n_down..];
    assert!(up.len() >= 3, "not all at once: {up:?} from {worst}");
    assert!(up.windows(2).all(|pair| pair[1] < pair[0]), "and never the other way: {up:?}");
}

#[test]
fn at_the_edge_it_does_not_flap() {
    // Everything costs a little more than the budget; one step less fits well, and looks as if all would.
    for names in [5_200, 6_000, 8_000, 9_000] {
        let host = Host { node: 5_500, names, sockets: 100, threads: 100, ..Host::default() };
        let mut agent = Agent::new(Some(10));
        agent.live(host, 2 * 3_600);
        assert!(agent.levels.len() < 30, "{names}: {} changes in two hours", agent.levels.len());
        assert!(agent.milli_since(0) < 10.1, "{}", agent.milli_since(0));
    }
}

/// The first readings of this host: much is done in them for the first time.
fn start(agent: &mut Agent, host: Host) {
    for times in [8, 4, 3, 2, 2] {
        let names = host.names * times * 2;
        agent.read(Host { node: host.node * times, names, threads: host.threads * times, ..host });
    }
}

#[test]
fn a_dear_start_takes_no_step_that_what_comes_after_it_does_not_need() {
    for host in [CALM, Host { node: 5_000, ..CALM }] {
        let mut agent = Agent::new(Some(10));
        start(&mut agent, host);
        agent.live(host, 25);
        assert_eq!(agent.shed(), Vec::<String>::new(), "{host:?} {:?}", agent.levels);
    }
    let mut agent = Agent::new(Some(10));
    start(&mut agent, MIDDLE);
    agent.live(MIDDLE, 25);
    let shed = agent.shed();
    assert!(shed.last().unwrap().starts_with("threads within"), "{shed:?} {:?}", agent.levels);
}

#[test]
fn the_level_is_the_first_that_fits() {
    for (host, last) in [
        (Host { names: 12_000, ..CALM }, "names: 64 a sample"),
        (Host { sockets: 60_000, ..CALM }, "sockets every 8 s"),
        (Host { threads: 14_000, ..CALM }, "threads within 2 s"),
        (Host { threads: 60_000, ..CALM }, "threads within 10 s"),
        (Host { threads: 400_000, ..CALM }, "threads within 60 s"),
        (LARGE_BPF, "a sample every 4 s"),
        (LARGE, "a sample every 6 s"),
    ] {
        let mut agent = Agent::new(Some(10));
        start(&mut agent, host);
        agent.live(host, 300);
        assert_eq!(agent.shed().last().map(String::as_str), Some(last), "{host:?} {:?}", agent.levels);
        assert!(agent.worst_minute_milli() <= 10.0, "{host:?} {} {:?}", agent.worst_minute_milli(), agent.levels);
    }
}

#[test]
fn parts_that_nobody_measures_are_found_out_about() {
    // The source says nothing of its parts: all of it is one price, and only some steps make it smaller.
    for (host, last) in [
        (Host { node: 4_000, rows: 6_000, ..Host::default() }, "hot set: 100 rows"),
        (Host { node: 6_000, answers: 10_000, ..Host::default() }, "tables and close looks every 4 samples"),
        (Host { node: 42_000, are_threads_whole: true, ..Host::default() }, "a sample every 6 s"),
    ] {
        let mut agent = Agent::new(Some(10));
        agent.live(host, 300);
        // Now and then it is tried whether less would do.
        let is_right = |agent: &mut Agent| {
            agent.live(host, 6);
            agent.shed().last().is_some_and(|words| words == last)
        };
        let n_right = (0..100).filter(|_| is_right(&mut agent)).count();
        assert!(n_right > 75, "{n_right} {host:?} {:?}", agent.levels);
        assert!(agent.worst_minute_milli() <= 10.0, "{host:?} {} {:?}", agent.worst_minute_milli(), agent.levels);
    }
}

#[test]
fn after_a_burst_all_is_back_within_a_minute_of_readings() {
    for (host, dear) in [(CALM, LARGE), (CALM, Host { node: 100_000, ..CALM }), (MIDDLE, LARGE), (LARGE_BPF, LARGE)] {
        let mut agent = Agent::new(Some(10));
        agent.live(host, 120);
        let level = agent.governor.level;
        agent.live(dear, 30);
        assert!(agent.governor.level > level);
        for _ in 0..60 {
            agent.read(host);
        }
        assert!(agent.governor.level <= level, "{host:?}: {level}, then {:?}", agent.levels);
    }
}

#[test]
fn nothing_is_said_of_threads_that_come_with_their_processes() {
    let mut agent = Agent::new(Some(10));
    agent.live(LARGE_BPF, 60);
    assert_eq!(agent.shed().iter().filter(|words| words.starts_with("threads")).count(), 0, "{:?}", agent.shed());
    // The collector is lost: the others are read through /proc, and less often.
    agent.live(LARGE, 120);
    assert!(agent.shed().iter().any(|words| words.starts_with("threads within")), "{:?}", agent.shed());
}

#[test]
fn over_hours_of_change_no_minute_is_over_the_budget_for_long_and_levels_do_not_flap() {
    let mut agent = Agent::new(Some(10));
    let mut n_over = 0;
    for round in 0..40 {
        // An hour of hosts that come and go, none for longer than a few minutes.
        let host = [CALM, MIDDLE, LARGE_BPF, Host { sockets: 30_000, ..CALM }, Host { node: 9_500, ..CALM }][round % 5];
        let from_us = agent.now_us;
        agent.live(host, 90);
        n_over += usize::from(agent.milli_since(from_us) > 12.0);
    }
    assert_eq!(n_over, 0, "{:?}", agent.levels);
    assert!(agent.milli_since(0) < 10.0);
    assert!(agent.levels.len() < 40 * 8, "{} changes in an hour", agent.levels.len());
}

#[test]
fn an_operator_raises_the_budget_for_a_while_and_it_ends_by_itself() {
    let host = Host { threads: 30_000, ..CALM };
    let mut agent = Agent::new(Some(10));
    agent.live(host, 60);
    assert!(!agent.shed().is_empty());
    agent.governor.raise(50, agent.now_us + 120 * SECOND_US);
    assert_eq!((agent.governor.budget_milli(), agent.shed()), (Some(50), Vec::new()));
    agent.live(host, 110);
    assert_eq!(agent.shed(), Vec::<String>::new(), "fifty are enough for all");
    assert!(agent.governor.raised_until_us().is_some());
    agent.live(host, 60);
    assert_eq!((agent.governor.budget_milli(), agent.governor.raised_until_us()), (Some(10), None));
    assert!(!agent.shed().is_empty());
    agent.governor.raise(50, agent.now_us + 3_600 * SECOND_US);
    agent.live(host, 5);
    agent.governor.lower();
    agent.live(host, 10);
    assert_eq!(agent.governor.budget_milli(), Some(10), "or is ended");
    assert!(!agent.shed().is_empty());
}

#[test]
fn an_agent_without_a_budget_can_be_given_one_for_a_while() {
    let host = Host { threads: 30_000, ..CALM };
    let mut agent = Agent::new(None);
    agent.governor.raise(10, 60 * SECOND_US);
    agent.live(host, 30);
    assert!(!agent.shed().is_empty());
    agent.live(host, 60);
    assert_eq!((agent.governor.budget_milli(), agent.shed()), (None, Vec::new()));
}

#[test]
fn a_host_that_was_suspended_owes_nothing() {
    let mut agent = Agent::new(Some(10));
    agent.live(CALM, 60);
    agent.read(Host { node: 3_000_000, ..CALM });
    agent.live(CALM, 300);
    assert_eq!(agent.shed(), Vec::<String>::new());
}

#[test]
fn too_much_memory_is_said_and_nothing_new_is_taken_on_until_it_is_well_below() {
    let mut governor = Governor::new(Some(10), Duration::from_secs(1));
    let mut weigh = |mib: u64| {
        let measured = Measured { elapsed_us: SECOND_US, rss_bytes: Some(mib << 20), ..Measured::default() };
        governor.decide(measured, SECOND_US);
        (governor.is_too_large(), governor.shed())
    };
    assert_eq!(weigh(64), (false, Vec::new()));
    let (is_too_large, words) = weigh(80);
    assert!(is_too_large && words == ["new tables and close looks: 80 MiB of memory in use, 64 allowed"], "{words:?}");
    assert!(weigh(60).0);
    assert!(!weigh(57).0);
}
