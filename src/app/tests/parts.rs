//! Tabs of a node, its parts, and ways across queues.

use super::{screen::Scope, *};
use crate::{
    event::Cost,
    model::{finding::Topic, host::Check},
};
use midair_vitals::{Queue, QueueKind, TaskId, TcpTrouble, Unit};

/// One node `a` with two cgroups, two namespaces, and tasks 1 and 2 in the cgroups.
fn desk() -> Desk {
    let mut desk = Desk::new(1, (120, 40));
    desk.hear(&[up(0.0, "a"), described(0.1, "a"), measured(1.0), measured(2.0)]);
    desk
}

fn measured(s: f64) -> Stamped {
    sample_with(s, "a", |sample| {
        let of = |number: u64, path: &str| TaskReading { cgroup: Some(path.into()), ..task(number, s, 0.0, 0.0) };
        sample.tasks = vec![of(1, "/backup.slice/dump.service"), of(2, "/system.slice/chat.service")];
        sample.tasks[1].netns = Some(12);
        sample.cgroups =
            vec![cgroup("/backup.slice", s, 31.0 * s, 0.3 * s), cgroup("/system.slice/chat.service", s, 1.0 * s, 0.0)];
        let own = midair_vitals::NetNamespace { is_own: true, ..namespace(1, s, 0) };
        sample.namespaces = vec![own, namespace(12, s, 0)];
        sample.reading.tcp_trouble = Some(TcpTrouble { memory_pressures: Some(s as u64), ..TcpTrouble::default() });
    })
}

#[test]
fn tabs_go_round() {
    let mut desk = desk();
    let panels = desk.state.screen().panels();
    let seen: Vec<Panel> = panels.iter().map(|_| desk.key(Key::Tab).state.level().panel).collect();
    assert_eq!(seen[..seen.len() - 1], panels[1..]);
    assert_eq!(seen.last(), Some(&Panel::Tasks));
    assert_eq!(desk.key(Key::BackTab).state.level().panel, Panel::Vms);
}

#[test]
fn a_click_on_a_tab_shows_its_table() {
    let mut desk = desk();
    let tabs = tabs::tabs(&desk.state, &desk.state.areas(), Panel::Tasks, desk.rows().len());
    assert_eq!(tabs.iter().map(|tab| tab.panel).collect::<Vec<_>>(), desk.state.screen().panels());
    let cgroups = tabs.iter().find(|tab| tab.panel == Panel::Cgroups).expect("there is room");
    desk.mouse(MouseKind::Click, cgroups.rect.x + 1, cgroups.rect.y);
    assert_eq!(desk.state.level().panel, Panel::Cgroups);
}

#[test]
fn into_a_cgroup_and_out_again() {
    let mut desk = desk();
    desk.keys(":view cgroups").key(Key::Enter).keys(":sort caused").key(Key::Enter).keys("j");
    desk.controls();
    desk.key(Key::Enter);
    let scope = Scope::Cgroup("/backup.slice".into());
    assert_eq!(desk.state.screen(), &Screen::Scope(id("a"), scope.clone()), "the noisiest first");
    assert_eq!(desk.rows(), [1], "with what is below it");
    let asked = desk.controls();
    let filter = asked.iter().find_map(|c| match c {
        Control::Table { query, .. } => Some(query.filter.clone()),
        _ => None,
    });
    assert_eq!(filter.as_deref(), Some("/backup.slice"), "{asked:?}");
    desk.key(Key::Enter);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 1));
    desk.key(Key::Esc).key(Key::Esc);
    let level = desk.state.level();
    assert_eq!((level.panel, &level.current().selected), (Panel::Cgroups, &Some(RowId::Scope(id("a"), scope))));
}

#[test]
fn into_a_network_namespace() {
    let mut desk = desk();
    let inside = |desk: &mut Desk, inode: u64| {
        desk.keys(&format!(":go a/netns/{inode}")).key(Key::Enter);
        assert_eq!(desk.state.screen(), &Screen::Scope(id("a"), Scope::Namespace(inode)));
        desk.rows()
    };
    assert_eq!(inside(&mut desk, 12), [2]);
    assert_eq!(inside(&mut desk, 1), [1], "a task that names none is in the agent's own");
}

#[test]
fn a_part_of_a_node_is_copied_with_a_way_back() {
    let mut desk = desk();
    desk.keys(":view cgroups").key(Key::Enter).keys(":sort cpu").key(Key::Enter).keys("jy");
    let Some(Effect::Copy(text)) = desk.effects.last() else { panic!("{:?}", desk.effects) };
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("cgroup /backup.slice on a  31.00 cores"), "{text}");
    assert_eq!(lines[1], "midair a:7070 --go a/cgroup/backup.slice");
    let mut back = Desk::going("a/cgroup/backup.slice");
    back.hear(&[up(0.0, "a"), described(0.1, "a")]);
    assert_eq!(back.state.screen(), &Screen::Scope(id("a"), Scope::Cgroup("/backup.slice".into())));
}

#[test]
fn each_table_is_sorted_by_what_it_knows() {
    let mut desk = desk();
    desk.keys(":view cgroups").key(Key::Enter).keys("2");
    let sort_of = |desk: &Desk, panel| desk.state.list(panel).sort;
    assert_eq!((sort_of(&desk, Panel::Cgroups), sort_of(&desk, Panel::Tasks)), (Order::Mem.into(), Order::Mem.into()));
    assert_eq!(sort_of(&desk, Panel::Cpus), Order::Number);
    desk.keys("4");
    assert_eq!(sort_of(&desk, Panel::Cgroups), Order::Severity, "a cgroup has no rate");
    desk.keys(":sort drops").key(Key::Enter);
    assert!(desk.message().starts_with("cgroups are sorted by severity, name, caused"), "{}", desk.message());
}

/// Task 1 holds a pipe into which task 2 writes, and a listener.
fn piped(s: f64, of: u64) -> Stamped {
    let task_of = |number: u64| TaskId { number, ..task(number, 0.0, 0.0, 0.0).id };
    let other = if of == 1 { 2 } else { 1 };
    let pipe = Queue {
        depth: Some(9),
        number: Some(77),
        peer: Some(task_of(other)),
        peer_name: Some(format!("task-{other}").into()),
        ..Queue::unknown(QueueKind::Pipe, Unit::Bytes)
    };
    let listener = Queue { number: Some(78), ..Queue::unknown(QueueKind::Listen, Unit::Connections) };
    details(s, "a", Some(TaskReading { queues: Some([pipe, listener].into()), ..task(of, s, 0.0, 0.0) }), vec![])
}

fn path(desk: &Desk) -> Vec<u64> {
    let tasks = desk.state.levels().iter().filter_map(|level| match level.screen {
        Screen::Task(_, task) => Some(task.number),
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Vm(..) => None,
    });
    tasks.collect()
}

#[test]
fn across_a_queue_and_back() {
    let mut desk = desk();
    desk.keys("2/task-1").key(Key::Enter).key(Key::Enter).hear(&[piped(2.0, 1)]);
    desk.controls();
    desk.keys("o");
    assert_eq!((path(&desk), desk.state.level().way), (vec![1, 2], Way::Across));
    assert!(desk.controls().iter().any(|c| matches!(c, Control::Focus { task, .. } if task.number == 2)));
    desk.hear(&[piped(3.0, 2)]).key(Key::Enter);
    assert_eq!(path(&desk), [1], "who was come from is gone back to");
    desk.key(Key::Esc);
    assert!(matches!(desk.state.screen(), Screen::Node(_)));
}

#[test]
fn a_queue_without_another_end_says_why() {
    let mut desk = desk();
    desk.keys("2/task-1").key(Key::Enter).key(Key::Enter).hear(&[piped(2.0, 1)]);
    desk.keys("/listen").key(Key::Enter).key(Key::Enter);
    assert_eq!((path(&desk), desk.message()), (vec![1], "a listener has no other end: those who connect to it have"));
}

#[test]
fn what_is_found_of_the_host_leads_to_its_table() {
    let mut desk = desk();
    let at = desk.state.findings().iter().position(|f| f.subject.topic == Topic::Host(Check::TcpMemory));
    desk.keys("f").keys(&"j".repeat(at.expect("it is found"))).key(Key::Enter);
    assert_eq!((desk.state.level().panel, &desk.state.overlay), (Panel::Host, &None));
}

#[test]
fn the_selected_finding_is_followed_wherever_it_ranks() {
    let mut desk = Desk::new(1, (120, 40));
    let queue = |s: f64, first: u64, second: u64| {
        let of = |number, depth| with_mailbox(task(number, s, 0.0, 0.0), depth);
        sample(s, "a", vec![of(1, first), of(2, second)])
    };
    desk.hear(&[up(0.0, "a"), described(0.1, "a"), queue(1.0, 900_000, 20_000)]).keys("fj");
    let selected = |desk: &Desk| match &desk.state.overlay {
        Some(Overlay::Findings(chosen)) => chosen.position(&subjects(&desk.state.findings())),
        other => panic!("{other:?}"),
    };
    assert_eq!(selected(&desk), 1);
    desk.hear(&[queue(2.0, 20_000, 900_000)]);
    assert_eq!(selected(&desk), 0);
    desk.key(Key::Enter);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 2));
}

#[test]
fn a_budget_is_asked_of_the_agent_on_the_screen() {
    let mut desk = desk();
    desk.controls();
    desk.keys(":budget 5% 10m").key(Key::Enter);
    assert_eq!(desk.controls(), [Control::Budget { node: id("a"), milli: Some(50), seconds: 600 }]);
    assert_eq!(desk.message(), "asked a to take up to 5 % of a core for 10 min");
    desk.keys(":budget off").key(Key::Enter);
    assert_eq!(desk.controls(), [Control::Budget { node: id("a"), milli: None, seconds: 0 }]);
    let reason = "a budget is taken from authenticated connections only".to_owned();
    desk.hear(&[stamped(3.0, Event::Refused { node: id("a"), id: None, reason: reason.clone() })]);
    assert_eq!(desk.state.message, Some(Message::Refusal(reason)));
}

#[test]
fn of_many_agents_a_budget_needs_to_know_which() {
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b")]);
    desk.controls();
    desk.keys(":budget 5%").key(Key::Enter);
    assert!(desk.controls().is_empty());
    assert_eq!(desk.message(), "the budget of which agent? go into its node first");
}

#[test]
fn what_is_shed_takes_a_line() {
    let mut desk = desk();
    let before = desk.state.areas().about.height;
    desk.hear(&[sample_with(3.0, "a", |sample| {
        sample.cost = Some(Cost { shed: vec!["sockets every 8 s".into()], ..Cost::default() });
    })]);
    assert_eq!(desk.state.areas().about.height, before + 1);
}

#[test]
fn time_that_passes_in_the_past_is_drawn_once_a_second() {
    let mut desk = desk();
    desk.keys(" ");
    desk.state.drawn();
    update(&mut desk.state, Msg::Passed(at(2.4)));
    assert!(!desk.state.is_dirty);
    update(&mut desk.state, Msg::Passed(at(3.1)));
    assert!(desk.state.is_dirty);
    assert_eq!(desk.state.clock, at(3.1));
}
