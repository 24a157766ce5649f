use super::{node::ClockOffset, script::*, *};
use crate::event::{Event, Mark};
use midair_vitals::{Order, TaskId};

fn node(model: &Model) -> &Node {
    model.node(&id("a")).unwrap()
}

fn numbers(model: &Model) -> Vec<u64> {
    node(model).tasks.keys().map(|id| id.number).collect()
}

fn row(model: &Model, number: u64) -> &Task {
    node(model).tasks.values().find(|t| t.id().number == number).unwrap()
}

#[test]
fn rates_follow_from_two_samples() {
    let model = told(&[
        described(0.0, "a"),
        sample(1.0, "a", vec![task(7, 1.0, 10.0, 1.0)]),
        sample(2.0, "a", vec![task(7, 2.0, 10.5, 1.25)]),
    ]);
    let vitals = &row(&model, 7).vitals;
    assert_eq!((vitals.cpu, vitals.delay), (Some(0.5), Some(0.25)));
    let latest = node(&model).latest.as_ref().unwrap();
    assert_eq!(latest.vitals.cpu, Some(0.5));
    assert_eq!(latest.vitals.severities.mem.unwrap().percent(), 50);
}

#[test]
fn a_row_that_enters_has_its_first_rate_at_once() {
    let entering = entering(task(7, 2.0, 10.5, 0.0), &task(7, 1.0, 10.0, 0.0));
    let model = told(&[described(0.0, "a"), sample(2.0, "a", vec![entering])]);
    assert_eq!(row(&model, 7).vitals.cpu, Some(0.5));
}

#[test]
fn a_row_that_comes_back_takes_the_newer_baseline() {
    let back = entering(task(7, 5.0, 20.5, 0.0), &task(7, 4.0, 20.0, 0.0));
    let model = told(&[sample(1.0, "a", vec![task(7, 1.0, 10.0, 0.0)]), sample(5.0, "a", vec![back])]);
    assert_eq!(row(&model, 7).vitals.cpu, Some(0.5));
}

#[test]
fn a_lost_sample_costs_resolution_not_truth() {
    let model = told(&[
        sample(1.0, "a", vec![task(7, 1.0, 10.0, 0.0)]),
        stamped(4.0, Event::Lost { node: id("a"), n_samples: Some(2) }),
        sample(4.0, "a", vec![task(7, 4.0, 11.5, 0.0)]),
    ]);
    assert_eq!(row(&model, 7).vitals.cpu, Some(0.5));
    assert_eq!(node(&model).lost().n, 2);
}

#[test]
fn a_loss_that_nobody_counted_is_one_at_the_least() {
    let lost = |s: f64, n_samples| stamped(s, Event::Lost { node: id("a"), n_samples });
    let model = told(&[sample(1.0, "a", vec![]), lost(1.2, Some(2))]);
    assert_eq!((node(&model).lost().n, node(&model).lost().is_least), (2, false));
    let model = told(&[sample(1.0, "a", vec![]), lost(1.2, Some(2)), lost(3.0, None)]);
    assert_eq!((node(&model).lost().n, node(&model).lost().is_least), (3, true));
}

#[test]
fn losses_are_forgotten_after_ten_minutes() {
    let lost = stamped(1.0, Event::Lost { node: id("a"), n_samples: Some(2) });
    let model = told(&[sample(0.5, "a", vec![]), lost, sample(602.0, "a", vec![])]);
    assert_eq!(node(&model).lost().n, 0);
}

#[test]
fn one_look_told_twice_keeps_its_rates() {
    let reading = || task(7, 2.0, 10.5, 0.0);
    let model = told(&[
        sample(1.0, "a", vec![task(7, 1.0, 10.0, 0.0)]),
        sample(2.0, "a", vec![reading()]),
        rows(2.01, "a", 1, vec![reading()]),
    ]);
    assert_eq!(row(&model, 7).vitals.cpu, Some(0.5));
    assert_eq!(row(&model, 7).series.len(), 2);
}

#[test]
fn a_new_epoch_compares_nothing_with_the_old_one() {
    let model = told(&[
        described(0.0, "a"),
        sample(100.0, "a", vec![task(7, 100.0, 10.0, 0.0)]),
        described_as(101.0, "a", &address("a"), 2),
        sample_with(102.0, "a", |sample| {
            sample.epoch = 2;
            sample.tasks = vec![task(8, 102.0, 99.0, 0.0)];
        }),
    ]);
    assert_eq!(numbers(&model), [8]);
    assert_eq!(row(&model, 8).vitals.cpu, None);
    assert_eq!(node(&model).latest.as_ref().unwrap().vitals.cpu, None);
}

#[test]
fn another_task_under_the_same_number_is_another_row() {
    let mut second = task(7, 2.0, 0.1, 0.0);
    second.id = TaskId { start: 200, ..second.id };
    let first = task(7, 1.0, 10.0, 0.0);
    let dead = first.id;
    let model = told(&[
        sample(1.0, "a", vec![first]),
        sample_with(2.0, "a", |sample| (sample.tasks, sample.died) = (vec![second], vec![dead])),
    ]);
    assert_eq!(node(&model).tasks.len(), 1);
    assert_eq!(row(&model, 7).vitals.cpu, None);
}

#[test]
fn a_wall_clock_that_jumps_changes_no_rate() {
    let model = told(&[
        sample(1.0, "a", vec![task(7, 1.0, 10.0, 0.0)]),
        sample_with(2.0, "a", |sample| {
            sample.wall_us -= 3600 * S;
            sample.tasks = vec![task(7, 2.0, 10.5, 0.0)];
        }),
    ]);
    assert_eq!(row(&model, 7).vitals.cpu, Some(0.5));
}

#[test]
fn rows_that_left_the_stream_are_held_for_ten_ticks() {
    let mut story = vec![sample(1.0, "a", vec![task(7, 1.0, 1.0, 0.0)])];
    story.extend((2..=11).map(|s| sample(f64::from(s), "a", vec![])));
    assert_eq!(numbers(&told(&story)), [7]);
    story.push(sample(12.0, "a", vec![]));
    assert!(numbers(&told(&story)).is_empty());
}

#[test]
fn died_rows_leave_at_once() {
    let reading = task(7, 1.0, 1.0, 0.0);
    let dead = reading.id;
    let story = [sample(1.0, "a", vec![reading]), sample_with(2.0, "a", |sample| sample.died = vec![dead])];
    assert!(numbers(&told(&story)).is_empty());
}

#[test]
fn rows_missing_from_the_newest_answer_leave_unless_the_stream_has_them() {
    let reading = |number, s| task(number, s, 1.0, 0.0);
    let model = told(&[
        sample(1.0, "a", vec![reading(1, 1.0)]),
        rows(1.0, "a", 1, vec![reading(1, 1.0), reading(2, 1.0), reading(3, 1.0)]),
        rows(2.0, "a", 1, vec![reading(3, 2.0)]),
    ]);
    assert_eq!(numbers(&model), [1, 3]);
}

#[test]
fn rows_of_a_query_that_was_ended_leave_after_the_hold() {
    let mut story = vec![sample(1.0, "a", vec![]), rows(1.0, "a", 1, vec![task(2, 1.0, 1.0, 0.0)])];
    story.extend((2..=11).map(|s| sample(f64::from(s), "a", vec![])));
    assert_eq!(numbers(&told(&story)), [2]);
    story.push(sample(12.0, "a", vec![]));
    assert!(numbers(&told(&story)).is_empty());
    assert!(node(&told(&story)).answers.is_empty());
}

#[test]
fn a_focus_keeps_the_last_values_of_a_task_that_ended() {
    let reading = task(7, 1.0, 1.0, 0.0);
    let focused = reading.id;
    let story = [
        details(1.0, "a", Some(reading), vec![task(8, 1.0, 1.0, 0.0)]),
        details(2.0, "a", None, vec![]),
        sample(60.0, "a", vec![]),
    ];
    let model = told(&story);
    let focus = node(&model).focus_on(focused).unwrap();
    assert!(focus.has_ended);
    assert_eq!(focus.children.len(), 1);
}

#[test]
fn a_focus_goes_on_from_what_the_table_knew() {
    let model = told(&[
        sample(1.0, "a", vec![task(7, 1.0, 1.0, 0.0)]),
        sample(2.0, "a", vec![task(7, 2.0, 1.5, 0.0)]),
        details(2.1, "a", Some(task(7, 2.1, 1.55, 0.0)), vec![]),
    ]);
    let focus = node(&model).focuses.values().next().unwrap();
    assert_eq!(focus.task.series.len(), 3);
    assert!((focus.task.vitals.cpu.unwrap() - 0.5).abs() < 1e-9);
}

#[test]
fn an_address_becomes_the_node_that_answers_there() {
    let model = told(&[up(0.0, "a")]);
    assert!(model.node(&id("a:7070")).is_some());
    let model = told(&[up(0.0, "a"), described(0.1, "a")]);
    assert_eq!(model.nodes.keys().cloned().collect::<Vec<_>>(), [id("a")]);
    assert!(matches!(node(&model).link, LinkState::Up { .. }));
}

#[test]
fn a_cut_link_silences_and_two_samples_bring_back() {
    let mut story = vec![up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", vec![]), down(2.0, "a")];
    let silent_since = |story: &[_]| node(&told(story)).presence.silent_since();
    assert_eq!(silent_since(&story), Some(at(1.0)));
    assert!(node(&told(&story)).latest.is_some(), "the last values stay");
    story.extend([up(9.0, "a"), described(9.1, "a"), sample(10.0, "a", vec![])]);
    assert_eq!(silent_since(&story), Some(at(1.0)));
    story.push(sample(11.0, "a", vec![]));
    assert_eq!(silent_since(&story), None);
}

#[test]
fn a_node_that_is_watched_no_more_leaves_unless_it_answers_elsewhere() {
    let story = [described_as(0.1, "a", "one", 1), sample(1.0, "a", vec![]), left(2.0, "one"), left(3.0, "never")];
    assert_eq!(told(&story).nodes.len(), 0);
    let moved = [described_as(0.1, "a", "one", 1), described_as(1.0, "a", "two", 1), left(2.0, "one"), tick(3.0)];
    let model = told(&moved);
    assert_eq!(&*node(&model).address, "two");
    assert!(!model.links.contains_key("one"));
}

#[test]
fn silence_is_told_by_ticks() {
    let mut story = vec![up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", vec![])];
    for half_seconds in 3..=12 {
        story.push(tick(f64::from(half_seconds) / 2.0));
    }
    assert!(node(&told(&story[..story.len() - 1])).presence.is_late());
    assert!(node(&told(&story)).presence.is_silent());
}

#[test]
fn a_slower_interval_is_not_silence() {
    let mut model = Model::new(60 * S);
    let story = [up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", vec![]), tick(100.0)];
    story.iter().for_each(|event| model.apply(event));
    assert_eq!(node(&model).presence, Presence::Live);
}

/// Agents at `a:7070` (epoch 1) and at `b:7070` (epoch 99), both of them calling themselves `a`.
fn rivals() -> Vec<crate::event::Stamped> {
    vec![
        up(0.0, "a"),
        described(0.1, "a"),
        sample(1.0, "a", vec![task(7, 1.0, 1.0, 0.0)]),
        up_at(1.1, "b:7070"),
        described_as(1.2, "a", "b:7070", 99),
        sample_with(1.5, "a", |sample| sample.epoch = 99),
    ]
}

#[test]
fn two_live_agents_with_one_id_are_a_conflict() {
    let model = told(&rivals());
    assert_eq!(node(&model).conflict.as_deref(), Some("b:7070"));
    assert_eq!(node(&model).epoch, Some(1));
    assert_eq!(numbers(&model), [7], "the first one is shown");
}

#[test]
fn of_two_rivals_the_one_that_stays_is_shown() {
    let mut story = rivals();
    story.push(down(2.0, "a"));
    let alive = |s: f64| sample_with(s, "a", |sample| sample.epoch = 99);
    story.extend([alive(3.0), alive(4.0)]);
    let model = told(&story);
    assert_eq!((node(&model).conflict.clone(), node(&model).epoch), (None, Some(99)));
    assert_eq!(node(&model).presence, Presence::Live);
}

#[test]
fn a_restarted_agent_at_another_address_is_no_conflict_when_the_old_link_is_down() {
    let story =
        [up(0.0, "a"), described(0.1, "a"), down(1.0, "a"), up_at(1.1, "b:7070"), described_as(1.2, "a", "b:7070", 2)];
    assert_eq!(node(&told(&story)).conflict, None);
    assert_eq!(&*node(&told(&story)).address, "b:7070");
}

#[test]
fn reset_forgets_everything_but_the_interval() {
    let mut model = Model::new(2 * S);
    [described(0.0, "a"), sample(1.0, "a", vec![])].iter().for_each(|event| model.apply(event));
    model.apply(&stamped(2.0, Event::Reset));
    assert_eq!(model, Model::new(2 * S));
}

#[test]
fn cluster_time_is_the_agents_wall_time_without_its_offset() {
    let clock = ClockOffset { offset_us: 5, uncertainty_us: 1 };
    assert_eq!(clock.to_cluster(105), Stamp(100));
    let clock = ClockOffset { offset_us: -5, uncertainty_us: 1 };
    assert_eq!(clock.to_cluster(95), Stamp(100));
}

#[test]
fn growth_of_a_mailbox_is_over_ten_seconds() {
    let story: Vec<_> = (0..30)
        .map(|s| sample(f64::from(s), "a", vec![with_mailbox(task(7, f64::from(s), 0.0, 0.0), 100 * s as u64)]))
        .collect();
    let model = told(&story);
    let (queue, vitals) = row(&model, 7).worst_queue().unwrap();
    assert_eq!((queue.depth, vitals.growth), (Some(2900), Some(100.0)));
}

#[test]
fn memory_that_grows_says_when_it_is_full() {
    let story: Vec<_> = (0..12)
        .map(|s| sample_with(s as f64, "a", |sample| sample.reading.mem_available_bytes = Some((500 - 10 * s) << 20)))
        .collect();
    let latest = told(&story).nodes[&id("a")].latest.clone().unwrap();
    assert_eq!(latest.mem_growth, Some(f64::from(10 << 20)));
    assert_eq!(latest.mem_full_in, Some(39.0));
}

#[test]
fn counts_and_spread_leave_out_the_silent() {
    let model = told(&[sample(1.0, "a", vec![]), sample(1.0, "b", vec![]), up(1.0, "c"), down(1.1, "c")]);
    let counts = model.counts();
    assert_eq!((counts.n_nodes, counts.n_live, counts.n_silent), (3, 2, 1));
    assert_eq!(model.spread(Vital::Mem).unwrap().worst.percent(), 50);
}

#[test]
fn nodes_are_grouped_by_label() {
    let model = told(&[described(0.0, "b"), described(0.0, "a"), up(0.0, "c")]);
    let groups = model.groups(Some("role"));
    let names = |n: usize| groups[n].nodes.iter().map(|id| &*id.0).collect::<Vec<_>>();
    assert_eq!((groups[0].value.clone(), names(0)), (None, vec!["c:7070"]));
    assert_eq!((groups[1].value.as_deref(), names(1)), (Some("chat"), vec!["a", "b"]));
}

#[test]
fn a_mark_stands_where_its_note_is_about() {
    let mark = Mark {
        node: Some(id("a")),
        wall_us: at(5.0).0 + 3 * S,
        text: "release".into(),
        author: None,
        focus: None,
        is_automatic: false,
    };
    let clock = Event::Clock { node: id("a"), offset_us: 3 * S as i64, uncertainty_us: 0, is_step: false };
    let (mut model, mut timeline) = (Model::default(), Timeline::default());
    for event in [described(0.0, "a"), stamped(1.0, clock), stamped(9.0, Event::Mark(mark))] {
        model.apply(&event);
        timeline.apply(&model, &event);
    }
    assert_eq!(timeline.flags.on(None)[0].at, at(5.0));
}

#[test]
fn standing_by_each_order_ranks_the_higher_first_and_the_unknown_last() {
    let high = |s: f64| with_mailbox(task(9, s, 9.0 * s, 5.0 * s), (9000.0 * s) as u64);
    let low = |s: f64| with_mailbox(task(3, s, 3.0 * s, 1.0 * s), (10.0 * s) as u64);
    let nothing = |s: f64| {
        let (id, at_us) = (TaskId { runtime: 0, number: 1, start: 1 }, (s * 1e6) as u64);
        midair_vitals::TaskReading::unknown(id, midair_vitals::TaskKind::Process, at_us)
    };
    let tasks = |s| vec![high(s), low(s), nothing(s)];
    let model = told(&[sample(1.0, "a", tasks(1.0)), sample(2.0, "a", tasks(2.0))]);
    for order in [Order::Severity, Order::Cpu, Order::Delay, Order::Mem, Order::Queue, Order::QueueGrowth] {
        for is_inverted in [false, true] {
            let mut rows: Vec<_> =
                node(&model).tasks.values().map(|t| (rank::Standing::of_task(order, t), t.id().number)).collect();
            rows.sort_by(|(a, _), (b, _)| a.compare(b, is_inverted));
            let numbers: Vec<u64> = rows.into_iter().map(|(_, number)| number).collect();
            let expected = if is_inverted { [3, 9, 1] } else { [9, 3, 1] };
            assert_eq!(numbers, expected, "{order:?} inverted {is_inverted}");
        }
    }
}

#[test]
fn losses_however_many_stay_in_bounds() {
    let lost = |s: f64| stamped(s, Event::Lost { node: id("a"), n_samples: Some(u64::MAX) });
    let story: Vec<_> = (0..2_000).map(|n| lost(1.0 + f64::from(n) / 1_000.0)).collect();
    let model = told(&story);
    assert_eq!((node(&model).lost().n, node(&model).losses.len()), (u64::MAX, 2));
    let model = told(&[lost(1.0), lost(700.0)]);
    assert_eq!(node(&model).losses.len(), 1, "forgotten without a sample, too");
}

#[test]
fn answers_that_nobody_asked_for_stay_in_bounds() {
    let ahead = |n: u32| f64::from(n) + 1_000_000.0;
    let mut story: Vec<_> = (0..50).map(|n| rows(ahead(n), "a", n, vec![task(n.into(), ahead(n), 1.0, 0.0)])).collect();
    story.extend((0..50).map(|n| {
        let mut details = details(ahead(n), "a", Some(task(n.into(), ahead(n), 1.0, 0.0)), vec![]);
        if let Event::Details(details) = &mut details.event {
            details.id = n;
        }
        details
    }));
    let model = told(&story);
    assert_eq!((node(&model).answers.len(), node(&model).focuses.len()), (8, 4));
    assert_eq!(numbers(&model), (42..50).collect::<Vec<u64>>(), "rows leave with their answer");
}

#[test]
fn cgroups_and_namespaces_leave_with_the_stream() {
    let with = |s: f64, paths: &[&str]| {
        sample_with(s, "a", |sample| {
            sample.cgroups = paths.iter().map(|path| cgroup(path, s, 2.0 * s, 0.0)).collect();
            sample.namespaces = vec![namespace(7, s, 0)];
        })
    };
    let mut model = told(&[with(1.0, &["/x", "/y"]), with(2.0, &["/x"])]);
    assert_eq!(node(&model).cgroups.keys().map(|path| &**path).collect::<Vec<_>>(), ["/x"]);
    assert_eq!((node(&model).cgroups["/x"].vitals.cpu, node(&model).namespaces.len()), (Some(2.0), 1));
    model.apply(&sample(3.0, "a", vec![]));
    assert!(node(&model).cgroups.is_empty() && node(&model).namespaces.is_empty());
}

#[test]
fn a_close_look_tells_where_the_task_runs_and_what_a_probe_counts() {
    let looked = |s: f64| {
        let mut told = details(s, "a", Some(task(7, s, 0.0, 0.0)), vec![]);
        if let Event::Details(details) = &mut told.event {
            let n = s as u64;
            let unit = midair_vitals::Unit::Messages;
            details.cgroup = Some(cgroup("/chat.service", s, 0.5 * s, 0.0));
            details.namespace = Some(namespace(12, s, 10 * n));
            details.probed = Some(vec![midair_vitals::Flow { unit, n_in: Some(2_000 * n), n_out: Some(300 * n) }]);
            details.probe_us = Some(4_000 * n);
        }
        told
    };
    let focus_after = |events: &[crate::event::Stamped]| node(&told(events)).focuses[&2].clone();
    let first = focus_after(&[looked(1.0)]);
    let probe = first.probe.as_ref().unwrap();
    assert_eq!((probe.rates[0].rate_in, probe.cost_share), (None, None), "one look is no rate");
    let second = focus_after(&[looked(1.0), looked(2.0)]);
    let probe = second.probe.as_ref().unwrap();
    assert_eq!((probe.rates[0].rate_in, probe.rates[0].rate_out), (Some(2_000.0), Some(300.0)));
    assert!((probe.cost_share.unwrap() - 0.004).abs() < 1e-9);
    assert_eq!(second.cgroup.unwrap().vitals.cpu, Some(0.5));
    assert_eq!(second.namespace.unwrap().listen_drops.sum(), Some(10));
    let gone = focus_after(&[looked(1.0), looked(2.0), details(3.0, "a", Some(task(7, 3.0, 0.0, 0.0)), vec![])]);
    assert_eq!((gone.probe, gone.cgroup), (None, None), "what is no longer told is not known");
}

#[test]
fn each_cpu_has_its_use_its_waiters_and_their_delay() {
    let at = |s: f64| {
        sample_with(s, "a", |sample| {
            let n = s as u64;
            let times = |busy: u64| midair_vitals::CpuTimes {
                user_us: Some(n * busy),
                system_us: Some(0),
                irq_us: Some(n * 100_000),
                ..midair_vitals::CpuTimes::default()
            };
            sample.reading.cpus = vec![(1, times(800_000)), (0, times(100_000))];
            let run_delay_us = Some(n * 340_000);
            sample.reading.cpu_queues = vec![midair_vitals::CpuQueue { number: 1, n_queued: Some(3), run_delay_us }];
        })
    };
    let model = told(&[at(1.0), at(2.0)]);
    let cpus = &node(&model).latest.as_ref().unwrap().cpus;
    assert_eq!((cpus[0].number, cpus[0].busy, cpus[0].n_queued, cpus[0].delay), (0, Some(0.2), None, None));
    assert_eq!((cpus[1].busy, cpus[1].interrupts), (Some(0.9), Some(0.1)));
    assert_eq!((cpus[1].n_queued, cpus[1].delay), (Some(3), Some(0.34)));
}

#[test]
fn depths_of_two_queues_are_not_one_curve() {
    let with = |s: f64, number: u64, depth: u64| {
        let queue = midair_vitals::Queue {
            number: Some(number),
            depth: Some(depth),
            ..midair_vitals::Queue::unknown(midair_vitals::QueueKind::Unix, midair_vitals::Unit::Messages)
        };
        sample(s, "a", vec![midair_vitals::TaskReading { queues: Some([queue].into()), ..task(7, s, 0.0, 0.0) }])
    };
    let model = told(&[with(1.0, 5, 900), with(2.0, 6, 10), with(3.0, 6, 20)]);
    let window = Window { end: at(3.0), span_us: 3 * S };
    let cells = row(&model, 7).cells(TaskValue::Depth, window, 6, 0);
    assert_eq!(cells, [None, None, None, None, Some(10.0), Some(20.0)]);
}

#[test]
fn a_raised_budget_is_told_by_the_agents_own_clock() {
    let clock = Event::Clock { node: id("a"), offset_us: 60 * S as i64, uncertainty_us: 0, is_step: false };
    let raised = sample_with(1.0, "a", |sample| {
        let budget_until_us = Some(at(300.0).0 + 60 * S);
        sample.cost = Some(crate::event::Cost { budget_until_us, ..crate::event::Cost::default() });
    });
    let model = told(&[described(0.0, "a"), stamped(0.5, clock), raised]);
    assert_eq!(node(&model).raised_for_us(at(240.0)), Some(60 * S));
    assert_eq!(node(&model).raised_for_us(at(301.0)), None);
}

#[test]
fn a_dashboard_that_was_held_up_blames_no_node() {
    let mut story = vec![up(0.0, "a"), described(0.1, "a"), sample(1.0, "a", vec![]), tick(1.5), tick(8.0)];
    let model = told(&story);
    assert_eq!((&node(&model).presence, model.found.held_up), (&Presence::Live, Some((at(8.0), 6_500_000))));
    let said: Vec<_> = finding::findings(&model, None, at(8.0)).into_iter().map(|one| one.subject.topic).collect();
    assert_eq!(said, [], "one node alone");
    story.push(tick(8.5));
    assert!(node(&told(&story)).presence.is_silent(), "what came meanwhile has been read, and nothing did");
}
