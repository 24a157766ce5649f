use super::*;

/// A source that does what its script says, reading by reading.
struct Scripted<F>(F);

impl<F: FnMut(&mut Reading) + Send> Source for Scripted<F> {
    fn read(&mut self, _: &Wants, into: &mut Reading) {
        (self.0)(into);
    }
}

fn state(name: &'static str) -> SourceState {
    SourceState::new(name, Health::Ok)
}

#[test]
fn the_first_readings_come_early_and_then_on_the_grid() {
    let grid = Grid { start_us: 1_000, interval_us: 1_000_000 };
    assert_eq!(grid.next_us(21_000), 230_000, "the second reading 250 ms after the first");
    assert_eq!(grid.next_us(251_000), 750_000);
    assert_eq!(grid.next_us(1_011_000), 990_000);
    assert_eq!(grid.next_us(3_501_000), 500_000, "a moment that was missed is left out");
    assert_eq!(grid.next_us(3_991_000), 1_010_000, "and never made up for by two in a row");
}

#[test]
fn short_intervals_keep_their_grid() {
    let grid = Grid { start_us: 0, interval_us: 250_000 };
    let mut now_us = 0;
    for _ in 0..10 {
        now_us += grid.next_us(now_us + 5_000) + 5_000;
    }
    assert_eq!(now_us, 2_500_000);
}

#[test]
fn a_source_that_panics_is_off_and_the_others_go_on() {
    let mut n = 0;
    let frail = Scripted(move |into: &mut Reading| {
        n += 1;
        let id = midair_vitals::TaskId { runtime: 0, number: 1, start: 1 };
        into.tasks.push(midair_vitals::TaskReading::unknown(id, midair_vitals::TaskKind::Process, 1));
        assert!(n < 2, "reading {n} went wrong");
        into.sources.push(state("frail"));
    });
    let sound = Scripted(|into: &mut Reading| into.sources.push(state("sound")));
    let mut readers = Readers::new(vec![Box::new(frail), Box::new(sound)]);
    let clock = Clock::scripted(5);
    for reading in 1..=3 {
        let reading_of = readers.read(&Wants::default(), &clock);
        assert_eq!(reading_of.tasks.len(), usize::from(reading == 1), "half a list is none");
        let states: Vec<_> = reading_of.sources.iter().map(|s| (s.name, &s.health)).collect();
        let [("frail", frail), ("sound", Health::Ok)] = states.as_slice() else { panic!("{states:?}") };
        match (reading, frail) {
            (1, Health::Ok) => {}
            (_, Health::Off(why)) => assert!(why.contains("reading 2 went wrong") && why.contains("restart"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_time_of_a_reading_is_booked_once() {
    let mut states = [SourceState { cpu_us: Some(300), ..state("a") }, state("b"), state("c")];
    charge(&mut states, 1_000);
    assert_eq!(states.map(|s| s.cpu_us), [Some(300), Some(700), None]);
}

#[test]
fn a_source_that_is_switched_off_is_not_read_says_so_and_comes_back() {
    let mut n = 0;
    let counted = Scripted(move |into: &mut Reading| {
        n += 1;
        into.node.load1_milli = Some(n);
        into.sources.push(state("counted"));
    });
    let mut readers = Readers::new(vec![Box::new(counted)]);
    let clock = Clock::scripted(5);
    let off = Off::of([("source".to_owned(), "switched off by /x/source: too dear".into())]);
    let mut read = |off: &Off| {
        let reading = readers.read(&Wants { off: off.clone(), ..Wants::default() }, &clock);
        (reading.node.load1_milli, reading.sources[0].health.clone())
    };
    assert_eq!(read(&Off::default()), (Some(1), Health::Ok));
    for _ in 0..2 {
        assert_eq!(read(&off), (None, Health::Off("switched off by /x/source: too dear".into())));
    }
    assert_eq!(read(&Off::default()), (Some(2), Health::Ok));
}

#[test]
fn a_stretched_interval_is_counted_from_the_last_reading() {
    let grid = Grid { start_us: 0, interval_us: 1_000_000 };
    assert!(!grid.is_due(3_000_000, 0, 4));
    assert!(grid.is_due(4_000_500, 0, 4));
    assert!(grid.is_due(3_999_000, 0, 4), "a wake that is a hair early");
    assert!(grid.is_due(4_000_000, 20_000, 4), "a reading that came a hair late");
}
