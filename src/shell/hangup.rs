//! Ends the program when its terminal is gone and the loop cannot notice.
//!
//! Of a terminal that was hung up, reading gives no bytes at once and for ever. crossterm 0.29 then reads on in a loop of its
//! own that comes back to nobody: no signal is heard any more, and a core of the host burns. So a thread looks at the
//! terminal once a second: one question to the kernel.

use std::{io, thread, time::Duration};

const EVERY: Duration = Duration::from_secs(1);
/// The loop has this many looks to notice by itself, and to end in good order.
const LOOKS: u32 = 2;
/// As a shell says of a program that a hang-up ended: 128 and SIGHUP.
const EXIT_CODE: i32 = 129;
const STACK_BYTES: usize = 128 * 1024;

/// Watches the terminal from now on.
pub(super) fn watch() -> io::Result<()> {
    let thread = thread::Builder::new().name("midair-terminal".into()).stack_size(STACK_BYTES);
    thread.spawn(wait_until_gone).map(drop)
}

fn wait_until_gone() {
    let mut n_gone = 0;
    while n_gone < LOOKS {
        thread::sleep(EVERY);
        n_gone = if is_gone() { n_gone + 1 } else { 0 };
    }
    // There is no terminal to give back, and no loop that could be asked to end.
    std::process::exit(EXIT_CODE);
}

fn is_gone() -> bool {
    rustix::termios::tcgetwinsize(io::stdout()).is_err()
}
