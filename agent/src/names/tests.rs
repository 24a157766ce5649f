use super::*;

fn text(n: usize) -> Arc<str> {
    format!("name-{n}").into()
}

#[test]
fn a_text_keeps_its_id_and_zero_is_none() {
    let mut names = Names::default();
    let id = names.id(&text(1));
    assert_eq!(names.id(&text(1)), id);
    assert_ne!(names.id(&text(2)), id);
    assert_ne!(id, 0);
    let spelled = names.spell(&BTreeSet::from([id]));
    assert_eq!(spelled[0].text.as_deref(), Some("name-1"));
}

#[test]
fn names_are_bounded_and_ids_never_return() {
    let mut names = Names::bounded(100);
    let kept = text(1_000_000);
    let id = names.id(&kept);
    let mut highest = 0;
    for tick in 1..50 {
        names.begin(tick);
        assert_eq!(names.id(&kept), id, "a name in use keeps its id");
        for n in 0..30 {
            let id = names.id(&text(tick as usize * 30 + n));
            assert!(id > highest, "ids only rise");
            highest = id;
        }
        assert!(names.len() <= 130, "{} names", names.len());
    }
}

#[test]
fn long_names_are_cut_at_a_character() {
    let mut names = Names::default();
    let long: Arc<str> = "ä".repeat(NAME_BYTES).into();
    let id = names.id(&long);
    assert_eq!(names.id(&long), id);
    let spelled = names.spell(&BTreeSet::from([id]));
    assert!(spelled[0].text.as_ref().unwrap().len() <= NAME_BYTES);
}

#[test]
fn names_that_are_all_in_use_are_all_kept_and_nothing_begins_anew() {
    let mut names = Names::bounded(3);
    for tick in 1..4 {
        assert!(!names.begin(tick), "nothing was forgotten");
        let ids: BTreeSet<u32> = (0..5).map(|n| names.id(&text(n))).collect();
        assert_eq!(names.spell(&ids).len(), 5);
    }
    names.begin(4);
    assert!(names.begin(5), "nobody used them in the tick before");
}
