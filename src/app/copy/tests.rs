use super::*;

#[test]
fn moments_in_utc() {
    let said = |seconds: u64| utc(Stamp(seconds * 1_000_000));
    assert_eq!(said(0), "1970-01-01T00:00:00Z");
    assert_eq!(said(951_782_399), "2000-02-28T23:59:59Z");
    assert_eq!(said(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(said(1_709_251_199), "2024-02-29T23:59:59Z");
    assert_eq!(said(1_795_361_296), "2026-11-22T15:28:16Z");
    assert_eq!(said(4_107_542_400), "2100-03-01T00:00:00Z");
}

#[test]
fn names_are_harmless_in_a_shell() {
    assert_eq!(quoted("node-7/os/12.99"), "node-7/os/12.99");
    assert_eq!(quoted("a; rm -rf ~"), "'a; rm -rf ~'");
    assert_eq!(quoted("it's\n"), r"'it'\''s'");
}
