use super::*;

#[test]
fn a_vm_says_its_name_its_protocol_and_its_cookie_in_its_arguments() {
    let line = "/usr/lib/erlang/bin/beam.smp -S 2:2 -- -root /usr -- -home /var/lib/chat -- -noinput -name old@h \
                -name chat@h -proto_dist inet_tls -setcookie s3cret -extra -name none@h";
    let args = Arguments::from_words(line);
    assert_eq!(args.name(), Some("chat@h"), "the last one holds, and none behind -extra");
    assert_eq!(args.value(&["-home"]), Some("/var/lib/chat"));
    assert_eq!(args.value(&["-setcookie"]), Some("s3cret"));
    assert!(args.is_tls());
    let plain = Arguments::from_words("beam.smp -- -noshell -sname");
    assert_eq!((plain.name(), plain.is_tls()), (None, false), "an option without its value says nothing");
}

#[test]
fn what_listens_everywhere_is_reached_here() {
    assert_eq!(reachable("[::]:8080".parse().unwrap()).to_string(), "[::1]:8080");
    assert_eq!(reachable("0.0.0.0:9".parse().unwrap()).to_string(), "127.0.0.1:9");
}

#[tokio::test]
async fn a_name_leads_to_no_other_host() {
    for own in ["127.0.0.1:9", "127.1.2.3:9", "[::1]:9"] {
        assert!(is_of_this_host(&own.parse().unwrap()), "{own}");
    }
    // Addresses of documentation (RFC 5737, RFC 3849): no host has them.
    for foreign in ["192.0.2.7:9", "[2001:db8::7]:9"] {
        assert!(!is_of_this_host(&foreign.parse().unwrap()), "{foreign}");
    }
    let place = |line| async move {
        let args = Arguments::from_words(line);
        with_host(Place::of(args.full_name(), vec!["127.0.0.1:9".into()], "epmd"), &args, 9).await
    };
    let foreign = place("beam.smp -name chat@192.0.2.7").await;
    assert_eq!((foreign.addresses, foreign.foreign.as_deref()), (vec!["127.0.0.1:9".to_owned()], Some("192.0.2.7")));
    let own = place("beam.smp -name chat@127.0.0.3").await;
    assert_eq!((own.addresses.last().map(String::as_str), own.foreign), (Some("127.0.0.3:9"), None));
}

#[test]
fn this_process_knows_its_own_number() {
    assert_eq!(own_pid(std::process::id()), Some(std::process::id()));
    assert_eq!(own_pid(0), None);
}
