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
    assert_eq!(last.values.get(VmValue::Reductions as usize), None);
    assert_eq!(last.values.get(VmValue::Rss as usize), Some((9 << 20) as f32));
}

#[test]
fn another_life_of_the_same_name_is_compared_with_nothing_and_its_charts_go_on() {
    let reborn = with_vm(2.0, 2.0, Health::Ok, |sample| sample.vms[0].creation = Some(6));
    let model = told(&[with_vm(1.0, 1.0, Health::Ok, |_| {}), reborn]);
    assert_eq!(vm(&model).1.vitals.reductions, None);
    assert_eq!(vm(&model).1.series.len(), 2);
}

/// The VM has ended at second 3 and stays as it was; from second 5 on it runs again as another runtime, which has a name at
/// second 6.
fn restarted(s: f64) -> Stamped {
    let is_there = s < 3.0;
    with_vm(s, s.min(2.0), Health::Ok, |sample| {
        let vm = &mut sample.vms[0];
        vm.name = Some("chat@a".into());
        if !is_there {
            (vm.ended_us, vm.ended_why) = (Some(3_000_000), Some("it was killed".into()));
            sample.runtimes.retain(|runtime| runtime.id == 0);
        }
        if s >= 5.0 {
            let us = (s * 1e6) as u64;
            sample.vms.push(VmReading {
                runtime: 2,
                name: (s >= 6.0).then(|| "chat@a".into()),
                creation: Some(6),
                at_us: Some(us),
                answered_us: Some(us),
                ..VmReading::default()
            });
            sample.runtimes.push(Runtime { id: 2, ..runtime(Health::Ok) });
        }
    })
}

#[test]
fn a_vm_that_has_ended_keeps_its_name_and_what_it_said_and_is_told_as_ended() {
    let model = told(&[restarted(1.0), restarted(2.0), restarted(4.0)]);
    let (node, vm) = vm(&model);
    let why = vm.reading.ended_why.as_ref();
    assert_eq!(vm.standing(node), Standing::Ended { ago_us: 1_000_000, why });
    assert_eq!((vm.name(node), node.runtime_name(1)), ("chat@a", Some("chat@a")));
    assert_eq!(vm.vitals.reductions, Some(1000.0), "as of its last answer");
    assert!(vm.severity(node) >= Some(Severity::from_per_mille(900)));
    assert_eq!(vm.series.len(), 2, "nothing is drawn of what is not there");
}

#[test]
fn a_vm_that_runs_again_goes_on_with_the_charts_of_its_earlier_life() {
    let all: Vec<Stamped> = [1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0].map(restarted).into();
    let model = told(&all);
    let node = model.node(&id("a")).expect("told of");
    let again = &node.vms[&2];
    let moments: Vec<Stamp> = again.series.points().map(|point| point.at).collect();
    assert_eq!(moments, [1.0, 2.0, 5.0, 6.0, 7.0, 8.0].map(at), "each moment once");
    assert_eq!(node.vms[&1].later_life(node).map(|vm| vm.reading.runtime), Some(2));
    assert!(node.vms[&1].severity(node) < Some(Severity::from_per_mille(700)), "it is there again");
    assert_eq!(again.standing(node), Standing::Answers);
}

#[test]
fn that_nobody_asks_a_vm_is_nothing_bad() {
    let is_well = |severity: Option<Severity>| severity.is_none_or(|severity| severity.per_mille() < 100);
    let quiet = |why: &str, is_undistributed| {
        let told = told(&[with_vm(1.0, 1.0, Health::Off(why.into()), |sample| {
            sample.runtimes.last_mut().expect("just pushed").is_undistributed = is_undistributed;
        })]);
        let (node, vm) = vm(&told);
        (matches!(vm.standing(node), Standing::Unasked(_)), is_well(vm.severity(node)), node.troubles().count())
    };
    assert_eq!(quiet("neither -sname nor -name", true), (true, true, 0));
    assert_eq!(quiet("not asked yet", false), (true, true, 0));
    assert_eq!(quiet("no answer within 5 s", false), (false, false, 1));
}

#[test]
fn sockets_stand_among_ports_and_each_has_a_name_of_its_own() {
    use midair_vitals::vm::{Listed, Pid, Port, Socket};
    let at = |s: u64| {
        with_vm(s as f64, s as f64, Health::Ok, |sample| {
            let owner = Pid { text: "<0.7.0>".into(), ..Pid::default() };
            let socket = |address: &str, bytes: u64| Socket {
                owner: Some(owner.clone()),
                protocol: Some("tcp".into()),
                address: Some(address.into()),
                in_bytes: Some(s * bytes),
                out_bytes: Some(0),
                ..Socket::default()
            };
            let rows = vec![socket("b:1", 500), socket("c:1", 900), socket("c:1", 800)];
            sample.vms[0].sockets = Some(Listed { rows, n_total: Some(30), partial: None, at_us: None });
            let port = Port { id: "#Port<0.4>".into(), ..Port::default() };
            sample.vms[0].ports = Some(Listed { rows: vec![port], n_total: Some(12), partial: None, at_us: None });
        })
    };
    let model = told(&[at(1), at(2)]);
    let vm = vm(&model).1;
    let outlets = vm.outlets();
    let mut names: Vec<&str> = outlets.iter().map(|outlet| &*outlet.id).collect();
    assert_eq!((names[0], names.len(), vm.n_outlets()), ("#Port<0.4>", 4, Some(42)));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 4);
    let rates: Vec<Option<f64>> = outlets.iter().map(|outlet| outlet.vitals.rate_in).collect();
    assert_eq!(rates, [None, Some(500.0), None, None], "of two alike nobody knows which is which");
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
