//! Dear fields are looked at seldom, and what is shown of old looks is still true.

use std::fs;

use midair_vitals::TaskState;

use super::{
    fixtures::{Fixture, copy, row},
    *,
};

/// Wants the tasks of these numbers hot.
fn hot(reading: &Reading, numbers: impl IntoIterator<Item = u64>) -> Wants {
    Wants { hot: numbers.into_iter().map(|number| row(reading, number).id).collect(), ..Wants::default() }
}

#[test]
fn a_task_that_has_not_run_is_not_looked_at_again() {
    let mut fixture = Fixture::new();
    let wants = hot(&fixture.read(), [1, 22]);
    let channels = |reading: &Reading| [1, 22].map(|n| row(reading, n).wait_channel.as_deref().map(str::to_owned));
    let first = fixture.read_wanting(&wants);
    assert_eq!(channels(&first), [Some("do_epoll_wait".into()), Some("futex_wait_queue".into())]);
    fixture.write("1/wchan", "pipe_read");
    fixture.write("20/task/22/wchan", "pipe_read");
    assert_eq!(channels(&fixture.read_wanting(&wants)), channels(&first), "nothing can have changed");
    fixture.write("1/schedstat", "99000000 5 99\n");
    fixture.write("20/task/22/schedstat", "99000000 5000 99\n");
    assert_eq!(channels(&fixture.read_wanting(&wants)), [Some("pipe_read".into()), Some("pipe_read".into())]);
}

#[test]
fn a_task_that_was_woken_and_has_not_run_waits_in_nothing() {
    let mut fixture = Fixture::new();
    let wants = hot(&fixture.read(), [1, 22]);
    fixture.read_wanting(&wants);
    fixture.replace("1/stat", "(init) S", "(init) R");
    fixture.replace("20/task/22/stat", ") S", ") R");
    let reading = fixture.read_wanting(&wants);
    for number in [1, 22] {
        let row = row(&reading, number);
        assert_eq!((row.state, &row.wait_channel), (Some(TaskState::Running), &None));
    }
}

#[test]
fn of_many_hot_tasks_a_few_are_looked_at_and_each_has_its_turn() {
    let mut fixture = Fixture::new();
    let root = fixture.root.path().to_owned();
    let numbers = 1000..1100u64;
    for number in numbers.clone() {
        fs::create_dir(root.join(number.to_string())).unwrap();
        copy(&root.join("1"), &root.join(number.to_string()));
    }
    let wants = hot(&fixture.read(), numbers.clone());
    let n_known = |reading: &Reading, channel: &str| {
        numbers.clone().filter(|n| row(reading, *n).wait_channel.as_deref() == Some(channel)).count()
    };
    assert_eq!(n_known(&fixture.read_wanting(&wants), "do_epoll_wait"), 60);
    assert_eq!(n_known(&fixture.read_wanting(&wants), "do_epoll_wait"), 100);
    let mut seen = Vec::new();
    for n in 0..5 {
        for number in numbers.clone() {
            fixture.write(&format!("{number}/wchan"), "pipe_read");
            fixture.write(&format!("{number}/schedstat"), &format!("9900000{n} 5 99\n"));
        }
        let reading = fixture.read_wanting(&wants);
        seen.push((n_known(&reading, "pipe_read"), n_known(&reading, "do_epoll_wait")));
    }
    assert_eq!(seen, [(5, 95), (10, 90), (15, 85), (20, 80), (25, 75)], "the oldest looks come first");
}

#[test]
fn blocked_tasks_are_looked_at_before_others() {
    let mut fixture = Fixture::new();
    let root = fixture.root.path().to_owned();
    let numbers = 1000..1020u64;
    for number in numbers.clone() {
        fs::create_dir(root.join(number.to_string())).unwrap();
        copy(&root.join("1"), &root.join(number.to_string()));
    }
    let wants = hot(&fixture.read(), numbers.clone());
    fixture.read_wanting(&wants);
    for number in numbers.clone() {
        fixture.write(&format!("{number}/wchan"), "folio_wait_bit_common");
        fixture.write(&format!("{number}/schedstat"), "99000000 5 99\n");
    }
    fixture.replace("1019/stat", "(init) S", "(init) D");
    let reading = fixture.read_wanting(&wants);
    let is_seen = |n: &u64| row(&reading, *n).wait_channel.as_deref() == Some("folio_wait_bit_common");
    assert_eq!(numbers.clone().filter(is_seen).collect::<Vec<_>>(), [1000, 1001, 1002, 1003, 1019]);
}

#[test]
fn what_was_seen_long_ago_is_unknown_again() {
    let mut fixture = Fixture::new();
    let wants = hot(&fixture.read(), [1]);
    fixture.read_wanting(&wants);
    for _ in 0..11 {
        fixture.read();
    }
    fixture.write("1/schedstat", "99000000 5 99\n");
    fixture.remove("1/wchan");
    assert_eq!(row(&fixture.read_wanting(&wants), 1).wait_channel, None);
}
