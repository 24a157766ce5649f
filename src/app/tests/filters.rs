//! What is typed as a filter, and which rows are left.

use super::*;

/// Three nodes: `a` and `b` of role chat and release 416 and 4160, `c` of role db, which is cut off.
fn fleet() -> Desk {
    let mut desk = Desk::new(3, (160, 45));
    for (node, role, version) in [("a", "chat", "416"), ("b", "chat", "4160"), ("c", "db", "416")] {
        let mut told = described(0.1, node);
        if let Event::Described(described) = &mut told.event {
            described.labels = vec![("role".into(), role.into()), ("version".into(), version.into())];
        }
        let depth = if node == "a" { 2_000 } else { 10 };
        let tasks = vec![with_mailbox(task(1, 1.0, 0.5, 0.0), depth), task(300, 1.0, 0.1, 0.0)];
        desk.hear(&[up(0.0, node), told, sample(1.0, node, tasks)]);
    }
    desk.hear(&[down(1.5, "c")]);
    desk
}

fn left(desk: &mut Desk, panel: Panel, filter: &str) -> String {
    let level = desk.state.level_mut();
    let n = level.index_of(panel);
    level.lists[n].filter = filter.to_owned();
    let rows = super::super::rows::rows(&desk.state, panel);
    let name = |row: &RowId| match row {
        RowId::Node(node) => node.0.to_string(),
        RowId::Task(node, task) => format!("{}/{}", node.0, task.number),
        other => panic!("{other:?}"),
    };
    let mut names: Vec<String> = rows.iter().map(name).collect();
    names.sort();
    names.join(" ")
}

#[test]
fn nodes_are_filtered_by_text_label_state_and_value() {
    let mut desk = fleet();
    let mut nodes = |filter: &str| left(&mut desk, Panel::Nodes, filter);
    assert_eq!(nodes(""), "a b c");
    assert_eq!(nodes("role=chat"), "a b");
    assert_eq!(nodes("ROLE=Chat"), "a b");
    assert_eq!(nodes("!role=chat"), "c");
    assert_eq!(nodes("role=ch"), "a b", "it is being typed");
    assert_eq!(nodes("version=416"), "a c", "there is just that one: what begins so is another");
    assert_eq!(nodes("version=416 role=chat"), "a", "all words hold");
    assert_eq!(nodes("state=silent"), "c");
    assert_eq!(nodes("!state=silent chat"), "a b", "values of labels are texts of the row");
    assert_eq!(nodes("colour=red"), "", "no node has such a label: a text that no row has");
    assert_eq!(nodes("rss>=500M rss<501M"), "a b c");
    assert_eq!(nodes("rss>0.6g"), "");
    assert_eq!(nodes("delay>50ms"), "", "one sample has no rate: unknown is not more than anything");
    assert_eq!(nodes("!"), "a b c");
}

#[test]
fn tasks_are_filtered_by_the_labels_of_their_nodes_too() {
    let mut desk = fleet();
    let mut tasks = |filter: &str| left(&mut desk, Panel::Tasks, filter);
    assert_eq!(tasks("queue>1000"), "a/1");
    assert_eq!(tasks("queue<=10"), "b/1", "of who has no queue none is known, and who is silent is not hot now");
    assert_eq!(tasks("role=chat queue<1k task-1"), "b/1");
    assert_eq!(tasks("rss>200M version=416"), "a/300");
    assert_eq!(tasks("a>b"), "", "no such value: it is a text");
}

#[test]
fn an_agent_is_asked_for_the_one_text_that_it_can_look_for() {
    let mut desk = Desk::with(tasks(&[1, 2, 12], 1.0));
    let mut asked = |filter: &str| {
        let level = desk.state.level_mut();
        let n = level.index_of(Panel::Tasks);
        level.lists[n].filter = filter.to_owned();
        desk.effects.clear();
        desk.key(Key::Char('i'));
        let of_table = |control| match control {
            Control::Table { query, .. } => Some((query.filter, query.limit)),
            _ => None,
        };
        desk.controls().into_iter().filter_map(of_table).next_back().unwrap()
    };
    let (text, few) = asked("task-1");
    assert_eq!(text, "task-1");
    let (text, many) = asked("queue>1 role=chat task-1");
    assert_eq!(text, "task-1");
    assert!(many > few, "what else is asked for is sought among these");
    assert_eq!(asked("!task-1").0, "!task-1");
    assert_eq!(asked("!task-1 !task-2").0, "", "it knows one text alone");
    assert_eq!(asked("queue>1000").0, "");
    assert_eq!(asked("os task").0, "task", "the name of a runtime is none of a row's texts there");
}

#[test]
fn where_the_agent_sent_some_of_many_what_is_sought_may_be_among_the_others() {
    let answered = |total: u64| {
        let mut desk = Desk::with(tasks(&[1], 1.0));
        let rows = crate::event::Rows {
            node: NodeId::new("a"),
            epoch: 1,
            id: crate::app::asks::TABLE_ID,
            mono_us: 1_500_000,
            total,
            tasks: vec![task(1, 1.5, 0.5, 0.0)],
        };
        desk.hear(&[stamped(1.5, Event::Rows(Box::new(rows)))]);
        desk.state.found_of_more(Panel::Tasks)
    };
    assert_eq!((answered(1), answered(20_000)), (None, Some(20_000)));
}

#[test]
fn a_filter_works_while_it_is_typed_and_escape_takes_it_back() {
    let mut desk = Desk::with(tasks(&[1, 2, 12], 1.0));
    assert_eq!(desk.keys("2/TASK-1").rows(), [12, 1]);
    desk.key(Key::Enter);
    assert_eq!(desk.rows(), [12, 1]);
    assert_eq!(desk.keys("/2").rows(), [12]);
    assert_eq!(desk.key(Key::Esc).rows(), [12, 1], "the prompt closes, the filter before is back");
    assert_eq!(desk.key(Key::Esc).rows(), [12, 2, 1], "then the filter closes");
    assert!(matches!(desk.state.screen(), Screen::Node(_)));
    desk.key(Key::Esc);
    assert_eq!(desk.state.screen(), &Screen::Cluster);
}

#[test]
fn a_leading_exclamation_mark_inverts_the_filter() {
    let mut desk = Desk::with(tasks(&[1, 2, 12], 1.0));
    assert_eq!(desk.keys("2/!task-1").rows(), [2]);
    assert_eq!(desk.key(Key::Ctrl('u')).keys("!").rows(), [12, 2, 1], "nothing to leave out yet");
}

#[test]
fn a_filter_stays_with_the_table_for_which_it_is_typed() {
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b"), sample(1.0, "a", tasks(&[1, 2], 1.0))]);
    desk.keys("/a");
    let below = desk.state.areas().rows(1);
    desk.mouse(MouseKind::Click, below.x, below.y).keys("q");
    assert_eq!(desk.effects.last(), Some(&Effect::Quit), "typing is over");
    let filters = [Panel::Nodes, Panel::Tasks].map(|panel| desk.state.list(panel).filter.clone());
    assert_eq!(filters, ["a", ""]);
    let table = desk.state.areas().rows(0);
    desk.mouse(MouseKind::Click, table.x, table.y).keys("/").mouse(MouseKind::DoubleClick, table.x, table.y).keys("x");
    assert!(matches!(desk.state.screen(), Screen::Node(_)));
    assert_eq!((desk.state.list(Panel::Tasks).filter.as_str(), &desk.state.prompt), ("", &None));
}
