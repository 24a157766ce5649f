//! Hiding what looks like a secret.

/// What stands for a secret.
const MASK: &str = "***";

/// A name that holds one of these is the name of a secret.
const SECRET: [&str; 16] = [
    "passw",
    "passphrase",
    "passin",
    "passout",
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

/// Options whose value may be a user with a password.
const USERS: [&str; 4] = ["--user", "--proxy-user", "--http-user", "--cert"];

/// Programs with one-letter options that take a secret, apart or glued on; `*` stands for any end of a name.
const PROGRAMS: [(&str, &str); 24] = [
    ("mysql*", "p"),
    ("mariadb*", "p"),
    ("mongo*", "p"),
    ("sshpass", "p"),
    ("docker", "p"),
    ("podman", "p"),
    ("7z*", "p"),
    ("unrar", "p"),
    ("zip", "P"),
    ("unzip", "P"),
    ("sqlcmd", "P"),
    ("mosquitto_*", "P"),
    ("ipmitool", "P"),
    ("snmp*", "AXc"),
    ("smbclient", "U"),
    ("openssl", "kK"),
    ("curl", "uUEb"),
    ("lftp", "u"),
    ("http", "a"),
    ("redis-cli", "a"),
    ("ldap*", "w"),
    ("ssh", "i"),
    ("scp", "i"),
    ("sftp", "i"),
];

/// Programs that take secrets as bare words.
const BARE: [&str; 5] = ["rabbitmqctl", "htpasswd", "smbpasswd", "sqlplus", "kadmin"];

/// How files with keys are named.
const KEY_FILES: [&str; 6] = [".pem", ".key", ".p12", ".pfx", ".jks", ".kdbx"];

/// A run of letters and digits of this length is taken for a secret.
const RANDOM: usize = 20;

/// A command line with its secrets masked.
pub(super) fn line(args: &[String]) -> String {
    let mut walk = Walk::default();
    args.iter().map(|arg| walk.step(arg)).collect::<Vec<_>>().join(" ")
}

/// One argument with its secrets masked: what follows the name of a secret, in `name=secret`, `name: secret` or `name
/// secret`, is hidden to the end of the argument; so are a user and password in an address, well-known tokens, files of
/// keys, and long words without sense.
pub(super) fn word(arg: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let is_hidden = |name: &str, rest: &str| is_secret(name) || (is_user(name) && rest.contains(':'));
    // Each name is looked at once, where it ends: a line made of spaces and quotes is read no slower than another.
    let ends_name = |at: usize| arg[..at].chars().next_back().is_some_and(is_name);
    let mut ends = arg.char_indices().filter(|(at, c)| !is_name(*c) && ends_name(*at));
    let end_of_name = ends.find(|(at, c)| is_hidden(last_name(&arg[..*at]), &arg[at + c.len_utf8()..]));
    let (clear, hidden) = match end_of_name {
        Some((at, c)) => (&arg[..at + c.len_utf8()], MASK),
        None => (arg, ""),
    };
    let mut out = addresses(clear);
    out.push_str(hidden);
    key_files(&random(&tokens(&credentials(&out))))
}

/// A walk over the arguments of a command.
#[derive(Default)]
struct Walk {
    has_begun: bool,
    hides: Hides,
    /// Letters of the options of the programs named so far: `sudo` and `sh` call others.
    letters: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hides {
    #[default]
    Nothing,
    Next,
    Rest,
}

impl Walk {
    fn step(&mut self, arg: &str) -> String {
        let hidden = self.hides;
        let is_program = !std::mem::replace(&mut self.has_begun, true);
        let program = program(arg);
        let letters = PROGRAMS.iter().filter(|(name, _)| fits(name, program)).map(|(_, letters)| *letters);
        self.letters.extend(letters);
        self.hides = match hidden {
            Hides::Rest => Hides::Rest,
            Hides::Next | Hides::Nothing if BARE.contains(&program) => Hides::Rest,
            // An option whose value is hidden may have none: then what is hidden is the next option.
            Hides::Next if !arg.starts_with('-') => Hides::Nothing,
            Hides::Nothing if is_program => Hides::Nothing,
            Hides::Next | Hides::Nothing => self.takes_secret(arg),
        };
        if hidden != Hides::Nothing {
            return MASK.to_owned();
        }
        let out = self.glued(arg).unwrap_or_else(|| word(arg));
        if !out.contains(char::is_whitespace) {
            return out;
        }
        // A command within the command, as of `sh -c`; or a title.
        let mut inner = Self::default();
        out.split(char::is_whitespace).map(|part| inner.step(part)).collect::<Vec<_>>().join(" ")
    }

    /// Whether what follows is a secret: the next argument after an option, all after the bare name of a secret.
    fn takes_secret(&self, arg: &str) -> Hides {
        if !arg.starts_with('-') {
            let is_bare = !arg.contains(['/', '=', ':']) && !arg.contains(char::is_whitespace) && is_secret(arg);
            return if is_bare { Hides::Rest } else { Hides::Nothing };
        }
        let is_cluster = arg[1..].chars().all(char::is_alphabetic) && arg.ends_with(|c| self.letters.contains(c));
        let is_option = USERS.contains(&arg) || (!arg.contains('=') && is_secret(arg));
        if is_cluster || is_option { Hides::Next } else { Hides::Nothing }
    }

    /// A short option that has its secret glued on: `mysql -phunter2`, `curl -suann:hunter2`.
    fn glued(&self, arg: &str) -> Option<String> {
        let cluster = arg.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
        let at = cluster.find(|c: char| !c.is_ascii_alphabetic() || self.letters.contains(c))?;
        let (option, value) = cluster.split_at_checked(at + 1)?;
        let is_glued = option.ends_with(|c| self.letters.contains(c)) && !value.is_empty();
        is_glued.then(|| format!("-{option}{MASK}"))
    }
}

/// The program that an argument may name.
fn program(arg: &str) -> &str {
    arg.rsplit('/').next().unwrap_or_default()
}

fn fits(pattern: &str, program: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == program, |start| program.starts_with(start))
}

fn is_user(name: &str) -> bool {
    ["user", "login", "userpwd"].iter().any(|end| name.ends_with(end))
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
    text.split_inclusive(char::is_whitespace).map(addresses_in_word).collect()
}

fn addresses_in_word(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after.find(|c: char| "/?#".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        rest = after;
        // A password may hold a slash that should have been escaped: look for the last @ of the word, too.
        let user_end =
            after[..authority].rfind('@').or_else(|| after.rfind('@').filter(|_| after[..authority].contains(':')));
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

/// Hides a user and password before a host, as in `ann:hunter2@db`.
fn credentials(text: &str) -> String {
    let pieces = text.split_inclusive(|c: char| c.is_whitespace() || "\"'=,(".contains(c));
    let hide = |piece: &str| {
        let host = piece.rfind('@')?;
        let colon = piece.find(':').filter(|colon| colon + 1 < host && !piece.contains("://"))?;
        (colon > 0).then(|| format!("{MASK}{}", &piece[host..]))
    };
    pieces.map(|piece| hide(piece).unwrap_or_else(|| piece.to_owned())).collect()
}

/// Hides long words without sense: most are keys, and those that are not tell a reader little.
fn random(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/_-".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(is_part).unwrap_or(rest.len());
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |len| start + len);
        out.push_str(&rest[..start]);
        out.push_str(&without_random(&rest[start..end]));
        rest = &rest[end..];
    }
    out
}

fn without_random(run: &str) -> String {
    if run.starts_with('/') {
        let parts = run.split('/').map(|part| if is_random(part) { MASK } else { part });
        return parts.collect::<Vec<_>>().join("/");
    }
    if is_random(run) { MASK.to_owned() } else { run.to_owned() }
}

fn is_random(run: &str) -> bool {
    let has = |of: fn(&u8) -> bool| run.as_bytes().iter().any(of);
    let mut plain = run.split(|c: char| !c.is_ascii_alphanumeric());
    let is_long = |part: &str| {
        part.len() >= RANDOM && part.contains(|c: char| c.is_ascii_digit()) && part.contains(char::is_alphabetic)
    };
    // In words of people the kind of letter changes now and then; in base64 with every second one.
    let class = |b: u8| (b.is_ascii_uppercase(), b.is_ascii_lowercase(), b.is_ascii_digit());
    let n_changes = run.as_bytes().windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    plain.any(is_long) || (is_mixed && run.len() >= RANDOM && n_changes * 3 > run.len())
}

/// Hides the files in which keys are kept.
fn key_files(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "=,:\"'".contains(c);
    let is_key_file = |piece: &str| {
        let is_named =
            ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"].iter().any(|name| program(piece).starts_with(name));
        is_named || piece.contains("/.ssh/") || KEY_FILES.iter().any(|end| piece.ends_with(end))
    };
    let hide = |piece: &str| {
        let bare = piece.trim_end_matches(is_end);
        if is_key_file(bare) { format!("{MASK}{}", &piece[bare.len()..]) } else { piece.to_owned() }
    };
    text.split_inclusive(is_end).map(hide).collect()
}
