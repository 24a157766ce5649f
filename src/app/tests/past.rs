//! Moving in time.

use super::*;

/// A minute of two tasks whose load changes, with a table, a focus, a death, a loss and a cut link.
fn story() -> Vec<Stamped> {
    let mut story = vec![up(0.0, "a"), described(0.1, "a")];
    for s in 1..60u32 {
        let t = f64::from(s);
        if (30..36).contains(&s) {
            story.extend([tick(t), tick(t + 0.5)]);
            continue;
        }
        let mut rows_now = busy(&[(1, 0.9), (2, 0.1 * f64::from(s % 7))], t);
        rows_now.push(with_mailbox(task(3, t, 0.0, 0.0), u64::from(s * s)));
        story.push(sample_with(t, "a", |sample| {
            sample.tasks.clone_from(&rows_now);
            if s == 20 {
                sample.died = vec![task(9, 0.0, 0.0, 0.0).id];
            }
        }));
        let known = if s < 20 { tasks(&[9, 10], t) } else { tasks(&[10], t) };
        story.push(rows(t + 0.02, "a", TABLE_ID, known));
        story.push(details(t + 0.03, "a", Some(task(3, t, 0.0, 0.0)), tasks(&[4, 5], t)));
        story.push(tick(t + 0.5));
        match s {
            12 => story.push(stamped(t + 0.6, Event::Lost { node: id("a"), n_samples: Some(1) })),
            29 => story.push(down(t + 0.6, "a")),
            _ => {}
        }
    }
    story
}

/// What the feed does on a seek: forget, and tell anew up to a moment.
fn retell(desk: &mut Desk, story: &[Stamped], until: Stamp) {
    let reset = Stamped { at: at(desk.now), event: Event::Reset };
    update(&mut desk.state, Msg::Event(reset));
    for event in story.iter().filter(|event| event.at <= until) {
        update(&mut desk.state, Msg::Event(event.clone()));
    }
}

fn seeks(desk: &mut Desk) -> Vec<Effect> {
    let effects = std::mem::take(&mut desk.effects);
    effects.into_iter().filter(|e| matches!(e, Effect::Seek(_) | Effect::GoLive)).collect()
}

#[test]
fn after_a_seek_all_is_as_it_was_then() {
    let story = story();
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&story);
    for n in 0..50u64 {
        let to = at(1.0 + (n * 7919 % 5800) as f64 / 100.0);
        desk.state.playhead = Playhead::Past(to);
        retell(&mut desk, &story, to);
        let mut played = Model::new(desk.state.model.asked_interval_us);
        story.iter().filter(|event| event.at <= to).for_each(|event| played.apply(event));
        assert_eq!(desk.state.model, played, "at {to:?}");
    }
}

#[test]
fn the_time_line_keeps_what_lies_ahead_of_the_playhead() {
    let story = story();
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&story);
    let line = desk.state.timeline_cells(120);
    let to = at(10.0);
    desk.state.playhead = Playhead::Past(to);
    retell(&mut desk, &story, to);
    assert_eq!(desk.state.timeline_cells(120), line);
}

#[test]
fn back_and_live_again_is_as_if_one_had_never_left() {
    let story = story();
    let (early, late) = story.split_at(100);
    let mut left = Desk::new(1, (80, 24));
    left.hear(early).keys("t");
    let [Effect::Seek(to)] = seeks(&mut left)[..] else { panic!("one seek") };
    retell(&mut left, &story, to);
    // What arrives meanwhile is not known at the playhead; it is told on the way back.
    left.hear(&late[..20]);
    left.key(Key::End);
    assert_eq!(seeks(&mut left), [Effect::GoLive]);
    retell(&mut left, &story[..120], at(1e6));
    left.hear(&late[20..]);

    let mut stayed = Desk::new(1, (80, 24));
    stayed.hear(&story);
    assert_eq!(left.state.model, stayed.state.model);
    assert_eq!(left.state.timeline_cells(60), stayed.state.timeline_cells(60));
    assert_eq!(left.state.screen(), stayed.state.screen());
}

#[test]
fn nothing_is_asked_on_the_way_through_time() {
    let story = story();
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&story).controls();
    desk.keys(" j2");
    desk.key(Key::Enter);
    retell(&mut desk, &story, at(30.0));
    assert!(desk.controls().is_empty(), "what was not looked at then cannot be had");
    desk.key(Key::End);
    let reset = Stamped { at: at(desk.now), event: Event::Reset };
    desk.hear(&[reset]).hear(&story);
    assert!(desk.controls().is_empty(), "known things are being told");
    desk.hear(&[tick(70.0)]);
    assert_eq!(desk.controls().len(), 2, "the query's new order, and the focus");
}

#[test]
fn space_pauses_and_leads_back() {
    let mut desk = Desk::with(tasks(&[1], 1.0));
    desk.keys(" ");
    assert_eq!((desk.state.playhead, seeks(&mut desk)), (Playhead::Past(at(1.0)), vec![Effect::Seek(at(1.0))]));
    desk.hear(&[sample(2.0, "a", tasks(&[1, 2], 2.0))]);
    assert_eq!(desk.rows(), [1], "the screen stands");
    assert_eq!((desk.state.now(), desk.state.clock), (at(1.0), at(2.0)));
    desk.keys(" ");
    assert_eq!((desk.state.playhead, seeks(&mut desk)), (Playhead::Live, vec![Effect::GoLive]));
}

#[test]
fn only_end_and_space_go_live() {
    let mut desk = Desk::with(vec![]);
    desk.hear(&(2..9).map(|s| sample(f64::from(s), "a", vec![])).collect::<Vec<_>>());
    desk.keys("T");
    assert_eq!(desk.state.playhead, Playhead::Live);
    desk.keys("t");
    assert_eq!(desk.state.playhead, Playhead::Past(at(7.2)));
    desk.keys("[");
    assert_eq!(desk.state.playhead, Playhead::Past(at(1.2)));
    desk.keys("]]]");
    assert_eq!(desk.state.playhead, Playhead::Past(at(8.0)), "the newest is not now");
    desk.key(Key::End);
    assert_eq!(desk.state.playhead, Playhead::Live);
}

#[test]
fn a_click_on_the_time_line_goes_there() {
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&(0..500).map(|s| sample(f64::from(s), "a", vec![])).collect::<Vec<_>>());
    let chart = desk.state.areas().timeline_chart();
    desk.mouse(MouseKind::Click, chart.x + chart.width / 2, chart.y);
    let Playhead::Past(to) = desk.state.playhead else { panic!("live") };
    assert!((at(195.0)..at(215.0)).contains(&to), "{to:?}");
    let window = desk.state.window();
    let column = window.cell_of(to, usize::from(chart.width));
    assert_eq!(column, Some(usize::from(chart.width / 2)), "the playhead stands where the click was");
}

#[test]
fn a_selection_survives_a_step_in_time() {
    let story = story();
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&story).keys("3j");
    let selected = desk.selected();
    desk.keys("[");
    let [Effect::Seek(to)] = seeks(&mut desk)[..] else { panic!("one seek") };
    retell(&mut desk, &story, to);
    assert!(selected.is_some());
    assert_eq!(desk.selected(), selected);
    assert!(desk.rows().contains(&selected.unwrap()));
}

#[test]
fn a_note_in_the_past_is_about_then() {
    let mut desk = Desk::with(vec![]);
    let clock = Event::Clock { node: id("a"), offset_us: 250, uncertainty_us: 1, is_step: false };
    desk.hear(&[stamped(1.1, clock), sample(2.0, "a", vec![]), sample(3.0, "a", vec![])]).controls();
    desk.keys("tmhere").key(Key::Enter);
    let controls = desk.controls();
    let [Control::Mark { wall_us, .. }] = &controls[..] else { panic!("{controls:?}") };
    assert_eq!(*wall_us, Some(at(2.2).0 + 250));
}

#[test]
fn plus_and_minus_show_less_and_more_time_and_stop_at_both_ends() {
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&(0..500).map(|s| sample(f64::from(s), "a", vec![])).collect::<Vec<_>>());
    let minutes = |desk: &Desk| desk.state.window().span_us / (60 * S);
    assert_eq!(minutes(&desk), 10);
    desk.keys("+");
    assert_eq!(minutes(&desk), 5);
    desk.keys("+++");
    assert_eq!(minutes(&desk), 1);
    assert!(desk.state.message.is_some(), "there is nothing shorter");
    desk.keys("---------");
    assert_eq!(minutes(&desk), 1_440);
    assert_eq!(desk.state.message, None);
    desk.keys("-");
    assert!(desk.state.message.is_some(), "there is nothing longer");
}

#[test]
fn the_playhead_is_on_the_line_wherever_it_is() {
    let mut desk = Desk::new(1, (80, 24));
    desk.hear(&(0..700).map(|s| sample(f64::from(s), "a", vec![])).collect::<Vec<_>>());
    for seconds in [1, 300, 560, 595, 600, 605] {
        desk.keys(&format!("J{seconds}s")).key(Key::Enter);
        let Playhead::Past(at) = desk.state.playhead else { panic!("live") };
        let cell = desk.state.window().cell_of(at, 60);
        assert!(cell.is_some_and(|cell| cell > 0), "{seconds} s ago: {cell:?}");
        desk.key(Key::End);
    }
}
