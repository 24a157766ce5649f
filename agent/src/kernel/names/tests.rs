use super::*;

#[test]
fn equal_names_are_one_and_unused_ones_go() {
    let mut shared = Shared::default();
    let a = shared.share(b"/user.slice");
    assert!(Arc::ptr_eq(&a, &shared.share(b"/user.slice")));
    for n in 0..10_000 {
        shared.share(format!("/run-{n}").as_bytes());
    }
    assert!(shared.known.len() <= 257, "{} names are kept", shared.known.len());
    assert!(Arc::ptr_eq(&a, &shared.share(b"/user.slice")), "a name in use stays");
}

#[test]
fn users_are_found_by_number() {
    let passwd = b"root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbroken\nbob:x:10:0::/:/bin/sh\n";
    assert_eq!(name_in(passwd, 0).as_deref(), Some("root"));
    assert_eq!(name_in(passwd, 1000).as_deref(), Some("ann"));
    assert_eq!(name_in(passwd, 100), None);
    assert_eq!(&*Users::default().name(4_000_000_001), "4000000001");
}
