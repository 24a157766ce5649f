//! What the path of a cgroup says: the container, pod, systemd unit or session that it was made for.

use midair_vitals::CgroupKind;

/// What a cgroup was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// What to call it; `None` where the path follows no custom that is known here.
    pub name: Option<String>,
    /// What sort of thing it holds.
    pub kind: CgroupKind,
}

/// Reads a path from its root down: what stands deeper knows better, and a container is told before a unit inside it.
pub(super) fn label(path: &str) -> Label {
    let mut found = Found::default();
    let mut before = "";
    for part in path.split('/').filter(|part| !part.is_empty() && *part != "..") {
        found.add(part, before);
        before = part;
    }
    found.label()
}

#[derive(Debug, Default)]
struct Found<'p> {
    pod: Option<String>,
    container: Option<String>,
    unit: Option<&'p str>,
    slice: Option<&'p str>,
}

impl<'p> Found<'p> {
    fn add(&mut self, part: &'p str, before: &str) {
        // A runtime that was told of no systemd may write `SLICE:RUNTIME:ID` as one name.
        let (first, rest) = part.split_once(':').unwrap_or((part, ""));
        if let Some(uid) = pod_uid(first) {
            *self = Self { pod: Some(uid), ..Self::default() };
        }
        let id = rest.rsplit_once(':');
        let container = id.and_then(|(runtime, id)| Some((runtime_name(runtime)?, short_id(id)?.to_owned())));
        if let Some((runtime, name)) = container.or_else(|| container_in(part, before)) {
            self.container = Some(match &self.pod {
                // The first eight digits of a pod's uid tell the pods of one host apart.
                Some(uid) => format!("pod {}/{name}", uid.get(..8).unwrap_or(uid)),
                None => format!("{runtime} {name}"),
            });
            (self.unit, self.slice) = (None, None);
        } else if part.ends_with(".slice") {
            (self.unit, self.slice) = (None, Some(part));
        } else if is_unit(part) && !(part == "init.scope" && self.unit.is_some()) {
            self.unit = Some(part);
        }
    }

    fn label(self) -> Label {
        let Self { pod, container, unit, slice } = self;
        let (name, kind) = match (container, pod, unit, slice) {
            (Some(container), _, Some(unit), _) if unit != "init.scope" => {
                (Some(format!("{container}/{unit}")), CgroupKind::Container)
            }
            (Some(container), ..) => (Some(container), CgroupKind::Container),
            (None, Some(uid), ..) => (Some(format!("pod {uid}")), CgroupKind::Pod),
            (None, None, Some(unit), _) if unit.starts_with("session-") => (Some(unit.to_owned()), CgroupKind::Session),
            (None, None, Some(unit), _) => (Some(unit.to_owned()), CgroupKind::Unit),
            (None, None, None, Some(slice)) => (Some(slice.to_owned()), CgroupKind::Slice),
            (None, None, None, None) => (None, CgroupKind::Other),
        };
        Label { name, kind }
    }
}

/// Units of systemd that hold processes (systemd.unit(5)).
fn is_unit(part: &str) -> bool {
    [".service", ".scope", ".socket", ".mount", ".swap"].iter().any(|end| part.ends_with(end))
}

/// The runtime and the name of a container, where a part of a path is that of one; `before` is the part above it.
fn container_in(part: &str, before: &str) -> Option<(&'static str, String)> {
    if let Some(name) = part.strip_prefix("lxc.payload.") {
        return Some(("lxc", name.to_owned()));
    }
    if matches!(before, "lxc" | "lxc.payload") {
        return Some(("lxc", part.to_owned()));
    }
    if let Some(id) = short_id(part) {
        return Some((runtime_name(before).unwrap_or("container"), id.to_owned()));
    }
    let name = part.strip_suffix(".scope").unwrap_or(part);
    if let Some(machine) = name.strip_prefix("machine-").filter(|_| name.len() < part.len()) {
        return Some(("machine", unescaped(machine)));
    }
    // `cri-containerd-ID.scope`, `libpod-payload-ID`: the id stands last, and a monitor (`crio-conmon-ID`) is none.
    let (runtime, id) = name.rsplit_once('-')?;
    Some((runtime_name(runtime)?, short_id(id)?.to_owned()))
}

/// Container runtimes by what they write before an id.
fn runtime_name(text: &str) -> Option<&'static str> {
    match text {
        "docker" => Some("docker"),
        "cri-containerd" | "containerd" | "nerdctl" => Some("containerd"),
        "crio" => Some("crio"),
        "libpod" | "libpod-payload" | "libpod_parent" => Some("podman"),
        _ => None,
    }
}

/// The first twelve digits of a container's id, as `docker ps` and `crictl ps` show it; whole ids have 64.
fn short_id(text: &str) -> Option<&str> {
    let is_id = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_id.then(|| &text[..12])
}

/// The uid of a pod: `podUID` (cgroupfs) or `kubepods-burstable-podUID.slice`, with `_` for `-` (systemd). Static pods
/// have a hash of 32 digits.
fn pod_uid(part: &str) -> Option<String> {
    let name = part.strip_suffix(".slice").unwrap_or(part);
    let at = name.rfind("pod")?;
    let (before, uid) = (&name[..at], &name[at + 3..]);
    let is_uid = (32..=36).contains(&uid.len()) && uid.bytes().all(|b| b.is_ascii_hexdigit() || b"-_".contains(&b));
    (is_uid && (before.is_empty() || before.ends_with('-'))).then(|| uid.replace('_', "-"))
}

/// `\x2d` is a dash in the name of a unit (systemd.unit(5)).
fn unescaped(name: &str) -> String {
    name.replace("\\x2d", "-")
}

#[cfg(test)]
mod tests;
