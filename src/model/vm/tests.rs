use midair_vitals::{TaskId, vm::VmMemory};

use super::*;
use crate::{
    event::{Sample, Stamped},
    model::{
        Model,
        script::*,
        task::{number_of, pid_number},
    },
};

fn runtime(health: Health) -> Runtime {
    Runtime { id: 1, kind: "beam".into(), name: "chat@a".into(), health, n_tasks: Some(3), is_undistributed: false }
}

/// A VM that answered last at a second, with so many reductions a second and so many bytes.
fn with_vm(s: f64, answered: f64, health: Health, change: impl FnOnce(&mut Sample)) -> Stamped {
    let us = (answered * 1e6) as u64;
    sample_with(s, "a", |sample| {
        sample.runtimes.push(runtime(health));
        sample.vms = vec![VmReading {
            runtime: 1,
            at_us: Some(us),
            answered_us: Some(us),
            creation: Some(5),
            process: Some(TaskId { runtime: 0, number: 9, start: 100 }),
            reductions: Some(us / 1000),
            memory: VmMemory { total_bytes: Some(us), ..VmMemory::default() },
            ..VmReading::default()
        }];
        sample.tasks = vec![task(9, s, 0.0, 0.0)];
        change(sample);
    })
}

fn vm(model: &Model) -> (&Node, &Vm) {
    let node = model.node(&id("a")).expect("told of");
    (node, &node.vms[&1])
}

#[test]
fn rates_follow_from_two_answers() {
    let model = told(&[with_vm(1.0, 1.0, Health::Ok, |_| {}), with_vm(2.0, 2.0, Health::Ok, |_| {})]);
    let (node, vm) = vm(&model);
    assert_eq!((vm.vitals.reductions, vm.vitals.mem_growth), (Some(1000.0), Some(1e6)));
    assert_eq!((vm.name(node), vm.unanswered(node), vm.answer_age_us(node)), ("chat@a", None, Some(0)));
    assert_eq!(vm.process(node).map(Task::id), vm.reading.process);
}

#[test]
fn a_vm_that_does_not_answer_keeps_what_it_said_with_its_age_and_leaves_a_gap() {
    let off = || Health::Off("no answer within 5 s".into());
    let story = [
        with_vm(1.0, 1.0, Health::Ok, |_| {}),
        with_vm(2.0, 2.0, Health::Ok, |_| {}),
        with_vm(3.0, 2.0, off(), |_| {}),
        with_vm(9.0, 2.0, off(), |_| {}),
    ];
    let model = told(&story);
    let (node, vm) = vm(&model);
    assert_eq!(vm.vitals.reductions, Some(1000.0), "as of its last answer");
    assert_eq!(vm.answer_age_us(node), Some(7_000_000));
    assert_eq!(vm.unanswered(node).map(|why| &**why), Some("no answer within 5 s"));
    let last = vm.series.points().last().expect("its process is seen");
    assert_eq!(last.values[VmValue::Reductions as usize], None);
    assert_eq!(last.values[VmValue::Rss as usize], Some((9 << 20) as f32));
}

#[test]
fn another_life_of_the_same_name_is_compared_with_nothing() {
    let reborn = with_vm(2.0, 2.0, Health::Ok, |sample| sample.vms[0].creation = Some(6));
    let model = told(&[with_vm(1.0, 1.0, Health::Ok, |_| {}), reborn]);
    assert_eq!(vm(&model).1.vitals.reductions, None);
    assert_eq!(vm(&model).1.series.len(), 1);
}

#[test]
fn pids_are_written_as_their_node_prints_them_and_read_back() {
    let id = |number| TaskId { runtime: 1, number, start: 5 };
    for (number, text) in [(812, "<0.812.0>"), (3 << 32 | 7, "<0.7.3>"), (0, "<0.0.0>")] {
        assert_eq!(number_of(id(number), TaskKind::Erlang), text);
        assert_eq!(pid_number(text), Some(number));
        assert_eq!(pid_number(text.trim_matches(['<', '>'])), Some(number));
    }
    for text in ["", "<0.812>", "<0.812.0", "<0.x.0>", "<0.1.2.3>", "<0.-1.0>", "<0.99999999999.0>", "812"] {
        assert_eq!(pid_number(text), None, "{text}");
    }
    assert_eq!(number_of(id(812), TaskKind::Process), "812");
}

#[test]
fn links_that_are_read_each_fifth_second_have_a_steady_rate() {
    use midair_vitals::vm::{DistLink, Listed};
    let at = |s: u64| {
        with_vm(s as f64, s as f64, Health::Ok, |sample| {
            let read = s / 5 * 5;
            let link = DistLink { peer: "b@h".into(), out_bytes: Some(read * 700), ..DistLink::default() };
            let at_us = Some(read * 1_000_000);
            sample.vms[0].links = Some(Listed { rows: vec![link], n_total: Some(1), partial: None, at_us });
        })
    };
    let rate = |until| vm(&told(&(5..=until).map(at).collect::<Vec<_>>())).1.vitals.links[0].rate_out;
    assert_eq!(rate(9), None, "read once");
    assert_eq!((10..=21).map(rate).collect::<Vec<_>>(), [Some(700.0); 12]);
}
