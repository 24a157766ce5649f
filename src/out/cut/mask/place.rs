//! Where something runs and what it reads from: cgroups, sockets, mounts, without who and which.

use super::super::scrub::Scrub;

/// Parts of the path of a cgroup, or of what it is called, that are the same on many hosts.
const CUSTOMS: [&str; 28] = [
    "",
    ".",
    "..",
    "docker",
    "podman",
    "containerd",
    "cri-containerd",
    "crio",
    "libpod",
    "libpod_parent",
    "nerdctl",
    "lxc",
    "lxc.payload",
    "lxc.monitor",
    "machine",
    "container",
    "containers",
    "pod",
    "kubepods",
    "kubelet",
    "besteffort",
    "burstable",
    "guaranteed",
    "ecs",
    "buildkit",
    "supervisor",
    "payload",
    "init",
];
/// Ends of units of systemd that may hold processes (systemd.unit(5)).
const UNITS: [&str; 5] = [".service", ".slice", ".scope", ".socket", ".timer"];
/// Where filesystems are mounted everywhere.
const MOUNTS: [&str; 14] = [
    "/",
    "/boot",
    "/boot/efi",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr",
    "/var",
    "/var/lib",
    "/var/lib/docker",
    "/var/log",
    "/var/tmp",
];
/// So many hexadecimal digits in a row are an id.
const DIGITS: usize = 8;

/// The path of a cgroup, or what one is called: `/user.slice/uid-1.slice`, `pod id-2/id-3`.
pub(super) fn group(scrub: &Scrub, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['/', ' ', ':']) {
        let bare = part.trim_end_matches(['/', ' ', ':']);
        out += &group_part(scrub, bare);
        out += &part[bare.len()..];
    }
    out
}

fn group_part(scrub: &Scrub, part: &str) -> String {
    if CUSTOMS.contains(&part) {
        return part.to_owned();
    }
    let masked = without_ids(scrub, part);
    let Some(end) = UNITS.into_iter().find(|end| masked.ends_with(end)) else {
        // `lxc.payload.web1`, and names that follow no custom: they may say anything.
        return if masked == part { scrub.stands_for("group", part) } else { masked };
    };
    let name = &masked[..masked.len() - end.len()];
    let name = match name.split_once('@') {
        Some((template, instance)) => format!("{template}@{}", scrub.stands_for("instance", instance)),
        None => match name.split_once('-') {
            Some(("user", uid)) => format!("user-{}", scrub.stands_for("uid", uid)),
            Some(("machine", machine)) => format!("machine-{}", scrub.stands_for("group", machine)),
            Some(_) | None => scrub.text(name),
        },
    };
    name + end
}

/// Ids of containers and pods: also the few first digits of one, as people write it, stand for the same.
fn without_ids(scrub: &Scrub, part: &str) -> String {
    let is_digit = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        // Its `d` is no digit.
        if let Some(after) = rest.strip_prefix("pod") {
            out.push_str("pod");
            rest = after;
            continue;
        }
        let n = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        if n < DIGITS {
            let n = n.max(first.len_utf8());
            out.push_str(&rest[..n]);
            rest = &rest[n..];
            continue;
        }
        // In Kubernetes a pod is a UUID, in cgroups of systemd with `_` for `-`.
        out += &scrub.stands_for("id", &rest[..DIGITS]);
        rest = &rest[n..];
        while let Some(more) = rest.strip_prefix(['-', '_']) {
            let n = more.find(|c| !is_digit(c)).unwrap_or(more.len());
            if n < 4 {
                break;
            }
            rest = &more[n..];
        }
    }
    out
}

/// What a queue is: its addresses, masked, and whatever else says where: the path of a socket.
pub(super) fn queue(scrub: &Scrub, text: &str) -> String {
    let is_kept = |word: &str| matches!(word, "<" | ">") || word.starts_with("pipe:[");
    let word = |word: &str| match scrub.address(word) {
        Some(masked) => masked,
        None if is_kept(word) => word.to_owned(),
        None => scrub.stands_for("socket", word),
    };
    // A path with a space in it is one path.
    if text.starts_with(['/', '@']) {
        return scrub.stands_for("socket", text);
    }
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Where a filesystem is mounted.
pub(super) fn mount(scrub: &Scrub, text: &str) -> String {
    if MOUNTS.contains(&text) { text.to_owned() } else { scrub.stands_for("mount", text) }
}

/// What an Erlang process is called: a registered name or a function is code, a label (`proc_lib:set_label/1`) any term.
pub(super) fn process(scrub: &Scrub, text: &str) -> String {
    if is_code(text) { scrub.text(text) } else { scrub.stands_for("label", text) }
}

/// Whether a text can be a registered name or a function.
pub(super) fn is_code(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "_@.:/'-<>#".contains(c))
}

/// Whether a path in a text is seen to be one of a cgroup.
pub(super) fn is_group(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_custom = CUSTOMS.contains(&first) && !first.trim_matches('.').is_empty();
    is_custom || path.split('/').any(|part| UNITS.iter().any(|end| part.ends_with(end)))
}
