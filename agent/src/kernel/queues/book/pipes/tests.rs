use midair_vitals::QueueKind;

use super::*;
use crate::kernel::queues::book::Look;

const READS: PipeEnd = PipeEnd { can_read: true, can_write: false };
const WRITES: PipeEnd = PipeEnd { can_read: false, can_write: true };

fn pipe(number: u64, depth: u64) -> Object {
    let mut object = Object::bare(Kind::Pipe, number);
    object.receive.depth = Some(depth);
    object
}

/// A book with the processes 10, 20 and 30, in order of their start.
fn book() -> (Book, [Place; 3]) {
    let mut book = Book::default();
    begin(&mut book);
    let places = [10, 20, 30].map(|pid| book.holders.find(pid).unwrap());
    (book, places)
}

fn begin(book: &mut Book) {
    book.begin(1_000_000, &[(10, 1), (20, 2), (30, 3)], std::iter::empty());
}

fn end_round(book: &mut Book, looked_at: &[Place]) {
    looked_at.iter().for_each(|at| book.end_look(*at, Look::Open { n_files: 2 }));
    assert!(book.sweep(usize::MAX, &|_, _| Some(true)));
    book.end();
}

/// Pids of reader and writer of the only pipe.
fn ends(book: &Book) -> (Option<u32>, Option<u32>) {
    let full = book.fulls().next().unwrap();
    let pid = |place: Option<Place>| Some(book.holders.get(place?)?.pid);
    (pid(full.owner), pid(full.writer))
}

#[test]
fn a_pipe_belongs_to_its_reader_and_its_writer_is_at_the_other_end() {
    let (mut book, [first, second, third]) = book();
    book.see_pipe(0, pipe(5, 100), third, READS);
    book.see_pipe(0, pipe(5, 100), first, WRITES);
    book.see_pipe(0, pipe(5, 100), second, READS);
    end_round(&mut book, &[first, second, third]);
    assert_eq!(ends(&book), (Some(20), Some(10)), "the first of two readers");
    let counts = [first, second, third].map(|at| book.holders.get(at).unwrap().n_queues());
    assert_eq!(counts, [0, 1, 0]);
    let worst = book.show(second).unwrap().queues;
    assert_eq!((worst[0].kind, worst[0].depth, worst[0].number), (QueueKind::Pipe, Some(100), Some(5)));
    assert_eq!(book.sums().iter().find(|sum| sum.kind == QueueKind::Pipe).unwrap().depth, Some(100));
}

#[test]
fn an_end_that_was_closed_is_another_processes_or_nobodys() {
    let (mut book, [first, second, third]) = book();
    book.see_pipe(0, pipe(5, 1), first, READS);
    book.see_pipe(0, pipe(5, 1), second, READS);
    book.see_pipe(0, pipe(5, 1), third, WRITES);
    end_round(&mut book, &[first, second, third]);
    assert_eq!(ends(&book), (Some(10), Some(30)));

    begin(&mut book);
    book.end_look(first, Look::Open { n_files: 0 });
    book.see_pipe(0, pipe(5, 1), second, READS);
    end_round(&mut book, &[second, third]);
    assert_eq!(ends(&book), (Some(20), None), "the first reader and the writer hold it no more");
    assert_eq!(book.holders.get(first).unwrap().n_queues(), 0);

    begin(&mut book);
    end_round(&mut book, &[second]);
    assert_eq!((book.fulls().count(), book.holders.get(second).unwrap().n_queues()), (0, 0), "nobody holds it");
}

#[test]
fn a_reader_that_has_ended_leaves_its_pipe_to_nobody() {
    let (mut book, [first, _, third]) = book();
    book.see_pipe(0, pipe(5, 1), first, READS);
    book.see_pipe(0, pipe(5, 1), third, WRITES);
    book.begin(2_000_000, &[(20, 2), (30, 3)], std::iter::empty());
    book.see_pipe(0, pipe(5, 1), third, WRITES);
    end_round(&mut book, &[]);
    assert_eq!(ends(&book), (None, Some(30)));
}

#[test]
fn fifos_of_two_devices_are_two_though_their_inodes_are_the_same() {
    let (mut book, [first, ..]) = book();
    for device in [7, 8] {
        book.see_pipe(device, pipe(5, u64::from(device)), first, READS);
    }
    end_round(&mut book, &[first]);
    assert_eq!(book.holders.get(first).unwrap().n_queues(), 2);
}
