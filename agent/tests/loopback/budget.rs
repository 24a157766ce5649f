//! An agent beside a host that is dear to read: it stays within its budget, says what it leaves out, and gives it back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use midair_agent::{
    Agent, Clock, Config,
    governor::Round,
    reading::{Health, Reading, Source, SourceState, Wants},
};
use midair_proto::v1::{Budget, Cost, Interest, Sample, Stream, control, payload::Kind};
use midair_vitals::{TaskId, TaskKind, TaskReading};

use crate::{
    binary::process::Running,
    doors::over_unix,
    host::{Watch, embedded, watch},
};

/// The order in which things are left out, by the first word of what is said.
const ORDER: [&str; 7] = ["names", "census", "sockets", "threads", "hot", "tables", "a"];

/// What a host costs to read, microseconds of real CPU time; changed while it is read.
#[derive(Clone, Debug, Default)]
struct Price(Arc<[AtomicU64; 4]>);

const NODE: usize = 0;
const NAMES: usize = 1;
const SOCKETS: usize = 2;
/// What was spent in all.
const SPENT: usize = 3;

impl Price {
    fn set(&self, part: usize, us: u64) {
        self.0[part].store(us, Ordering::Relaxed);
    }

    fn get(&self, part: usize) -> u64 {
        self.0[part].load(Ordering::Relaxed)
    }
}

/// A source that burns what it is said to cost, and leaves out what it is told to.
struct Dear {
    clock: Clock,
    price: Price,
    round: Round,
}

impl Dear {
    fn burn(&self, us: u64) {
        let before_us = self.clock.thread_cpu_us();
        while self.clock.thread_cpu_us() < before_us + us {
            std::hint::spin_loop();
        }
        self.price.0[SPENT].fetch_add(self.clock.thread_cpu_us() - before_us, Ordering::Relaxed);
    }
}

impl Source for Dear {
    fn read(&mut self, wants: &Wants, into: &mut Reading) {
        let at_us = self.clock.mono_us();
        into.node.at_us = at_us;
        into.node.load1_milli = Some(at_us / 1_000);
        self.burn(self.price.get(NODE));
        // A hundred tasks to be named, anew each time.
        let before_us = self.clock.thread_cpu_us();
        self.burn(self.price.get(NAMES) * u64::from(wants.thrift.names_per_tick.min(100)) / 100);
        into.spent.names_us = self.clock.thread_cpu_us() - before_us;
        let before_us = self.clock.thread_cpu_us();
        if self.round.begin(wants.thrift.sockets_every, at_us) {
            self.burn(self.price.get(SOCKETS));
        }
        let cpu_us = Some(self.clock.thread_cpu_us() - before_us);
        into.sources.push(SourceState { cpu_us, ..SourceState::new("sockets", Health::Ok) });
        let task = |n: u64| {
            let id = TaskId { runtime: 0, number: n, start: n };
            TaskReading { cpu_us: Some(at_us * n), ..TaskReading::unknown(id, TaskKind::Process, at_us) }
        };
        into.tasks.extend((1..=20).map(task));
        into.sources.push(SourceState::new("dear", Health::Ok));
    }
}

fn dear_agent(milli: u32, price: &Price) -> Agent {
    let clock = Clock::system();
    let interval = Duration::from_millis(250);
    let config = Config { node: Some("node-1".into()), interval, budget_milli: Some(milli), ..Config::default() };
    let source = Dear { clock: clock.clone(), price: price.clone(), round: Round::default() };
    Agent::start_with(config, clock, vec![Box::new(source)]).unwrap()
}

fn detail() -> control::Kind {
    control::Kind::Interest(Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(250) })
}

/// What came last: the number of its sample, and when its node was read.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    seq: u64,
    node_us: u64,
    /// How often the agent has last said that it samples.
    interval_ms: u32,
}

/// The next sample; the node's vitals are in it, whatever is left out, and its number follows that of the one before.
async fn sample(watch: &mut Watch, last: &mut Last) -> (u64, Sample) {
    loop {
        let (envelope, kind) = watch.next().await.expect("the watch goes on");
        if let Kind::Described(described) = &kind {
            last.interval_ms = described.interval_ms.unwrap();
        }
        let Kind::Sample(sample) = kind else { continue };
        let now = Last { seq: envelope.seq.unwrap(), node_us: sample.node_mono_us.unwrap(), ..*last };
        assert!(last.seq == 0 || now.seq == last.seq + 1, "{last:?} {now:?}");
        // On a machine that is too busy the sampler comes late; then the last values stand, and say so.
        let is_read = now.node_us > last.node_us;
        *last = now;
        assert!(!is_read || sample.node.as_ref().is_some_and(|node| node.load1_milli.is_some()), "{sample:?}");
        return (envelope.mono_us.unwrap(), sample);
    }
}

fn first_words(cost: &Cost) -> Vec<&str> {
    cost.shed.iter().filter_map(|words| words.split([':', ' ']).next()).collect()
}

/// Waits until what is left out is as wanted.
async fn until(watch: &mut Watch, last: &mut Last, most: usize, is_so: impl Fn(&Cost) -> bool) -> Cost {
    let mut before = Vec::new();
    for n in 0..most {
        let cost = sample(watch, last).await.1.cost.unwrap();
        let words = first_words(&cost);
        assert_eq!(words, ORDER[..words.len()], "in the stated order");
        if is_so(&cost) {
            return cost;
        }
        if before.last().is_none_or(|(_, shed)| *shed != cost.shed) {
            before.push((n, cost.shed));
        }
    }
    panic!("not within {most} samples: {before:?}");
}

/// What the source has spent from here on for so long, by the agent's clock, per mille of a core.
async fn spent_milli(watch: &mut Watch, last: &mut Last, price: &Price, over_us: u64) -> u64 {
    let (from_us, before_us) = (sample(watch, last).await.0, price.get(SPENT));
    let mut to_us = from_us;
    while to_us < from_us + over_us {
        to_us = sample(watch, last).await.0;
    }
    (price.get(SPENT) - before_us) * 1_000 / (to_us - from_us)
}

#[tokio::test]
async fn a_dear_host_is_read_within_the_budget_and_wholly_again_when_it_is_cheap() {
    let price = Price::default();
    price.set(NODE, 500);
    price.set(NAMES, 3_000);
    price.set(SOCKETS, 40_000);
    let agent = dear_agent(50, &price);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    watch.ask(detail()).await;
    let mut last = Last::default();
    let shed = until(&mut watch, &mut last, 100, |cost| first_words(cost).contains(&"sockets")).await;
    assert_eq!((shed.budget_milli, shed.shed[0].as_str()), (Some(50), "names: 8 a sample"));
    until(&mut watch, &mut last, 100, |cost| cost.used_milli.unwrap() <= 50).await;
    // Rounds are dear and far apart: over two of the longest periods that may have come of it.
    let milli = spent_milli(&mut watch, &mut last, &price, 8_000_000).await;
    assert!(milli <= 60, "{milli} per mille of a core, not 50");
    for part in [NODE, NAMES, SOCKETS] {
        price.set(part, 50);
    }
    until(&mut watch, &mut last, 400, |cost| cost.shed.is_empty()).await;
}

#[tokio::test]
async fn what_cannot_be_left_out_is_read_less_often_and_an_operator_may_pay_for_more() {
    let price = Price::default();
    price.set(NODE, 30_000);
    let agent = dear_agent(20, &price);
    let mut client = embedded(&agent).await;
    let mut watch = watch(&mut client).await;
    watch.ask(detail()).await;
    let mut last = Last::default();
    let stretched = |cost: &Cost| first_words(cost).last() == Some(&"a");
    let cost = until(&mut watch, &mut last, 100, stretched).await;
    assert!(cost.shed.last().unwrap().starts_with("a sample every "), "{:?}", cost.shed);
    assert!(last.interval_ms > 250, "who this is says how often it samples: {}", last.interval_ms);
    // The learning is behind it or nearly so: a step or two more may be needed.
    let milli = spent_milli(&mut watch, &mut last, &price, 8_000_000).await;
    assert!(milli <= 40, "{milli} per mille of a core, not 20");
    watch.ask(control::Kind::Budget(Budget { milli: Some(900), seconds: Some(600) })).await;
    let raised = until(&mut watch, &mut last, 20, |cost| cost.budget_milli == Some(900)).await;
    assert!(raised.shed.is_empty() && raised.budget_until_us.is_some(), "{raised:?}");
    assert_eq!(last.interval_ms, 250, "as often as before");
}

/// CPU time of all threads of the agent, as the kernel counts it, microseconds.
fn kernel_says_us(agent: &Running) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", agent.pid())).unwrap();
    let ns = |task: std::fs::DirEntry| {
        let schedstat = std::fs::read_to_string(task.path().join("schedstat")).unwrap();
        schedstat.split_ascii_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    tasks.map(|task| ns(task.unwrap())).sum::<u64>() / 1_000
}

/// What the agent uses over so many seconds, per mille of a core, while it is watched.
async fn used_milli(agent: &Running, watch: &mut Watch, seconds: u64) -> u64 {
    let (start, before_us) = (Instant::now(), kernel_says_us(agent));
    while start.elapsed() < Duration::from_secs(seconds) {
        sample_of_any(watch).await;
    }
    (kernel_says_us(agent) - before_us) * 1_000 / start.elapsed().as_micros() as u64
}

async fn sample_of_any(watch: &mut Watch) -> Sample {
    watch.find(|kind| if let Kind::Sample(sample) = kind { Some(sample.clone()) } else { None }).await
}

/// Eight hundred threads of this process, which end with it.
struct Threads(Vec<std::thread::JoinHandle<()>>);

impl Threads {
    fn start() -> Self {
        let start = |_| {
            let builder = std::thread::Builder::new().stack_size(64 * 1024);
            builder.spawn(std::thread::park).unwrap()
        };
        Self((0..800).map(start).collect())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            thread.thread().unpark();
            thread.join().unwrap();
        }
    }
}

#[tokio::test]
async fn the_real_agent_beside_many_threads_stays_within_a_third_of_what_it_would_take() {
    let _threads = Threads::start();
    // Here threads may be left out; BPF reads them with their processes.
    let whole_milli = {
        let agent = Running::start(&["--budget", "off", "--collector", "proc"], "warn");
        let mut watch = watch(&mut over_unix(agent.socket()).await).await;
        watch.ask(detail()).await;
        sample_of_any(&mut watch).await;
        let milli = used_milli(&agent, &mut watch, 4).await;
        let cost = sample_of_any(&mut watch).await.cost.unwrap();
        assert!(cost.shed.is_empty() && cost.budget_milli.is_none(), "{cost:?}");
        milli
    };
    let budget_milli = (whole_milli / 3).max(1);
    let budget = format!("{}%", budget_milli as f64 / 10.0);
    let agent = Running::start(&["--budget", &budget, "--collector", "proc"], "info");
    let mut watch = watch(&mut over_unix(agent.socket()).await).await;
    watch.ask(detail()).await;
    let start = Instant::now();
    // Five seconds of its budget it may use at once; then it learns what fits.
    let cost = loop {
        let sample = sample_of_any(&mut watch).await;
        let node = sample.node.as_ref();
        assert!(node.is_some_and(|node| node.user_us.is_some() || node.idle_us.is_some()), "the node's vitals");
        let cost = sample.cost.unwrap();
        let words = first_words(&cost);
        assert_eq!(words, ORDER[..words.len()], "in the stated order");
        let used_milli = u64::from(cost.used_milli.unwrap_or(u32::MAX));
        if !cost.shed.is_empty() && used_milli <= budget_milli && start.elapsed() > Duration::from_secs(5) {
            break cost;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{used_milli} of {budget_milli}: {:?}", cost.shed);
    };
    assert_eq!(cost.budget_milli.map(u64::from), Some(budget_milli));
    assert!(agent.log().contains("the governor"), "{}", agent.log());
    let milli = used_milli(&agent, &mut watch, 6).await;
    let most = budget_milli + budget_milli / 2 + 1;
    assert!(milli <= most, "{milli} per mille of a core; the budget is {budget_milli}, all of it takes {whole_milli}");
}

#[tokio::test]
async fn a_file_switches_a_source_off_says_so_and_its_end_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("off.d");
    let agent = Running::start(&["--budget", "off", "--off-dir", dir.to_str().unwrap()], "info");
    let mut watch = watch(&mut over_unix(agent.socket()).await).await;
    watch.ask(detail()).await;
    let reasons = |kind: &Kind| {
        let Kind::Sample(sample) = kind else { return None };
        let sources = sample.node.as_ref()?.sources.as_ref()?;
        Some(sources.source.iter().filter_map(|source| source.reason.clone()).collect::<Vec<_>>().join("\n"))
    };
    watch.find(|kind| reasons(kind).filter(|r| !r.contains("switched off"))).await;
    std::fs::create_dir(&dir).unwrap();
    for part in ["sockets", "kernel"] {
        let file = dir.join(part);
        std::fs::write(&file, "ann: see the ticket\n").unwrap();
        let words = format!("switched off by {}: ann: see the ticket", file.display());
        watch.find(|kind| reasons(kind).filter(|r| r.contains(&words))).await;
        std::fs::remove_file(&file).unwrap();
        watch.find(|kind| reasons(kind).filter(|r| !r.contains("switched off"))).await;
    }
    assert!(agent.log().contains("parts are switched off or on"), "{}", agent.log());
}
