use std::sync::mpsc::channel;

use super::*;

#[test]
fn an_answer_is_there_when_it_is_made_and_only_once() {
    let (go, gone) = channel();
    let mut later = Later::begin(move || gone.recv().map_err(|error| Why::new(error.to_string())));
    assert_eq!(later.poll(), None);
    go.send(7).expect("it waits");
    let answer = (0..1_000).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        later.poll()
    });
    assert_eq!(answer, Some(Ok(7)));
    assert_eq!(later.poll(), None);
}

#[test]
fn what_breaks_off_says_so() {
    let mut later = Later::<()> { made: Some(sync_channel(1).1) };
    assert!(matches!(later.poll(), Some(Err(_))));
    assert_eq!(later.poll(), None);
}
