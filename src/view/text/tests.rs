use super::*;

#[test]
fn what_steers_a_terminal_is_made_visible() {
    let cases = [
        ("plain", "plain"),
        ("größe e\u{301}", "größe e\u{301}"),
        ("a\u{1b}[31mred", "a␛[31mred"),
        ("bell\u{7}\n\t", "bell␇␊␉"),
        ("del\u{7f}", "del␡"),
        ("c1\u{9b}31m", "c1<9b>31m"),
        ("evil\u{202e}gpj.exe", "evil<202e>gpj.exe"),
        ("zero\u{200b}width\u{feff}", "zero<200b>width<feff>"),
        ("tag\u{e0041}", "tag<e0041>"),
    ];
    for (text, wanted) in cases {
        assert_eq!(clean(text), wanted);
    }
}

#[test]
fn no_cleaned_text_holds_a_control_character() {
    let all: String = (0..0x3000).filter_map(char::from_u32).collect();
    assert!(
        !clean(&all).chars().any(|c| c.is_control() || (c.width() == Some(0) && !matches!(c, '\u{300}'..='\u{36f}')))
    );
}

#[test]
fn cut_by_columns_not_by_characters() {
    assert_eq!(cut("beam.smp", 8), "beam.smp");
    assert_eq!(cut("beam.smp", 5), "beam…");
    assert_eq!(cut("漢字かな", 5), "漢字…");
    assert_eq!(cut("漢字かな", 4), "漢…");
    assert_eq!(cut("abc", 0), "");
    assert_eq!(cut_start("10.2.0.7:5222", 6), "…:5222");
    assert_eq!(cut_start("漢字", 3), "…字");
    assert_eq!(cut_start("漢字", 2), "…");
    assert_eq!(cut_start("abc", 0), "");
    assert_eq!(fit("漢字かな", 4, Align::Left), "漢… ");
    assert_eq!(fit("12", 5, Align::Right), "   12");
}

#[test]
fn a_sentence_is_cut_between_words() {
    assert_eq!(cut_words("mailbox: 1.65M msg, +8.10k/s", 28), "mailbox: 1.65M msg, +8.10k/s");
    assert_eq!(cut_words("mailbox: 1.65M msg, +8.10k/s", 27), "mailbox: 1.65M msg…");
    assert_eq!(cut_words("a longwordwithoutanyspace", 10), "a longwor…");
    assert_eq!(cut_words("one two", 0), "");
}
