use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn it_is_a_queue(steps in prop::collection::vec(0_u8..8, 0..600)) {
        let (mut points, mut queue) = (Points::default(), VecDeque::new());
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                0 => points.pop_back(),
                1 | 2 => points.pop_front(),
                _ => points.push_back(n),
            }
            match step {
                0 => drop(queue.pop_back()),
                1 | 2 => drop(queue.pop_front()),
                _ => queue.push_back(n),
            }
            prop_assert_eq!(points.len(), queue.len());
            prop_assert_eq!((points.front(), points.back()), (queue.front(), queue.back()));
        }
        prop_assert!(points.iter().eq(queue.iter()));
        prop_assert!(points.iter().rev().eq(queue.iter().rev()));
        for limit in [0, 1, 99, 300, 600] {
            prop_assert_eq!(points.partition_point(|n| *n < limit), queue.partition_point(|n| *n < limit));
        }
    }
}

#[test]
fn how_it_is_cut_does_not_matter() {
    let (mut a, mut b) = (Points::default(), Points::default());
    (0..100).for_each(|n| a.push_back(n));
    (0..40).for_each(|_| a.pop_front());
    (40..100).for_each(|n| b.push_back(n));
    assert_eq!(a, b);
    b.push_back(0);
    assert_ne!(a, b);
}

#[test]
fn a_copy_shares_whole_chunks_and_goes_its_own_way() {
    let mut points = Points::default();
    (0..100).for_each(|n| points.push_back(n));
    let copy = points.clone();
    points.push_back(100);
    points.pop_front();
    assert!(Arc::ptr_eq(&points.chunks[1], &copy.chunks[1]));
    assert!(copy.iter().copied().eq(0..100));
    assert!(points.iter().copied().eq(1..101));
}
