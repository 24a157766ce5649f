//! Hiding what looks like a secret.

/// What stands for a secret.
const MASK: &str = "***";

/// A name that holds one of these is the name of a secret.
const SECRET: [&str; 14] = [
    "passw",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "cookie",
    "credential",
    "authorization",
    "bearer",
    "apikey",
    "accesskey",
    "privatekey",
    "connectionstring",
    "signature",
];

/// A name that ends in one of these is, too.
const SECRET_END: [&str; 4] = ["key", "auth", "pass", "dsn"];

/// How well-known tokens begin, wherever they stand.
const TOKENS: [&str; 9] = ["eyJ", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "sk-", "xox", "AKIA"];

/// A command line with its secrets masked.
pub(super) fn line(args: &[String]) -> String {
    let mut out: Vec<String> = Vec::with_capacity(args.len());
    let program = args.first().map(|arg| arg.rsplit('/').next().unwrap_or_default()).unwrap_or_default();
    let mut hide_next = false;
    for arg in args {
        if hide_next {
            // Also where it looks like the next option: a secret may begin with a dash.
            out.push(MASK.to_owned());
            hide_next = false;
            continue;
        }
        hide_next = takes_secret(program, arg);
        out.push(short_option(program, arg).unwrap_or_else(|| word(arg)));
    }
    out.join(" ")
}

/// One argument with its secrets masked: what follows the name of a secret, in `name=secret`, `name: secret` or `name
/// secret`, is hidden to the end of the argument; so are a user and password in an address, and well-known tokens.
pub(super) fn word(arg: &str) -> String {
    let end_of_name = arg.char_indices().find(|(at, c)| {
        (matches!(c, '=' | ':' | '"' | '\'') || c.is_whitespace()) && is_secret(last_name(&arg[..*at]))
    });
    let (clear, hidden) = match end_of_name {
        Some((at, c)) => (&arg[..at + c.len_utf8()], MASK),
        None => (arg, ""),
    };
    let mut out = addresses(clear);
    out.push_str(hidden);
    tokens(&out)
}

/// An option whose value is the next argument, and a secret.
fn takes_secret(program: &str, arg: &str) -> bool {
    let short: &[&str] = match program {
        "curl" => &["-u", "--user", "-U", "--proxy-user", "-E", "--cert", "-b"],
        "redis-cli" => &["-a"],
        "sshpass" => &["-p"],
        "ldapsearch" | "ldapmodify" => &["-w"],
        "wget" => &["--user"],
        _ => &[],
    };
    short.contains(&arg) || (arg.starts_with('-') && !arg.contains('=') && is_secret(arg)) || is_whole_name(arg)
}

/// A word that is nothing but the name of a secret, as in `set password hunter2`.
fn is_whole_name(arg: &str) -> bool {
    !arg.contains(['/', '=', ':']) && !arg.contains(char::is_whitespace) && is_secret(arg)
}

/// A short option that has its secret glued on: `mysql -phunter2`, `curl -uann:hunter2`.
fn short_option(program: &str, arg: &str) -> Option<String> {
    let glued: &[&str] = match program {
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "sshpass" | "7z" | "unrar" => &["-p"],
        "curl" => &["-u", "-U", "-b"],
        "redis-cli" => &["-a"],
        _ => &[],
    };
    let option = glued.iter().find(|option| arg.starts_with(**option) && arg.len() > option.len())?;
    Some(format!("{option}{MASK}"))
}

/// Whether a name is that of a secret, whatever its case and its dashes.
fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    SECRET.iter().any(|part| plain.contains(part)) || SECRET_END.iter().any(|end| plain.ends_with(end))
}

/// The name that a text ends in.
fn last_name(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && !"_-.".contains(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    &text[start..]
}

/// Hides user and password of each address: `scheme://***@host`.
fn addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after.find(|c: char| "/?#".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        rest = after;
        // A password may hold a slash that should have been escaped: look for the last @ before any space, too.
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let user_end = after[..authority]
            .rfind('@')
            .or_else(|| after[..end].rfind('@').filter(|_| after[..authority].contains(':')));
        if let Some(user_end) = user_end {
            out.push_str(MASK);
            rest = &after[user_end..];
        }
    }
    out.push_str(rest);
    out
}

/// Hides well-known tokens by how they begin.
fn tokens(text: &str) -> String {
    let mut out = text.to_owned();
    for start in TOKENS {
        let mut from = 0;
        while let Some(at) = out[from..].find(start).map(|at| at + from) {
            let is_start = out[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let len = out[at..].find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(out.len() - at);
            from = at + start.len();
            if is_start && len >= 16 {
                out.replace_range(at..at + len, MASK);
                from = at + MASK.len();
            }
        }
    }
    out
}
