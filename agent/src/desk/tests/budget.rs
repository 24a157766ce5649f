//! The budget as watchers see it: what is left out, what an operator may change, and what is refused.

use midair_proto::v1::{Budget, Focus, TableQuery};

use super::*;
use crate::reading::Close;

const TEN_MINUTES: Budget = Budget { milli: Some(50), seconds: Some(600) };

impl Bench {
    /// One second in which the agent uses so much CPU time, with these tasks.
    fn spend(&mut self, ms: u64, n_tasks: u64) {
        self.clock.spend(ms * 1_000);
        self.tick((1..=n_tasks).map(|n| task(n, self.clock.mono_us() / 100 * n)).collect());
    }

    fn budget(&mut self, client: &Client, budget: Budget) {
        self.ask(client, control::Kind::Budget(budget));
    }
}

/// The cost that the last of these samples tells.
fn cost(client: &mut Client) -> wire::Cost {
    sample(client.samples().last().unwrap()).cost.unwrap()
}

#[test]
fn a_sample_says_what_the_budget_is_and_what_of_it_is_used() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    for _ in 0..5 {
        bench.spend(3, 1);
    }
    let cost = cost(&mut client);
    assert_eq!((cost.budget_milli, cost.used_milli, cost.budget_until_us), (Some(10), Some(3), None));
    assert!(cost.shed.is_empty());
}

#[test]
fn the_price_of_the_start_is_no_reason_to_leave_anything_out() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    bench.spend(2_000, 1);
    bench.spend(2, 1);
    let cost = cost(&mut client);
    assert_eq!((cost.used_milli, cost.shed.len()), (Some(2), 0));
}

#[test]
fn over_the_budget_sources_are_told_and_samples_say_what_is_left_out_in_order() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    let mut orders = Vec::new();
    for _ in 0..12 {
        bench.spend(60, 300);
        orders.push(cost(&mut client).shed);
    }
    let first_words =
        |shed: &Vec<String>| shed.iter().map(|w| w.split([':', ' ']).next().unwrap().to_owned()).collect();
    let last: Vec<String> = first_words(orders.last().unwrap());
    assert_eq!(last, ["names", "census", "sockets", "threads", "hot", "tables", "a"]);
    for shed in &orders {
        let words: Vec<String> = first_words(shed);
        assert_eq!(words, last[..words.len()], "nothing later before all that is earlier");
    }
    let thrift = bench.wants.copy().thrift;
    assert_eq!((thrift.names_per_tick, thrift.hot_rows), (8, 50));
    assert!(thrift.interval_times > 1 && thrift.sockets_every == Duration::from_secs(60));
    // Sixty would rank: twenty by CPU, by memory and by run delay each.
    for second in 1..3 {
        bench.clock.spend(60_000);
        let by_memory = |n| TaskReading { rss_bytes: Some(n << 20), ..task(n, 0) };
        let by_delay = |n| TaskReading { run_delay_us: Some(second * n * 100), ..task(n, 0) };
        let by_cpu = (1..=100).map(|n| task(n, second * n * 100));
        bench.tick(by_cpu.chain((101..=200).map(by_memory)).chain((201..=300).map(by_delay)).collect());
    }
    let mut newcomer = bench.watch(Stream::Detail, 1_000);
    assert_eq!(sample(&newcomer.samples()[0]).tasks.len(), 50, "the hot set is smaller, and a key is");
}

#[test]
fn while_the_agent_is_dear_tables_and_close_looks_come_less_often() {
    let mut bench = Bench::new();
    let mut client = bench.join();
    bench.tick(vec![task(1, 0)]);
    let query = TableQuery { id: Some(1), limit: Some(5), ..TableQuery::default() };
    bench.ask(&client, control::Kind::Table(query));
    bench.ask(&client, control::Kind::Focus(Focus { id: Some(2), task: Some(encode::task_id(id(1))) }));
    for _ in 0..12 {
        bench.spend(60, 3);
    }
    client.read();
    let (mut n_rows, mut n_details, mut n_close) = (0, 0, 0);
    for _ in 0..16 {
        let close = bench.wants.copy().close;
        n_close += close.len();
        bench.clock.spend(60_000);
        bench.tick_with(|reading| {
            reading.tasks = vec![task(1, 0)];
            reading.close = close.iter().map(|id| (*id, Close::of(task(id.number, 0)))).collect();
        });
        let events = client.events();
        n_rows += events.iter().filter(|kind| matches!(kind, Kind::Rows(_))).count();
        n_details += events.iter().filter(|kind| matches!(kind, Kind::Details(d) if d.gone.is_none())).count();
    }
    assert_eq!((n_rows, n_details, n_close), (2, 2, 2), "every eighth");
    bench.ask(&client, control::Kind::Table(TableQuery { id: Some(3), limit: Some(9), ..TableQuery::default() }));
    assert_eq!(client.read().len(), 0, "nor at once");
}

#[test]
fn a_stretched_interval_is_said_and_no_sample_is_missed() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    let mut slow = bench.watch(Stream::Detail, 16_000);
    for _ in 0..20 {
        bench.spend(400, 3);
    }
    let times = bench.wants.copy().thrift.interval_times;
    assert!(times >= 16, "{times}");
    let events: Vec<Envelope> = client.read();
    let described = |envelope: &Envelope| match kind(envelope) {
        Kind::Described(described) => described.interval_ms,
        _ => None,
    };
    let told: Vec<u32> = events.iter().filter_map(described).collect();
    assert_eq!(told.last(), Some(&(times * 1_000)), "{told:?}");
    // Four wait at most for who does not read; those that came are in order, and the rest is counted.
    let seqs: Vec<u64> = events.iter().filter_map(|envelope| envelope.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    // Who asked for one in sixteen seconds gets one each time now that there is none more often.
    slow.read();
    bench.spend(400, 3);
    bench.spend(400, 3);
    assert_eq!(slow.samples().len(), 2);
}

#[test]
fn an_operator_raises_the_budget_and_all_watchers_see_it() {
    let mut bench = Bench::new();
    let mut operator = bench.watch(Stream::Overview, 1_000);
    let mut other = bench.watch(Stream::Detail, 1_000);
    for _ in 0..10 {
        bench.spend(30, 3);
    }
    assert_ne!(bench.wants.copy().thrift, Default::default());
    bench.budget(&operator, TEN_MINUTES);
    assert_eq!(bench.wants.copy().thrift, Default::default(), "the next reading is whole already");
    other.read();
    operator.read();
    bench.spend(30, 3);
    for client in [&mut operator, &mut other] {
        let cost = cost(client);
        assert_eq!((cost.budget_milli, cost.shed.len()), (Some(50), 0));
        assert_eq!(cost.budget_until_us, Some(bench.clock.wall_us() + 599_000_000));
    }
    bench.budget(&operator, Budget { milli: None, seconds: None });
    bench.spend(3, 3);
    let cost = cost(&mut other);
    assert_eq!((cost.budget_milli, cost.budget_until_us), (Some(10), None), "and takes it back");
}

#[test]
fn a_raised_budget_ends_by_itself() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Overview, 1_000);
    bench.budget(&client, Budget { milli: Some(500), seconds: Some(3) });
    let mut budgets = Vec::new();
    for _ in 0..5 {
        bench.spend(1, 1);
        budgets.push(cost(&mut client).budget_milli.unwrap());
    }
    assert_eq!(budgets, [500, 500, 10, 10, 10]);
}

#[test]
fn a_budget_out_of_bounds_or_of_nobody_is_refused_in_words() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 0)]);
    let mut client = bench.join();
    let wrong =
        [(Some(0), Some(60)), (Some(1_001), Some(60)), (Some(50), Some(0)), (Some(50), Some(3_601)), (Some(50), None)];
    for (milli, seconds) in wrong {
        bench.budget(&client, Budget { milli, seconds });
        let refusals = client.refusals();
        assert!(refusals.len() == 1 && refusals[0].contains("3600 s"), "{milli:?} {seconds:?}: {refusals:?}");
    }
    let (outbox, outgoing) = outbox();
    let mut stranger = Client { id: WatcherId(99), outgoing };
    let viewer = "who@knows".to_owned();
    bench.desk.handle(Command::Join { id: stranger.id, outbox, viewer, access: Access::Insecure });
    for budget in [TEN_MINUTES, Budget { milli: None, seconds: None }] {
        bench.budget(&stranger, budget);
        let refusals = stranger.refusals();
        assert!(refusals.len() == 1 && refusals[0].contains("insecure"), "{refusals:?}");
    }
    assert_eq!(bench.desk.governor.raised_until_us(), None);
}
