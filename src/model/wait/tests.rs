use super::*;

#[test]
fn kernels_of_today_and_yesterday_say_the_same() {
    for channel in ["pipe_write", "anon_pipe_write", "pipe_wait_writable"] {
        assert_eq!(Wait::of(channel), Some(Wait::FullPipe), "{channel}");
    }
    for channel in ["futex_wait_queue_me", "futex_wait_queue", "futex_do_wait"] {
        assert_eq!(Wait::of(channel), Some(Wait::Thread), "{channel}");
    }
    assert_eq!(Wait::of("hrtimer_nanosleep"), Some(Wait::Timer));
    assert_eq!(Wait::of("folio_wait_bit_common"), Some(Wait::Disk));
    assert_eq!(Wait::of("no_such_function"), None);
}

#[test]
fn each_start_is_reached() {
    for (start, wait) in CHANNELS {
        assert_eq!(Wait::of(start), Some(*wait), "{start} is hidden by one before it");
    }
}

#[test]
fn who_waits_for_something_that_should_come_is_not_idle() {
    assert!(Wait::Events.is_idle() && Wait::Connection.is_idle());
    assert!(!Wait::FullPipe.is_idle() && !Wait::Disk.is_idle() && !Wait::Thread.is_idle());
}
