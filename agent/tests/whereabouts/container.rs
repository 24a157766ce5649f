//! The agent in containers: it works, and says what it cannot see.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::host::{Cgroup, Process, is_root};

/// What one sample of the agent says, run by a script in which `$agent` is its command.
fn once(unshare: &[&str], script: &str) -> Value {
    let agent = concat!(env!("CARGO_BIN_EXE_midair-agent"), " --once");
    let output = Command::new("unshare")
        .args(unshare)
        .args(["timeout", "60", "sh", "-c", script])
        .env("agent", agent)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("util-linux is installed");
    assert!(output.status.success(), "{unshare:?} {script}: {}", output.status);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stdout)))
}

/// The state of a source whose name starts so: its health, and its reason.
fn source<'v>(sample: &'v Value, name: &str) -> (&'v str, &'v str) {
    let sources = sample["sources"].as_array().unwrap();
    let source = sources.iter().find(|source| source["name"].as_str().unwrap().starts_with(name)).unwrap();
    (source["health"].as_str().unwrap(), source["reason"].as_str().unwrap_or_default())
}

#[test]
fn in_a_pid_namespace_it_sees_its_own_and_says_that_there_is_more() {
    if !is_root("a pid namespace") {
        return;
    }
    for collector in ["proc", "auto"] {
        let script = format!("sleep 30 & $agent --collector {collector}");
        let sample = once(&["--pid", "--fork", "--mount-proc"], &script);
        let numbers: Vec<u64> =
            sample["tasks"].as_array().unwrap().iter().map(|task| task["number"].as_u64().unwrap()).collect();
        assert!(numbers.contains(&1) && numbers.iter().all(|number| *number < 20), "{numbers:?}");
        let (health, reason) = source(&sample, "kernel");
        assert_eq!(health, "degraded");
        assert!(reason.starts_with("only the processes of this agent's pid namespace are seen"), "{reason}");
        assert!(sample["vitals"]["mem_total_bytes"].as_u64() > Some(0) && !sample["vitals"]["cpus_used"].is_null());
    }
}

#[test]
fn with_the_hosts_proc_it_sees_the_host() {
    if !is_root("a mount") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let host = Process::of(Command::new("sleep").arg("60"));
    // A burner would stand among the worst: a task that is stopped or sleeps may not be printed, so count all.
    let script = format!(
        "mount --rbind /proc {proc} && unshare --pid --fork --mount-proc $agent --proc-root {proc}",
        proc = folder.path().display()
    );
    let sample = once(&["--mount"], &script);
    let n = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| is_number(&entry.file_name())).count() as u64;
    assert!(host.pid() > 0 && sample["vitals"]["n_processes"].as_u64() > Some(n / 2), "{n}: {}", sample["vitals"]);
    assert_eq!(source(&sample, "kernel").0, "ok", "{}", sample["sources"]);
    assert!(!sample["cgroups"].as_array().unwrap().is_empty());
}

fn is_number(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.parse::<u32>().is_ok())
}

#[test]
fn in_a_cgroup_namespace_the_root_is_its_own_and_neighbours_stand_beside_it() {
    if !is_root("a cgroup") {
        return;
    }
    let (Some(own), Some(other)) = (Cgroup::new("own"), Cgroup::new("other")) else { return };
    let neighbour = Process::script(&format!("{} while :; do :; done", other.enter()));
    other.set("cpu", "cpu.cfs_quota_us", "20000");
    own.set("memory", "memory.limit_in_bytes", "268435456");
    let cgroup = |sample: &Value, path: &str| {
        let all = sample["cgroups"].as_array().unwrap();
        all.iter().find(|row| row["path"] == path).unwrap_or_else(|| panic!("{path} in {all:#?}")).clone()
    };
    let beside = format!("/..{}", other.path());
    // The mounts of the host are still there: neighbours can be read through them.
    let enter = own.enter();
    let sample = once(&[], &format!("{enter} exec unshare --cgroup $agent"));
    assert_eq!(cgroup(&sample, &beside)["quota_cpus"], 0.2);
    // With mounts of its own alone it sees its own limit, and of neighbours what their tasks use.
    let mounts = "for c in cpu cpuacct memory; do mkdir $c && mount -t cgroup -o $c $c $c; done";
    let script = format!(
        "{enter} exec unshare --cgroup sh -c 'mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup && {mounts} && exec $agent'"
    );
    let sample = once(&["--mount"], &script);
    let root = cgroup(&sample, "/");
    assert_eq!((root["kind"].as_str(), root["mem_limit_bytes"].as_u64()), (Some("container"), Some(256 << 20)));
    let neighbours = cgroup(&sample, &beside);
    assert_eq!((&neighbours["quota_cpus"], neighbours["n_processes"].as_u64() >= Some(1)), (&Value::Null, true));
    assert!(neighbours["cpus_used"].as_f64() > Some(0.0), "{neighbours}");
    let (health, reason) = source(&sample, "cgroups");
    assert_eq!(health, "degraded");
    assert!(reason.contains("they lie outside of what is mounted here"), "{reason}");
    assert_eq!(sample["vitals"]["mem_limit_bytes"], Value::Null, "it binds the agent, not the host");
    drop(neighbour);
}

#[test]
fn in_a_container_with_a_limit_of_its_own_that_is_the_memory_there_is() {
    if !is_root("a cgroup") {
        return;
    }
    let Some(own) = Cgroup::new("limited") else { return };
    own.set("memory", "memory.limit_in_bytes", "268435456");
    // As a container's runtime does: namespaces, then its own /proc and its own mounts of cgroups.
    let mounts = "for c in cpu cpuacct memory; do mkdir $c && mount -t cgroup -o $c $c $c; done";
    let inside = format!("mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup && {mounts} && exec $agent");
    let enter = own.enter();
    let sample = once(&[], &format!("{enter} exec unshare --cgroup --pid --fork --mount-proc sh -c '{inside}'"));
    let vitals = &sample["vitals"];
    assert_eq!(vitals["mem_limit_bytes"].as_u64(), Some(256 << 20));
    assert!(vitals["mem_used_bytes"].as_u64() < Some(256 << 20), "of the container, not of the host: {vitals}");
}

#[test]
fn without_the_right_to_trace_it_says_which_networks_it_cannot_tell() {
    if !is_root("to give up a capability") {
        return;
    }
    let script = "exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace $agent --collector proc";
    let sample = once(&[], script);
    let (health, reason) = source(&sample, "namespaces");
    assert_eq!(health, "degraded");
    assert!(reason.contains("may not be seen; run midair-agent with CAP_SYS_PTRACE"), "{reason}");
    assert!(!sample["tasks"].as_array().unwrap().is_empty() && !sample["cgroups"].as_array().unwrap().is_empty());
}

#[test]
fn with_a_network_of_its_own_it_says_whose_figures_it_shows() {
    if !is_root("a network namespace") {
        return;
    }
    let sample = once(&["--net"], "$agent");
    let (health, reason) = source(&sample, "namespaces");
    assert_eq!(health, "degraded", "{sample:#}");
    assert!(reason.contains("that of this agent's own network namespace, not of the host"), "{reason}");
    let namespaces = sample["network_namespaces"].as_array().unwrap();
    assert_eq!(namespaces[0]["is_own"], true);
    let host = namespaces.iter().find(|row| row["name"] == "host");
    assert!(host.is_some_and(|row| row["unread"].is_null()), "{namespaces:#?}");
}
