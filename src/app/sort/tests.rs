use super::*;
use crate::app::screen::Panel;

#[test]
fn every_sort_of_every_table_has_a_word_of_its_own() {
    for panel in Panel::ALL {
        for sort in panel.sorts() {
            assert_eq!(Sort::from_word(sort.word()), Some(*sort), "{panel:?}");
        }
    }
}

#[test]
fn heads_of_columns_are_words_too() {
    assert_eq!(Sort::from_word("RSS"), Some(Sort::By(Order::Mem)));
    assert_eq!(Sort::from_word("nothing"), None);
}
