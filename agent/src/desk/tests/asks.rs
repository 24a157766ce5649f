//! Tables, focuses, intervals and marks: what is answered, and what is refused in words.

use midair_proto::v1::{Focus, MarkRequest, Order, Stop, TableQuery};

use super::*;
use crate::reading::Close;

fn query(id: u32, limit: u32) -> control::Kind {
    control::Kind::Table(TableQuery { id: Some(id), limit: Some(limit), ..TableQuery::default() })
}

fn focus(number: u32, task: u64) -> control::Kind {
    control::Kind::Focus(Focus { id: Some(number), task: Some(encode::task_id(id(task))) })
}

fn rows(client: &mut Client) -> Vec<Rows> {
    let rows = |kind| match kind {
        Kind::Rows(rows) => Some(rows),
        _ => None,
    };
    client.events().into_iter().filter_map(rows).collect()
}

fn details(client: &mut Client) -> Vec<Details> {
    let details = |kind| match kind {
        Kind::Details(details) => Some(details),
        _ => None,
    };
    client.events().into_iter().filter_map(details).collect()
}

#[test]
fn a_query_is_answered_at_once_and_at_each_tick() {
    let mut bench = Bench::new();
    bench.tick((1..=50).map(|n| task(n, 0)).collect());
    bench.tick((1..=50).map(|n| task(n, n * 1_000)).collect());
    let mut client = bench.join();
    let mut other = bench.join();
    let by_cpu = TableQuery { id: Some(3), order: Some(Order::Cpu.into()), limit: Some(5), ..TableQuery::default() };
    bench.ask(&client, control::Kind::Table(by_cpu));
    let answers = rows(&mut client);
    let [answer] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((answer.id, answer.total), (Some(3), Some(50)));
    let numbers: Vec<u64> = answer.tasks.iter().map(|t| t.id.unwrap().number.unwrap()).collect();
    assert_eq!(numbers, [50, 49, 48, 47, 46]);
    assert_eq!(answer.tasks[0].previous.as_ref().unwrap().cpu_us, Some(0), "the first rate is right");
    let name = answer.tasks[0].name.unwrap();
    assert!(answer.names.iter().any(|n| n.id == Some(name) && n.text.as_deref() == Some("task-50")));
    bench.tick((1..=40).map(|n| task(n, n * 2_000)).collect());
    assert_eq!(rows(&mut client)[0].total, Some(40));
    assert!(rows(&mut other).is_empty(), "answers go to the asker alone");
    bench.ask(&client, control::Kind::Stop(Stop { id: Some(3) }));
    bench.tick(Vec::new());
    assert!(rows(&mut client).is_empty());
}

#[test]
fn the_ninth_query_is_refused_and_equal_ones_are_one() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 0)]);
    let (mut a, mut b) = (bench.join(), bench.join());
    for n in 1..=8 {
        bench.ask(&a, query(n, n));
    }
    bench.ask(&a, query(9, 99));
    bench.ask(&b, query(1, 1));
    assert_eq!(a.refusals().len(), 1);
    assert!(b.refusals().is_empty(), "an equal query is shared");
    bench.ask(&b, query(7, 99));
    assert!(b.refusals()[0].contains("at most 8 distinct table queries"));
    bench.ask(&a, query(2, 99));
    assert!(a.refusals().is_empty(), "a query that changes makes room for itself");
    bench.desk.handle(Command::Leave(a.id));
    bench.ask(&b, query(7, 98));
    assert!(b.refusals().is_empty(), "who leaves makes room");
}

#[test]
fn limits_out_of_bounds_and_unknown_orders_are_refused_in_words() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 0)]);
    let mut client = bench.join();
    for limit in [0, 4_097] {
        bench.ask(&client, query(1, limit));
        assert!(client.refusals()[0].contains("1 to 4096"));
    }
    let strange = TableQuery { id: Some(4), order: Some(99), ..TableQuery::default() };
    bench.ask(&client, control::Kind::Table(strange));
    let events = client.events();
    let [Kind::Refused(refused)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((refused.id, refused.fatal), (Some(4), Some(false)));
    assert!(refused.reason.as_ref().unwrap().contains("no order 99"));
}

#[test]
fn one_watcher_has_at_most_sixteen_numbers() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 0)]);
    let mut client = bench.join();
    for n in 0..17 {
        bench.ask(&client, query(n, 1));
    }
    assert_eq!(client.refusals().len(), 1);
}

#[test]
fn a_focus_is_answered_from_the_last_reading_then_closely() {
    let mut bench = Bench::new();
    let thread = |n| TaskReading { process: Some(1), kind: TaskKind::Thread, ..task(n, n) };
    bench.tick(vec![task(1, 10), thread(11), thread(12)]);
    let mut client = bench.join();
    bench.ask(&client, focus(1, 1));
    let first = details(&mut client).remove(0);
    assert_eq!((first.id, first.n_children, first.gone), (Some(1), Some(2), None));
    assert_eq!(bench.wants.copy().close, [id(1)]);
    let close = |queue: Queue| Close {
        n_queues: 300,
        children: vec![thread(11)],
        n_children: 2,
        ..Close::of(TaskReading { queues: Some([queue].into()), ..task(1, 20) })
    };
    for depth in [5, 9] {
        let queue = Queue { label: Some("a < b".into()), ..unread(depth) };
        bench.tick_with(|reading| {
            reading.tasks = vec![task(1, 20), thread(11), thread(12)];
            reading.close.insert(id(1), close(queue));
        });
    }
    let answers = details(&mut client);
    let last = answers.last().unwrap();
    assert_eq!((last.n_queues, last.n_children), (Some(300), Some(2)));
    let row = last.task.as_ref().unwrap();
    let label = row.queues.as_ref().unwrap().queue[0].label.unwrap();
    assert!(last.names.iter().any(|n| n.id == Some(label) && n.text.as_deref() == Some("a < b")));
    let before = row.previous.as_ref().unwrap().queues.as_ref().unwrap().queue[0].depth;
    assert_eq!(before, Some(5), "the queues of the look before");
    assert!(last.children[0].previous.is_some());
}

#[test]
fn a_focus_on_a_task_that_is_gone_ends() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 10), task(2, 0)]);
    let mut client = bench.join();
    bench.ask(&client, focus(1, 1));
    for _ in 0..3 {
        bench.tick(vec![task(2, 10)]);
    }
    let gone: Vec<_> = details(&mut client).iter().map(|d| d.gone).collect();
    assert_eq!(gone, [None, Some(true)]);
    assert!(bench.wants.copy().close.is_empty());
}

#[test]
fn the_fifth_focus_is_refused() {
    let mut bench = Bench::new();
    bench.tick((1..=9).map(|n| task(n, 0)).collect());
    let mut client = bench.join();
    for n in 1..=5 {
        bench.ask(&client, focus(n, u64::from(n)));
    }
    assert_eq!(client.refusals().len(), 1);
    bench.ask(&client, control::Kind::Focus(Focus { id: Some(9), task: None }));
    assert!(client.refusals()[0].contains("needs a task"));
}

#[test]
fn intervals_out_of_bounds_are_refused_and_the_old_one_stays() {
    let mut bench = Bench::new();
    let mut client = bench.watch(Stream::Detail, 1_000);
    for interval_ms in [0, 249, 60_001] {
        bench.interest(&client, Stream::Detail, interval_ms);
        assert!(client.refusals()[0].contains("outside 250 to 60000"));
    }
    bench.tick(vec![task(1, 0)]);
    assert_eq!(client.samples().len(), 1);
}

#[test]
fn another_interest_replaces_the_one_before_and_brings_a_key() {
    let mut bench = Bench::new();
    bench.tick(vec![task(1, 0)]);
    let mut client = bench.watch(Stream::Overview, 1_000);
    assert_eq!(client.samples().len(), 1);
    bench.interest(&client, Stream::Detail, 1_000);
    let key = client.samples().remove(0);
    assert_eq!((key.key, key.stream), (Some(true), Some(Stream::Detail.into())));
    bench.tick(vec![task(1, 1)]);
    let samples = client.samples();
    assert_eq!(samples.len(), 1);
    assert_eq!(samples[0].stream, Some(Stream::Detail.into()));
}

#[test]
fn a_mark_reaches_all_and_those_who_come_later() {
    let mut bench = Bench::new();
    let (mut a, mut b) = (bench.join(), bench.join());
    let request = |text: &str| control::Kind::Mark(MarkRequest { text: Some(text.into()), ..Default::default() });
    bench.ask(&a, request("deploy 42"));
    bench.ask(&a, request("too soon"));
    let mut later = bench.join();
    for client in [&mut b, &mut later] {
        let marks: Vec<Kind> = client.events().into_iter().filter(|k| matches!(k, Kind::Mark(_))).collect();
        let [Kind::Mark(mark)] = marks.as_slice() else { panic!("{marks:?}") };
        assert_eq!((mark.text.as_deref(), mark.author.as_deref()), (Some("deploy 42"), Some("viewer-0")));
    }
    assert!(a.refusals()[0].contains("one mark a second"));
}
