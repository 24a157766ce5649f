//! Keys and the mouse in, state out.

use super::*;

#[test]
fn moving_selects_and_stops_at_the_ends() {
    let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
    desk.keys("2");
    assert_eq!(desk.rows(), [3, 2, 1]);
    assert_eq!(desk.keys("j").selected(), Some(3));
    assert_eq!(desk.keys("jj").selected(), Some(1));
    assert_eq!(desk.keys("j").selected(), Some(1));
    assert_eq!(desk.keys("g").selected(), Some(3));
    assert_eq!(desk.key(Key::Up).selected(), Some(3));
    assert_eq!(desk.keys("G").selected(), Some(1));
}

#[test]
fn the_selection_follows_the_task_not_the_row() {
    let mut desk = Desk::with(busy(&[(1, 0.9), (2, 0.5)], 1.0));
    desk.keys(":sort cpu").key(Key::Enter).hear(&[sample(2.0, "a", busy(&[(1, 0.9), (2, 0.5)], 2.0))]);
    assert_eq!(desk.rows(), [1, 2]);
    assert_eq!(desk.keys("j").selected(), Some(1));
    desk.hear(&[sample(3.0, "a", vec![task(1, 3.0, 1.8, 0.0), task(2, 3.0, 1.9, 0.0)])]);
    assert_eq!((desk.rows(), desk.selected()), (vec![2, 1], Some(1)));
}

#[test]
fn a_selection_far_down_is_scrolled_into_view() {
    let numbers: Vec<u64> = (1..=100).collect();
    let mut desk = Desk::with(tasks(&numbers, 1.0));
    desk.keys("2G");
    let list = desk.state.list(Panel::Tasks);
    let height = desk.state.page_rows();
    assert_eq!(list.first_row(&desk.state.rows(Panel::Tasks), height), 100 - height);
    desk.key(Key::PageUp);
    assert_eq!(desk.selected(), Some(1 + height as u64));
}

#[test]
fn each_vital_sorts_by_its_own() {
    let mut desk = Desk::with(tasks(&[1], 1.0));
    let by = |desk: &mut Desk, key: &str| desk.keys(key).state.list(Panel::Tasks).sort;
    assert_eq!(by(&mut desk, "1"), Order::Delay);
    assert_eq!(by(&mut desk, "2"), Order::Mem);
    assert_eq!(by(&mut desk, "3"), Order::Queue);
    assert_eq!(by(&mut desk, "4"), Order::Rate);
    assert_eq!(by(&mut desk, "0"), Order::Severity);
    assert_eq!(desk.state.vital, Vital::Worst);
}

#[test]
fn sort_keys_go_round_all_orders_and_back() {
    let mut desk = Desk::with(tasks(&[1, 2], 1.0));
    let all = Panel::Tasks.sorts();
    let seen: Vec<Sort> = all.iter().map(|_| desk.keys(">").state.list(Panel::Tasks).sort).collect();
    assert_eq!(seen[..seen.len() - 1], all[1..]);
    assert_eq!(seen.last(), all.first());
    assert_eq!(desk.keys("<").state.list(Panel::Tasks).sort, *all.last().unwrap());
}

#[test]
fn inverting_turns_the_order_round() {
    let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
    assert_eq!(desk.keys("2i").rows(), [1, 2, 3]);
}

#[test]
fn in_and_out_keeps_what_was_set() {
    let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
    desk.keys("2jj").key(Key::Enter);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 2));
    assert_eq!(desk.state.task().unwrap().id().number, 2);
    desk.key(Key::Esc);
    assert_eq!((desk.selected(), desk.state.list(Panel::Tasks).sort), (Some(2), Sort::By(Order::Mem)));
}

#[test]
fn a_task_of_the_cluster_is_entered_through_its_node() {
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b"), sample(1.0, "b", tasks(&[5], 1.0))]);
    desk.key(Key::Tab).key(Key::Enter);
    let screens: Vec<_> = desk.state.levels().iter().map(|level| level.screen.clone()).collect();
    assert_eq!(screens[1], Screen::Node(id("b")));
    assert!(matches!(&screens[2], Screen::Task(node, task) if *node == id("b") && task.number == 5));
}

#[test]
fn threads_come_and_go() {
    let mut thread = task(2, 1.0, 0.0, 0.0);
    thread.kind = midair_vitals::TaskKind::Thread;
    let mut desk = Desk::with(vec![task(1, 1.0, 0.0, 0.0), thread]);
    assert_eq!(desk.rows(), [1]);
    assert_eq!(desk.keys("2H").rows(), [2, 1]);
}

#[test]
fn an_unknown_command_suggests() {
    let mut desk = Desk::with(vec![]);
    desk.keys(":quti").key(Key::Enter);
    assert_eq!(desk.message(), "no command quti; did you mean quit?");
    assert!(desk.effects.iter().all(|effect| *effect != Effect::Quit));
    desk.keys(":quit").key(Key::Enter);
    assert_eq!(desk.effects.last(), Some(&Effect::Quit));
}

#[test]
fn q_quits_whatever_lies_over_the_screen_and_esc_leaves_that() {
    for over in ["?jj", "??", "f", "n", ":compare 1s\r", "c"] {
        let mut desk = Desk::with(vec![]);
        desk.hear(&[sample(2.0, "a", vec![]), sample(3.0, "a", vec![])]);
        let open = |desk: &mut Desk| {
            for c in over.chars() {
                desk.key(if c == '\r' { Key::Enter } else { Key::Char(c) });
            }
        };
        open(&mut desk);
        desk.key(Key::Esc);
        assert_eq!(desk.state.overlay, None, "{over}");
        assert!(!desk.effects.contains(&Effect::Quit), "{over}");
        open(&mut desk);
        assert_eq!(desk.keys("q").effects.last(), Some(&Effect::Quit), "{over}");
    }
}

#[test]
fn what_the_footer_says_goes_with_the_next_key_or_after_a_few_seconds() {
    let mut desk = Desk::with(vec![]);
    for _ in 0..9 {
        desk.keys("-");
    }
    assert!(desk.message().contains("shows a day"), "{}", desk.message());
    desk.keys("+");
    assert_eq!(desk.message(), "");
    desk.keys("--");
    for s in 2..=9 {
        desk.hear(&[tick(f64::from(s))]);
    }
    assert!(desk.message().contains("shows a day"), "there is time to read it");
    desk.hear(&[tick(10.0)]);
    assert_eq!(desk.message(), "");
}

#[test]
fn a_time_of_day_that_lies_ahead_is_said_to_be_that_of_the_day_before() {
    const DAY_US: u64 = 86_400_000_000;
    let mut desk = Desk::new(1, (80, 24));
    let mut keeps = described(0.0, "a");
    if let Event::Described(described) = &mut keeps.event {
        described.keeps_history = true;
    }
    // At noon of a day.
    let noon = (at(0.0).0 / DAY_US + 1) * DAY_US + DAY_US / 2;
    let s = (noon - at(0.0).0) as f64 / 1e6;
    desk.hear(&[keeps, sample(s, "a", vec![])]);
    desk.keys("J13:00").key(Key::Enter);
    let meant = Stamp(noon + DAY_US / 24 - DAY_US);
    assert_eq!(desk.effects.last(), Some(&Effect::Seek(meant)));
    let (words, date) = ("13:00 lies ahead", utc(meant));
    assert!(desk.message().contains(words) && desk.message().contains(&date[..10]), "{}", desk.message());
    desk.keys("J11:00").key(Key::Enter);
    assert_eq!((desk.message(), desk.state.now()), ("", Stamp(noon - DAY_US / 24)));
}

#[test]
fn control_and_c_quits_from_the_help_too() {
    let mut desk = Desk::with(vec![]);
    assert_eq!(desk.keys("?").key(Key::Ctrl('c')).effects.last(), Some(&Effect::Quit));
}

#[test]
fn a_finding_leads_to_its_task() {
    let story: Vec<_> = (1..4)
        .map(|s| sample(f64::from(s), "a", vec![with_mailbox(task(812, f64::from(s), 0.0, 0.0), 1_200_000)]))
        .collect();
    let mut desk = Desk::with(vec![]);
    desk.hear(&story).keys("f").key(Key::Enter);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 812));
}

#[test]
fn copying_gives_the_row_and_the_way_back() {
    let mut desk = Desk::with(tasks(&[7], 1.0));
    desk.keys("jy");
    let Some(Effect::Copy(text)) = desk.effects.last() else { panic!("{:?}", desk.effects) };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("task-7 (7) on a  rss 7340032 B  at {}", utc(at(1.0))));
    assert_eq!(lines[1], "midair a:7070 --go a/os/7.100");
}

#[test]
fn the_way_back_leads_back() {
    let mut desk = Desk::going("a/os/7.100");
    desk.hear(&[up(0.0, "a"), described(0.1, "a")]);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if (task.number, task.start) == (7, 100)));
}

#[test]
fn going_by_name_waits_until_the_name_is_known() {
    let mut desk = Desk::going("a/os/task-7");
    desk.hear(&[up(0.0, "a"), described(0.1, "a")]);
    assert_eq!(desk.state.screen(), &Screen::Node(id("a")));
    let asked = desk.controls();
    assert!(asked.iter().any(|c| matches!(c, Control::Table { query, .. } if query.filter == "task-7")), "{asked:?}");
    desk.hear(&[sample(1.0, "a", tasks(&[7], 1.0))]);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 7));
}

#[test]
fn going_to_what_is_not_there_says_so() {
    let mut desk = Desk::going("a/os/nobody");
    desk.hear(&[described(0.1, "a"), sample(1.0, "a", vec![]), rows(1.0, "a", TABLE_ID, vec![])]);
    assert_eq!(desk.message(), "no task nobody there now");
}

#[test]
fn going_gives_up_where_only_the_like_of_it_is_found() {
    let mut desk = Desk::going("a/os/task");
    let found = |s: f64| [sample(s, "a", vec![]), rows(s, "a", TABLE_ID, tasks(&[7], s))];
    desk.hear(&[described(0.1, "a")]).hear(&found(1.0)).hear(&found(2.0));
    assert!(desk.state.go.is_some());
    desk.hear(&found(7.5));
    assert_eq!((desk.message(), desk.state.go.is_none()), ("no task task there now", true));
}

#[test]
fn going_to_a_node_or_runtime_that_is_not_there_says_what_is() {
    let mut desk = Desk::going("nowhere");
    desk.hear(&[up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", vec![])]);
    assert_eq!((desk.message(), desk.state.go.is_some()), ("", true), "another may still come");
    desk.hear(&[sample(3.0, "a", vec![])]);
    assert_eq!((desk.message(), desk.state.go.is_none()), ("no node nowhere; there are a", true));
    let mut desk = Desk::going("a/bogus/7");
    desk.hear(&[described(0.1, "a"), sample(1.0, "a", tasks(&[7], 1.0)), sample(7.0, "a", tasks(&[7], 7.0))]);
    assert_eq!(desk.message(), "no runtime bogus there; there are os");
    assert_eq!(desk.state.screen(), &Screen::Node(id("a")));
}

#[test]
fn going_into_nothing_says_so() {
    let mut desk = Desk::with(vec![]);
    desk.key(Key::Enter);
    assert_eq!(desk.message(), "there is no row to go into");
}

#[test]
fn stopping_leaves_what_is_being_typed() {
    let mut desk = Desk::with(vec![]);
    desk.keys("/ab").key(Key::Ctrl('z'));
    assert!(desk.effects.contains(&Effect::Suspend));
    assert_eq!(desk.state.prompt.as_ref().map(|p| &*p.text), Some("ab"));
}

#[test]
fn a_terminal_that_claims_to_be_huge_is_filled_in_part() {
    let mut desk = Desk::with(tasks(&[1], 1.0));
    desk.input(Input::Resize(65_000, 65_000)).key(Key::PageDown);
    let areas = desk.state.areas();
    assert!(areas.footer.width <= SIZE_MAX.0 && areas.footer.y < SIZE_MAX.1);
}

#[test]
fn a_click_selects_and_a_double_click_goes_in() {
    let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
    desk.keys("2");
    let table = desk.state.areas().rows(0);
    desk.mouse(MouseKind::Click, table.x + 2, table.y + 1);
    assert_eq!(desk.selected(), Some(2));
    desk.mouse(MouseKind::DoubleClick, table.x + 2, table.y + 2);
    assert!(matches!(desk.state.screen(), Screen::Task(_, task) if task.number == 1));
}

#[test]
fn a_click_below_the_last_row_selects_nothing() {
    let mut desk = Desk::with(tasks(&[1], 1.0));
    let table = desk.state.areas().rows(0);
    desk.mouse(MouseKind::DoubleClick, table.x, table.y + 1);
    assert_eq!((desk.selected(), matches!(desk.state.screen(), Screen::Node(_))), (None, true));
}

#[test]
fn the_wheel_scrolls_and_a_mouse_that_was_left_does_nothing() {
    let numbers: Vec<u64> = (1..=100).collect();
    let mut desk = Desk::with(tasks(&numbers, 1.0));
    let table = desk.state.areas().rows(0);
    desk.mouse(MouseKind::WheelDown, table.x, table.y).mouse(MouseKind::WheelDown, table.x, table.y);
    assert_eq!(desk.state.list(Panel::Tasks).offset, 6);
    desk.keys("M").mouse(MouseKind::WheelDown, table.x, table.y);
    assert_eq!(desk.state.list(Panel::Tasks).offset, 6);
}

#[test]
fn a_click_on_a_head_sorts_and_a_second_one_turns_the_order_round() {
    let mut desk = Desk::with(tasks(&[2, 3, 1], 1.0));
    let areas = desk.state.areas();
    let row = areas.heads(0);
    let places = heads::arrange(heads::OF_NODE, row.width, 0, 0);
    let (_, x, width) = places[heads::OF_NODE.iter().position(|head| head.title == "rss B").expect("a column") - 1];
    let mut click = || {
        desk.mouse(MouseKind::Click, row.x + x + width - 1, row.y);
        (desk.rows(), desk.selected())
    };
    assert_eq!(click(), (vec![3, 2, 1], None));
    assert_eq!(click(), (vec![1, 2, 3], None));
}

#[test]
fn a_click_on_the_map_selects_the_node_and_a_double_click_goes_in() {
    let mut desk = Desk::new(3, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b"), described(0.0, "c")]);
    let (_, map) = desk.state.map(&desk.state.areas());
    let cell = map.places[1].rect;
    desk.key(Key::Tab).mouse(MouseKind::Click, cell.x, cell.y);
    assert_eq!(desk.state.level().panel, Panel::Nodes);
    assert_eq!(desk.state.list(Panel::Nodes).selected, Some(RowId::Node(id("b"))));
    desk.mouse(MouseKind::Click, cell.x, cell.y + cell.height);
    assert_eq!(desk.state.list(Panel::Nodes).selected, Some(RowId::Node(id("b"))), "beside the cells is no node");
    desk.mouse(MouseKind::DoubleClick, cell.x, cell.y);
    assert_eq!(desk.state.screen(), &Screen::Node(id("b")));
}

#[test]
fn the_wheel_scrolls_the_panel_under_it_whichever_has_the_keys() {
    let numbers: Vec<u64> = (1..=100).collect();
    let mut desk = Desk::new(2, (120, 40));
    desk.hear(&[described(0.0, "a"), described(0.0, "b"), sample(1.0, "a", tasks(&numbers, 1.0))]);
    assert_eq!(desk.state.level().panel, Panel::Nodes);
    let table = desk.state.areas().rows(1);
    desk.mouse(MouseKind::WheelDown, table.x, table.y);
    assert_eq!((desk.state.list(Panel::Nodes).offset, desk.state.list(Panel::Tasks).offset), (0, 3));
}

proptest::proptest! {
    /// Whatever is pressed, clicked, resized and heard in whatever order: no panic, and what is shown hangs together.
    #[test]
    fn any_doing_is_survived(doings in proptest::collection::vec((0u8..40, 0u16..220, 0u16..60), 1..120)) {
        let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
        for (what, x, y) in doings {
            do_something(&mut desk, what, x, y);
            let panel = desk.state.level().panel;
            let (rows, height) = (desk.state.rows(panel), desk.state.page_rows());
            let first = desk.state.list(panel).first_row(&rows, height);
            assert!(first <= rows.len());
            assert!(desk.state.screen().panels().contains(&panel));
            if let Some(at) = desk.state.list(panel).position(&rows) && height > 0 {
                assert!((first..first + height).contains(&at), "the selection is on the page");
            }
            desk.state.findings();
            desk.state.timeline_cells(usize::from(x));
        }
    }
}

fn do_something(desk: &mut Desk, what: u8, x: u16, y: u16) {
    let keys =
        ['j', 'k', 'g', 'G', '0', '3', '>', '<', 'i', '/', '!', 't', ' ', '?', 'f', 'T', '[', ']', 'H', 'y', ':', 'm'];
    let next = desk.now + 0.5;
    match what {
        0..22 => desk.keys(&keys[usize::from(what)].to_string()),
        22 => desk.key(Key::Enter),
        23 => desk.key(Key::Esc),
        24 => desk.key(Key::Tab),
        25 => desk.key(Key::End),
        26 => desk.key(Key::PageDown),
        27 => desk.key(Key::Backspace),
        28 => desk.mouse(MouseKind::Click, x, y),
        29 => desk.mouse(MouseKind::DoubleClick, x, y),
        30 => desk.mouse(MouseKind::WheelDown, x, y),
        31 => desk.input(Input::Resize(x, y)),
        32 => desk.hear(&[tick(next)]),
        33 => desk.hear(&[down(next, "a")]),
        34 => desk.hear(&[up(next, "a"), described_as(next, "a", &address("a"), u64::from(y))]),
        35 => desk.hear(&[stamped(next, Event::Reset)]),
        36 => desk.hear(&[rows(next, "a", TABLE_ID, tasks(&[u64::from(x), u64::from(y)], next))]),
        37 => desk.hear(&[details(next, "a", Some(task(u64::from(x % 4), next, 0.0, 0.0)), tasks(&[8, 9], next))]),
        _ => desk.hear(&[sample(next, "a", busy(&[(u64::from(x % 9), 0.3), (3, 0.9)], next))]),
    };
}

#[test]
fn every_key_at_every_size_is_survived() {
    let keys = ['j', 'k', 'g', 'G', '2', '>', 'i', '/', 'a', '?', 'f', 't', ' ', 'H', 'M', 'y', ':', 'b', 'm'];
    for size in [(1, 1), (2, 2), (20, 5), (0, 0), (300, 80)] {
        let mut desk = Desk::with(tasks(&[1, 2, 3], 1.0));
        desk.input(Input::Resize(size.0, size.1));
        for screen in 0..3 {
            for key in keys.map(Key::Char).into_iter().chain([Key::PageDown, Key::PageUp, Key::Tab, Key::Esc, Key::End])
            {
                desk.key(key).mouse(MouseKind::Click, 0, 0).mouse(MouseKind::WheelDown, 0, 0);
            }
            desk.key(Key::Enter);
            assert!(!desk.state.levels().is_empty(), "{screen}");
        }
    }
}

#[test]
fn what_a_host_calls_itself_is_copied_without_controls() {
    let mut desk = Desk::new(2, (80, 24));
    let mut hostile = described(0.0, "a");
    if let Event::Described(described) = &mut hostile.event {
        described.name = "a\r\nreboot\u{1b}[A\n".into();
    }
    desk.hear(&[hostile]).keys("jy");
    let Some(Effect::Copy(text)) = desk.effects.last() else { panic!("{:?}", desk.effects) };
    assert_eq!(text.lines().count(), 2, "{text:?}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn columns_are_scrolled_no_further_than_there_are_any() {
    let mut desk = Desk::with(tasks(&[7], 1.0));
    desk.keys("j").key(Key::Enter).key(Key::Tab);
    (0..20).for_each(|_| {
        desk.key(Key::Right);
    });
    let arranged =
        |desk: &Desk| heads::arrange(heads::CHILDREN, 200, desk.state.list(Panel::Children).n_columns_skipped, 0);
    let scrolled = arranged(&desk);
    assert_eq!(scrolled.len(), 2);
    desk.key(Key::Left);
    assert_ne!(arranged(&desk), scrolled, "the first key back scrolls back");
}

#[test]
fn the_help_scrolls_to_its_last_page_and_no_further() {
    let mut desk = Desk::new(1, (80, 14));
    desk.keys("?G");
    let last = keymap::n_help_lines() - 10;
    assert_eq!(desk.state.overlay, Some(Overlay::Help { scroll: last }));
    desk.keys("k");
    assert_eq!(desk.state.overlay, Some(Overlay::Help { scroll: last - 1 }));
}

#[test]
fn queues_of_which_nothing_is_known_come_last_also_turned_round() {
    use midair_vitals::{Queue, QueueKind, TaskReading, Unit};
    let queue = |number, drops| Queue {
        number: Some(number),
        drops,
        depth: Some(1),
        ..Queue::unknown(QueueKind::Listen, Unit::Connections)
    };
    let reading = |s: f64| {
        let n = s as u64;
        let queues = vec![queue(1, Some(n)), queue(2, None), queue(3, Some(5 * n))];
        TaskReading { queues: Some(queues.into()), ..task(7, s, 0.0, 0.0) }
    };
    let mut desk = Desk::with(vec![reading(1.0)]);
    desk.keys("j").key(Key::Enter).keys(":sort drops").key(Key::Enter);
    desk.hear(&[details(1.5, "a", Some(reading(2.0)), vec![]), details(2.5, "a", Some(reading(3.0)), vec![])]);
    let numbers = |desk: &Desk| -> Vec<_> {
        let rows = desk.state.rows(Panel::Queues).into_iter();
        rows.filter_map(|row| if let RowId::Queue(_, number) = row { number } else { None }).collect()
    };
    assert_eq!(numbers(&desk), [3, 1, 2]);
    desk.keys("i");
    assert_eq!(numbers(&desk), [1, 3, 2]);
}

#[test]
fn the_way_back_names_the_socket_that_was_watched() {
    for (address, wanted) in [("unix:/tmp/far.sock", "midair unix:/tmp/far.sock --go a"), ("embedded", "midair --go a")]
    {
        let mut desk = Desk::new(1, (80, 24));
        desk.hear(&[up_at(0.0, address), described_as(0.1, "a", address, 1)]).keys("y");
        let Some(Effect::Copy(text)) = desk.effects.last() else { panic!("{:?}", desk.effects) };
        assert_eq!(text.lines().last(), Some(wanted));
    }
}
