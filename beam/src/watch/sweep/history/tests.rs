use super::*;

fn after(looks: &[bool]) -> Looks {
    looks.iter().fold(History(1), |history, is_active| history.after(*is_active)).looks()
}

#[test]
fn looks_are_counted_and_the_last_eight_kept() {
    assert_eq!(after(&[]), Looks { active: 0, of: 0 });
    assert_eq!(after(&[true, false]), Looks { active: 1, of: 2 });
    assert_eq!(after(&[true; 20]), Looks { active: 8, of: 8 });
    let long_ago = [&[true; 8][..], &[false; 7]].concat();
    assert_eq!(after(&long_ago), Looks { active: 1, of: 8 });
    assert_eq!(after(&[long_ago, vec![false]].concat()), Looks { active: 0, of: 8 });
}

#[test]
fn those_always_active_rank_above_those_seen_once_and_those_sometimes_active() {
    let always = after(&[true; 8]).rank();
    assert!(always > after(&[true; 2]).rank());
    assert!(after(&[true; 2]).rank() > after(&[true]).rank());
    assert!(after(&[true]).rank() > after(&[false, false, true, false]).rank());
    assert_eq!(after(&[false; 8]).rank(), 0);
}

#[test]
fn the_target_gets_a_rank_for_each_history() {
    for ranks in shares() {
        assert_eq!(ranks.as_tuple().map(<[Term]>::len), Some(511));
    }
    assert_eq!(shares()[1].as_tuple().map(|ranks| &ranks[510]), Some(&Term::Int(888)));
}
