use super::*;

const SECOND_US: u64 = 1_000_000;

fn reading(cpu_us: u64, names_us: u64, threads_us: u64) -> Measured {
    Measured { elapsed_us: SECOND_US, cpu_us, names_us, threads_us, ..Measured::default() }
}

/// A book on a level with so many readings of one kind.
struct Kept {
    book: Book,
    ladder: Ladder,
    level: usize,
}

impl Kept {
    fn new() -> Self {
        let ladder = Ladder::at(Duration::from_secs(1));
        Self { book: Book::new(ladder.n_steps()), ladder, level: 0 }
    }

    fn read(&mut self, n: usize, measured: Measured) {
        (0..n).for_each(|_| self.book.push(measured, &self.ladder, self.level));
    }

    fn go(&mut self, level: usize) {
        let from = std::mem::replace(&mut self.level, level);
        self.book.turn(&self.ladder, from, true);
    }

    /// What a level would make of it, per mille of a core.
    fn milli(&self, to: usize) -> f64 {
        let costs = self.book.costs(false).unwrap();
        (self.book.milli(&self.ladder, (self.level, costs), to) * 1e3).round() / 1e3
    }

    /// The first level with such words.
    fn level(&self, words: &str) -> usize {
        (0..=self.ladder.n_steps()).find(|n| self.ladder.words(*n).last().is_some_and(|last| last == words)).unwrap()
    }
}

#[test]
fn what_is_measured_by_itself_is_made_cheaper_by_its_own_steps_only() {
    let mut kept = Kept::new();
    kept.read(5, reading(10_000, 2_000, 4_000));
    assert_eq!((kept.milli(0), kept.milli(1)), (10.0, 9.0), "half of the names");
    let threads = kept.level("threads within 2 s");
    assert_eq!(kept.milli(threads - 1), 8.125, "names are a sixteenth, and there are no sockets");
    assert_eq!(kept.milli(threads), 6.125);
    assert_eq!(kept.milli(kept.level("a sample every 2 s")), {
        let sample_us = 125.0 + 4_000.0 / 60.0 + 4_000.0 / 1.15f64.powi(5);
        (sample_us / 2.0).round() / 1e3
    });
}

#[test]
fn a_step_that_turned_out_to_save_nothing_is_known_to_save_nothing() {
    let mut kept = Kept::new();
    kept.read(8, reading(20_000, 0, 8_000));
    let (from, to) = (kept.level("sockets every 60 s"), kept.level("threads within 10 s"));
    kept.go(from);
    kept.read(8, reading(20_000, 0, 8_000));
    assert_eq!(kept.milli(to), 12.8);
    kept.go(to);
    kept.read(N_LEARNED + 1, reading(20_000, 0, 8_000));
    assert_eq!(kept.milli(from), 20.0, "and to cost nothing when it is given back");
    kept.go(kept.level("threads within 60 s"));
    kept.read(N_LEARNED + 1, reading(13_000, 0, 1_000));
    assert_eq!(kept.milli(from), 20.0, "what the next ones save is known, too");
}

#[test]
fn one_dear_reading_among_others_is_no_cost_of_a_level() {
    let mut kept = Kept::new();
    kept.read(4, reading(5_000, 0, 0));
    kept.read(1, reading(90_000, 0, 0));
    kept.read(1, reading(5_000, 0, 0));
    assert_eq!((kept.milli(0), kept.book.mean_milli()), (5.0, 5.0));
    kept.read(1, reading(90_000, 0, 0));
    assert!(kept.book.mean_milli() > 15.0, "two are more than chance");
}

#[test]
fn the_first_reading_of_a_level_catches_up_and_is_not_judged_by() {
    let mut kept = Kept::new();
    kept.read(5, reading(5_000, 0, 0));
    kept.go(3);
    kept.read(1, reading(50_000, 0, 0));
    assert_eq!(kept.milli(3), 50.0, "there is no other yet");
    kept.read(1, reading(4_000, 0, 0));
    assert_eq!(kept.milli(3), 4.0);
}

#[test]
fn what_is_known_of_a_step_fades() {
    let mut kept = Kept::new();
    kept.read(8, reading(12_000, 10_000, 0));
    kept.go(1);
    kept.read(8, reading(3_000, 1_000, 0));
    assert_eq!(kept.milli(0), 12.0);
    (0..60).for_each(|_| kept.book.fade(&kept.ladder, 1));
    assert!(kept.milli(0) < 4.0, "it is worth another trial: {}", kept.milli(0));
}
