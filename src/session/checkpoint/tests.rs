use super::*;

fn at(s: u64) -> Stamp {
    Stamp(1_000_000_000 + s * 1_000_000)
}

/// Copies of a model with a node each of `n_nodes`, one entry a second.
fn passed(seconds: u64, n_nodes: usize) -> Checkpoints {
    let mut model = Model::default();
    for n in 0..n_nodes {
        let link = crate::event::Link { address: format!("a{n}").into(), state: crate::event::LinkState::Connecting };
        model.apply(&crate::event::Stamped { at: at(0), event: crate::event::Event::Link(link) });
    }
    let mut all = Checkpoints::default();
    for s in 0..seconds {
        all.pass(s as usize, at(s), &model, &Decoder::default());
    }
    all
}

fn told(all: &Checkpoints) -> Vec<usize> {
    all.kept.iter().map(|c| c.n_told).collect()
}

#[test]
fn one_is_kept_every_fifteen_seconds() {
    let all = passed(50, 1);
    assert_eq!(told(&all), [0, 15, 30, 45]);
    assert_eq!([14, 15, 44, 900].map(|n| all.before(n).unwrap().n_told), [0, 15, 30, 45]);
}

#[test]
fn those_that_the_tape_has_left_behind_are_forgotten() {
    let mut all = passed(50, 1);
    all.forget(15);
    assert_eq!(told(&all), [15, 30, 45]);
    assert!(all.before(14).is_none());
}

#[test]
fn many_rows_are_copied_seldom_and_too_many_never() {
    let all = passed(200, 5_000);
    assert_eq!(all.kept.len(), 4);
    assert_eq!(all.kept.last().map(|c| c.n_told), Some(195));
    assert!(all.kept.windows(2).all(|pair| pair[1].at > pair[0].at));
    assert!(passed(50, ROWS_MAX + 1).kept.is_empty());
}
