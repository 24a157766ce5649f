//! Names that are meant to break something: escape sequences, bytes that are no text, parentheses.

use std::{fmt::Write, time::Duration};

use midair_agent::Collector;

use crate::host::{Running, is_root, kernel, process, read};

/// A process that gives itself this name.
fn named(name: &[u8]) -> Running {
    let octal = name.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:03o}").expect("a string takes all");
        text
    });
    Running::shell(&format!("printf '{octal}' > /proc/self/comm; read _"))
}

#[test]
fn hostile_names_are_the_same_through_both_and_break_nothing() {
    if !is_root() {
        return;
    }
    let names: [&[u8]; 5] = [b"\x1b[31mred\x07", b"\xff\xfe\xfd", b"a) R 1 (b", b"two\nlines", b" \t "];
    let running = names.map(named);
    let mut kernels = [kernel(Collector::Bpf), kernel(Collector::Proc)];
    for n in 0.. {
        let readings = kernels.each_mut().map(read);
        let shown = readings.each_ref().map(|reading| {
            let name = |running: &Running| process(reading, running.pid()).and_then(|row| row.name.clone());
            running.each_ref().map(|running| name(running).expect("it runs and has a name"))
        });
        let expected = names.map(|name| String::from_utf8_lossy(name).into_owned());
        if shown[0] == shown[1] && shown[0].iter().zip(&expected).all(|(name, expected)| **name == *expected) {
            return;
        }
        // A shell takes its time to start and to name itself.
        assert!(n < 100, "{shown:?} for {expected:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
