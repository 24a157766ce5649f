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

#[test]
fn the_unified_cgroup_counts_unless_it_is_unused() {
    let path = |text: &'static [u8]| cgroup_path(text).map(|p| std::str::from_utf8(p).unwrap());
    assert_eq!(path(b"0::/system.slice/ssh.service\n"), Some("/system.slice/ssh.service"));
    assert_eq!(path(b"9:name=systemd:/\n4:memory:/api/7ce1\n1:cpu:/\n0::/\n"), Some("/api/7ce1"));
    assert_eq!(path(b"4:memory:/a/very/long/one\n0::/x\n"), Some("/x"));
    assert_eq!(path(b"0::/with:colon\n"), Some("/with:colon"));
    assert_eq!(path(b"0::/\n"), Some("/"));
    assert_eq!(path(b""), None);
}
