use super::*;

fn holders(processes: &[Candidate]) -> Holders {
    let mut holders = Holders::default();
    holders.sync(processes);
    holders
}

#[test]
fn the_oldest_owns_what_several_hold_but_not_the_first_of_all() {
    let holders = holders(&[(1, 0), (20, 500), (30, 400), (40, 400)]);
    let is_before = |a, b| holders.of_pid(a).unwrap().is_before(holders.of_pid(b).unwrap());
    assert!(is_before(30, 20), "a lower number may have been given later");
    assert!(is_before(30, 40) && !is_before(40, 30), "of the same clock tick the lower number");
    assert!(is_before(20, 1) && !is_before(1, 20), "the first process holds sockets for others");
}

#[test]
fn a_place_is_not_given_away_while_something_may_point_to_it() {
    let mut holders = holders(&[(10, 1)]);
    let first = holders.find(10).unwrap();
    holders.sync(&[(10, 2)]);
    let second = holders.find(10).unwrap();
    assert_ne!(first, second);
    assert!(holders.get(first).is_none());
    assert_eq!(holders.of_pid(10).unwrap().start, 2);
    let n = holders.n_ended();
    holders.sync(&[(10, 2), (11, 3)]);
    assert_ne!(holders.find(11), Some(first));
    holders.reuse(n);
    holders.sync(&[(10, 2), (11, 3), (12, 4)]);
    assert_eq!(holders.find(12), Some(first));
    assert_eq!(holders.get(first).unwrap().pid, 12);
    holders.sync(&[]);
    assert_eq!((holders.iter().count(), holders.n_kept()), (0, 3));
    holders.reuse(3);
    assert_eq!(holders.n_kept(), 0);
}

#[test]
fn what_a_long_round_found_is_told_in_equal_parts() {
    let mut holders = holders(&[(10, 1)]);
    let place = holders.find(10).unwrap();
    assert_eq!(holders.get(place).unwrap().moved(), None);
    let mut told = Vec::new();
    for tick in 2..18 {
        holders.sync(&[(10, 1)]);
        let holder = holders.get_mut(place).unwrap();
        holder.add_moved((25, 2));
        // It is delivered at every fourth tick: a hundred at a time.
        if tick % 4 == 0 {
            holder.deliver(tick);
        }
        holders.tell();
        told.push(holders.get(place).unwrap().moved().unwrap());
    }
    let steps: Vec<u64> = told.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert_eq!(steps[6..], [25; 9], "{steps:?}");
    assert!(told.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    assert_eq!(told.last().unwrap().1, 26, "of 32; the rest is still to be told");
}

#[test]
fn what_is_delivered_at_each_tick_is_told_at_once() {
    let mut holders = holders(&[(10, 1)]);
    let place = holders.find(10).unwrap();
    for n in 1..5 {
        holders.sync(&[(10, 1)]);
        let tick = n + 1;
        let holder = holders.get_mut(place).unwrap();
        holder.add_moved((7, 0));
        holder.deliver(tick);
        holder.add_moved((3, 0));
        holder.deliver(tick);
        holders.tell();
        assert_eq!(holders.get(place).unwrap().moved(), Some((n * 10, 0)));
    }
}
