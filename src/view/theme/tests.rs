use super::*;

fn severity(percent: u32) -> Option<Severity> {
    Some(Severity::from_per_mille(percent * 10))
}

#[test]
fn levels_rise_with_severity_and_carry_signs() {
    let cases = [
        (None, Level::Unknown, " "),
        (severity(0), Level::Well, " "),
        (severity(25), Level::Raised, " "),
        (severity(50), Level::High, "▵"),
        (severity(75), Level::Severe, "▲"),
        (severity(100), Level::Critical, "!"),
    ];
    for (severity, level, sign) in cases {
        assert_eq!((Level::of(severity), Level::of(severity).sign()), (level, sign));
    }
}

#[test]
fn monochrome_has_no_colour_at_all() {
    let text = format!("{:?}", Theme::monochrome());
    assert!(!text.contains(".fg(") && !text.contains(".bg("), "{text}");
    assert!(!text.contains("Indexed"), "{text}");
}

#[test]
fn the_past_and_the_selection_are_seen_without_colour() {
    let theme = Theme::monochrome();
    assert!(theme.past.add_modifier.contains(Modifier::REVERSED));
    assert!(theme.selected.add_modifier.contains(Modifier::REVERSED));
}
