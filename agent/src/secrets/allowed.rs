//! The arguments that may be sent: those that say which program a runtime runs.

use super::mask;

/// A title that a program gave itself, as `postgres: checkpointer`: kept where it has that shape and nothing in it looks
/// like an option or a secret; else its first word alone.
pub(super) fn title(text: &str) -> String {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let looks_harmless = |word: &str| !word.starts_with('-') && !word.contains('=') && !word.contains("://");
    if first.ends_with(':') && words.all(looks_harmless) && mask::line(&[text.trim().to_owned()]) == text.trim() {
        text.trim().to_owned()
    } else {
        mask::word(first)
    }
}

/// The allowed ones among the arguments of a program.
pub(super) fn arguments(executable: &str, args: &[String]) -> Vec<String> {
    let name = executable.rsplit('/').next().unwrap_or_default();
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if is(&["beam", "erl", "elixir", "iex"]) {
        node_name(args)
    } else if name == "java" {
        value_of(&["-jar"], args, is_path)
    } else if is(&["python", "pypy"]) {
        module(args).unwrap_or_else(|| script(args))
    } else if is(&["node", "ruby", "perl", "php", "lua"]) || ["sh", "bash", "dash", "zsh", "ksh"].contains(&name) {
        script(args)
    } else {
        Vec::new()
    }
}

/// The name of an Erlang node. What follows `-extra` belongs to the program.
fn node_name(args: &[String]) -> Vec<String> {
    let own = args.iter().position(|arg| arg == "-extra").map_or(args, |end| &args[..end]);
    value_of(&["-name", "-sname", "--name", "--sname"], own, is_node_name)
}

/// The first of these options with its value, if that is what it should be.
fn value_of(options: &[&str], args: &[String], is_good: fn(&str) -> bool) -> Vec<String> {
    let pair = args.windows(2).find(|pair| options.contains(&pair[0].as_str()));
    pair.filter(|pair| is_good(&pair[1])).map(<[String]>::to_vec).unwrap_or_default()
}

/// `-m module` of Python, where it stands before any script.
fn module(args: &[String]) -> Option<Vec<String>> {
    let at = args.iter().position(|arg| !arg.starts_with('-') || arg == "-m")?;
    let pair = args[at..].get(..2).filter(|pair| pair[0] == "-m" && is_module(&pair[1]))?;
    Some(pair.to_vec())
}

/// The script: the first argument that is no option, if it is a path, and if no option before it may hold code.
fn script(args: &[String]) -> Vec<String> {
    for arg in args {
        let is_code = match arg.strip_prefix("--") {
            Some(long) => ["eval", "print", "command"].iter().any(|word| long.starts_with(word)),
            None => arg.starts_with('-') && arg.contains(['e', 'E', 'c', 'p', 'n', 'r']),
        };
        if is_code {
            return Vec::new();
        }
        if !arg.starts_with('-') {
            return if is_path(arg) { vec![mask::word(arg)] } else { Vec::new() };
        }
    }
    Vec::new()
}

fn is_path(text: &str) -> bool {
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
    let ends = [".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".sh", ".jar"];
    is_plain && (text.contains('/') || ends.iter().any(|end| text.ends_with(end)))
}

fn is_node_name(text: &str) -> bool {
    !text.starts_with('-') && text.chars().all(|c| c.is_alphanumeric() || "@._-".contains(c))
}

fn is_module(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "._".contains(c))
}
