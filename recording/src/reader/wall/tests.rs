use super::*;

/// Blocks of 50 s, each told by its first moment and the wall clock there, in seconds.
fn wall(blocks: &[(u64, u64)]) -> Wall {
    let block = |(first, wall): &(u64, u64)| Block {
        offset: 0,
        number: 0,
        first_us: first * 1_000_000,
        last_us: (first + 50) * 1_000_000,
        wall_us: wall * 1_000_000,
        n_entries: 0,
        n_before: 0,
        is_keyed: true,
        holds_mark: false,
    };
    Wall::of(&blocks.iter().map(block).collect::<Vec<_>>())
}

#[track_caller]
fn check(wall: &Wall, pairs: &[(u64, u64)]) {
    for (at, expected) in pairs {
        assert_eq!(wall.wall(at * 1_000_000), expected * 1_000_000, "{at} s");
        assert_eq!(wall.moment(expected * 1_000_000), at * 1_000_000, "{at} s");
    }
}

#[test]
fn moments_of_a_black_box_are_told_by_the_wall_clock() {
    let wall = wall(&[(100, 5_000), (160, 5_060), (220, 9_000)]);
    check(&wall, &[(100, 5_000), (130, 5_030), (160, 5_060), (210, 5_110), (220, 9_000), (280, 9_060)]);
    assert_eq!(wall.wall(90_000_000), 4_990_000_000, "what stands at the start was said before it");
    assert_eq!(wall.moment(7_000_000_000), 219_999_999, "where nothing was recorded");
}

#[test]
fn a_clock_that_is_set_back_turns_no_time_back() {
    let wall = wall(&[(100, 5_000), (160, 1_460), (220, 1_520), (280, 8_000)]);
    check(&wall, &[(100, 5_000), (160, 5_060), (220, 5_120), (250, 5_150), (280, 8_000)]);
    let told: Vec<u64> = (100..400).map(|at| wall.wall(at * 1_000_000)).collect();
    assert!(told.is_sorted());
}

#[test]
fn garbage_is_no_panic() {
    for blocks in [&[][..], &[(0, 0)], &[(1, u64::MAX / 1_000_000), (2, 3)]] {
        let wall = wall(blocks);
        let moments = [0, 1, u64::MAX / 2, u64::MAX];
        assert!(moments.map(|at| wall.wall(at)).is_sorted() && moments.map(|at| wall.moment(at)).is_sorted());
    }
    let both = wall(&[(1, u64::MAX / 1_000_000), (2, 3)]);
    assert!(both.wall(3_000_000) >= both.wall(1_000_000));
}
