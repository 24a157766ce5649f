use super::*;

#[test]
fn root_and_who_has_both_capabilities_may_load() {
    let cases = [
        ("CapEff:\t000001fffeffffff\n", true),
        ("Name:\tx\nCapEff:\t000000c000000000\n", true),
        ("CapEff:\t0000000000200000\n", true),
        ("CapEff:\t0000008000000000\n", false),
        ("CapEff:\t0000000000000000\n", false),
    ];
    for (status, may) in cases {
        assert_eq!(effective(status).map(suffice), Some(may), "{status}");
    }
    assert_eq!(effective("Name:\tx\n"), None);
}
