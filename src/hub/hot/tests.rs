use super::{
    super::tests::{described, sample, severities},
    *,
};

fn rows(n: usize) -> Rows {
    let mut rows = Rows::default();
    for n in 0..n {
        let name = format!("node-{n}");
        rows.fold(&described(&name, 1, &[], 0));
        rows.fold(&sample(&name, (1, 1, true), severities(n as u32, 0), 1));
    }
    rows
}

#[test]
fn the_first_of_an_order_are_hot_and_stay_ten_ticks() {
    let (mut rows, mut hot) = (rows(500), Hot::default());
    let first: Vec<u32> = (470..500).collect();
    assert_eq!(hot.choose(&rows), first);
    rows.fold(&sample("node-3", (1, 2, false), severities(900, 0), 2));
    let chosen = hot.choose(&rows);
    assert!(chosen.contains(&3) && chosen.len() == 31);
    rows.fold(&sample("node-3", (1, 3, false), severities(0, 0), 3));
    for _ in 0..10 {
        assert!(hot.choose(&rows).contains(&3));
    }
    assert_eq!(hot.choose(&rows), first);
}

#[test]
fn of_nodes_that_are_alike_none_comes_and_goes() {
    let (mut rows, mut hot) = (rows(100), Hot::default());
    let before = hot.choose(&rows);
    // A little better than the last that is in.
    rows.fold(&sample("node-60", (1, 2, false), severities(72, 0), 2));
    assert_eq!(hot.choose(&rows), before);
}

#[test]
fn never_more_than_a_viewer_can_follow() {
    let (mut rows, mut hot) = (rows(500), Hot::default());
    for round in 0..9 {
        for n in 0..40 {
            let name = format!("node-{}", round * 40 + n);
            rows.fold(&sample(&name, (1, 2, false), severities(1_000, 1_000), 2));
            rows.fold(&sample(&name, (1, 3, false), severities(1, 1), 3));
        }
        for n in 0..40 {
            rows.fold(&sample(&format!("node-{}", round * 40 + n), (1, 4, false), severities(1_000, 900), 4));
        }
        assert!(hot.choose(&rows).len() <= ROWS_MAX);
    }
}

#[test]
fn where_more_rank_than_are_told_those_who_are_in_stay_but_for_the_first() {
    let (mut rows, mut hot) = (rows(500), Hot::default());
    let before = hot.choose(&rows);
    // Every second node is far better than it was, and the first of them best.
    for n in (0..400).step_by(2) {
        rows.fold(&sample(&format!("node-{n}"), (1, 2, false), severities(1_000 - n, 0), 2));
    }
    let after = hot.choose(&rows);
    assert!([0, 2, 4].iter().all(|row| after.contains(row)), "{after:?}");
    assert!(before.iter().all(|row| after.contains(row)), "{after:?}");
}
