//! What of a command line may leave the host.
//!
//! Command lines hold cookies, passwords and tokens. So nothing is sent but the executable and a short list of arguments
//! that say which program it is. Only an operator who asks for it sees the rest, masked.

mod allowed;
mod mask;

/// What a program is, from its `/proc/PID/cmdline`: the executable, and of well-known runtimes the name of the node, the
/// jar, the module or the script. No other argument. Empty where the line is.
pub fn command_line(cmdline: &[u8]) -> String {
    let args = arguments(cmdline);
    let Some((executable, rest)) = args.split_first() else { return String::new() };
    if executable.contains(char::is_whitespace) {
        return allowed::title(executable);
    }
    let mut words = vec![mask::word(executable)];
    words.extend(allowed::arguments(executable, rest));
    words.join(" ")
}

/// The whole command line, with what looks like a cookie, password, token or key as `***`. It errs on the side of hiding.
pub fn masked(cmdline: &[u8]) -> String {
    mask::line(&arguments(cmdline))
}

/// A task's short name, which programs may set to what they like: without a secret that it names.
pub fn short_name(name: &str) -> String {
    if name.contains('=') { mask::word(name) } else { name.to_owned() }
}

/// The arguments, each ended by NUL (proc(5)); programs that rewrite their title may leave many NULs at the end.
fn arguments(cmdline: &[u8]) -> Vec<String> {
    let end = cmdline.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    if end == 0 {
        return Vec::new();
    }
    cmdline[..end].split(|b| *b == 0).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}

#[cfg(test)]
mod tests;
