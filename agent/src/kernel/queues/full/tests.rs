use super::*;

fn connection(data_in: u32) -> Object {
    let ends = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
    let tcp = TcpCounters { data_segs_in: data_in, ..TcpCounters::default() };
    Object { tcp: Some(tcp), ..Object::tcp(1, 1, ends, (0, 0)) }
}

#[test]
fn a_counter_that_wraps_goes_on() {
    let mut full = Full::new(connection(u32::MAX - 1), 0, None);
    full.update(connection(8), 1, 1);
    assert_eq!(full.queue(QueueKind::TcpReceive).unwrap().segments_in, Some(u64::from(u32::MAX) + 9));
    assert_eq!(gained(u32::MAX, 4), 5);
    assert_eq!(gained(1000, 3), 3, "a socket connected anew counts from zero");
}

#[test]
fn drops_that_one_listing_does_not_tell_are_not_counted_twice() {
    let listener = |drops| Object { drops, ..Object::bare(Kind::TcpListener, 1) };
    let mut full = Full::new(listener(Some(7)), 0, None);
    assert_eq!(full.update(listener(None), 1, 1), 0);
    assert_eq!(full.update(listener(Some(7)), 2, 2), 0);
    assert!(!full.has_dropped_in(2));
    assert_eq!(full.update(listener(Some(9)), 3, 3), 2);
    assert!(full.has_dropped_in(3) && !full.has_dropped_in(4));
}

#[test]
fn a_look_that_did_not_ask_for_names_takes_none_away() {
    let socket = |ends| Object { ends, ..Object::bare(Kind::Unix, 1) };
    let named = Ends::Unix { peer: Some(9), name: Some("/run/a".into()) };
    let mut full = Full::new(socket(named.clone()), 0, None);
    full.update(socket(Ends::Unix { peer: None, name: None }), 1, 1);
    assert_eq!(full.object.ends, named);
    full.update(socket(Ends::None), 2, 2);
    assert_eq!(full.object.ends, named);
}

#[test]
fn places_stay_and_are_given_again() {
    let mut fulls = Fulls::default();
    let places: Vec<Place> = (0..3).map(|n| fulls.add(Full::new(Object::bare(Kind::Udp, n), n, None))).collect();
    fulls.remove(places[1]);
    fulls.remove(places[1]);
    assert_eq!((fulls.len(), fulls.iter().count()), (2, 2));
    assert!(fulls.get(places[1]).is_none());
    assert_eq!(fulls.get(places[2]).unwrap().at_us, 2);
    assert_eq!(fulls.add(Full::new(Object::bare(Kind::Udp, 9), 9, None)), places[1]);
    places.iter().for_each(|place| fulls.remove(*place));
    assert_eq!((fulls.len(), fulls.list.capacity()), (0, 0));
}
