use super::*;

fn ask() -> Ask {
    let config = BeamConfig {
        cookie_file: Some("/etc/midair/cookie".into()),
        cookies: vec![("chat@a".into(), "/var/lib/chat".into())],
        addresses: vec![("chat@a".into(), "10.0.0.1:9100".into())],
        own_name: Some("midair@a".into()),
        tls_authorities: Some("/etc/ca".into()),
        tls_certificate: None,
        tls_key: None,
        vm_budget_milli: Some(30),
        long_schedule_ms: Some(500),
    };
    Ask {
        targets: vec![Target { runtime: 3, pid: 41, start: 99 }],
        looks: vec![Which { runtime: 3, number: 1 << 40 }],
        traces: Vec::new(),
        inspections: Vec::new(),
        ended: Vec::new(),
        config: Some(Reach::of(&config)),
    }
}

#[test]
fn a_frame_comes_as_it_went_and_so_does_a_configuration() {
    let mut wire = Vec::new();
    write_frame(&mut wire, &ask()).unwrap();
    write_frame(&mut wire, &Said::default()).unwrap();
    let mut from = wire.as_slice();
    let come: Ask = read_frame(&mut from).unwrap();
    assert_eq!(come, ask());
    let config = come.config.unwrap().into_config();
    assert_eq!(Reach::of(&config), ask().config.unwrap());
    assert_eq!(read_frame::<Said>(&mut from).unwrap(), Said::default());
    assert!(from.is_empty());
}

#[test]
fn what_is_no_frame_is_an_error_and_no_memory() {
    let mut wire = Vec::new();
    write_frame(&mut wire, &ask()).unwrap();
    assert!(read_frame::<Ask>(&mut &wire[..wire.len() - 1]).is_err(), "cut short");
    assert!(read_frame::<Ask>(&mut &[0xff; 64][..]).is_err(), "longer than any");
    assert!(read_frame::<Ask>(&mut &[0, 0, 0, 2, 0xff, 0xff][..]).is_err(), "no message");
}

#[test]
fn who_has_ended_is_kept_until_somebody_asks_and_not_without_bound() {
    let mut said = SaidVm::default();
    let ended = |numbers: std::ops::Range<u64>| numbers.map(|number| Ended { number, creation: 1 }).collect();
    said.end(ended(0..2));
    said.end(ended(1..3));
    assert_eq!(said.ended.iter().map(|one| one.number).collect::<Vec<_>>(), [0, 1, 2]);
    said.end(ended(0..5000));
    assert_eq!(said.ended.len(), MOST_ENDED);
}
