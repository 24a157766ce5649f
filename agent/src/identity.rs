//! Who this agent is: node, boot and instance.

use std::{fs, io::Read, path::Path};

use crate::config::Config;

/// What stays the same for the life of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Stable id of the node: the configured name, else hostname and machine-id.
    pub node: String,
    /// Name for people.
    pub name: String,
    /// Kernel boot id; empty where the system has none.
    pub boot_id: String,
    /// Random instance of this agent, in hexadecimal.
    pub instance: String,
    /// Boot id and instance in one number.
    pub epoch: u64,
    /// Labels, in the order given.
    pub labels: Vec<(String, String)>,
    /// "Linux 6.18.44".
    pub system: String,
    /// User as whom the agent runs.
    pub user: String,
}

impl Identity {
    /// The identity of an agent that is told who it is: its node, by which people call it too, boot and instance.
    pub fn told(config: &Config, node: &str, boot_id: String, instance: String) -> Self {
        Self {
            node: node.to_owned(),
            name: node.to_owned(),
            epoch: fnv(&[boot_id.as_bytes(), instance.as_bytes()]),
            boot_id,
            instance,
            labels: config.labels.clone(),
            system: "Linux".to_owned(),
            user: "midair".to_owned(),
        }
    }

    /// Finds out who we are.
    pub fn read(config: &Config) -> anyhow::Result<Self> {
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy().into_owned();
        let machine = read_trimmed("/etc/machine-id").filter(|id| !id.is_empty());
        let boot_id = read_trimmed(config.proc_root.join("sys/kernel/random/boot_id")).unwrap_or_default();
        let instance = random_instance()?;
        Ok(Self {
            node: config.node.clone().unwrap_or_else(|| node_id(&host, machine.as_deref())),
            name: config.node.clone().unwrap_or(host),
            epoch: fnv(&[boot_id.as_bytes(), instance.as_bytes()]),
            boot_id,
            instance,
            labels: config.labels.clone(),
            system: format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()),
            user: user_name(rustix::process::geteuid().as_raw()),
        })
    }
}

/// Name of a user, or its number where the system knows no name.
pub fn user_name(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| uid.to_string())
}

fn node_id(host: &str, machine: Option<&str>) -> String {
    match machine {
        Some(machine) => format!("{host}-{}", machine.chars().take(8).collect::<String>()),
        None => host.to_owned(),
    }
}

fn random_instance() -> anyhow::Result<String> {
    use anyhow::Context;
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read a random instance from /dev/urandom")?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

fn read_trimmed(path: impl AsRef<Path>) -> Option<String> {
    // Absent on some systems; the id then does without.
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// FNV-1a over all parts: stable over builds, which std's hasher is not.
fn fnv(parts: &[&[u8]]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    parts.iter().flat_map(|part| part.iter()).fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests;
