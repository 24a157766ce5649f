//! Loading: from the objects that are part of this program to programs in the kernel.
//!
//! Parsing the kernel's own types takes 39 MiB, of which an allocator keeps 17, so an agent never does it itself:
//! see `child`.

use aya::{
    Btf, Ebpf, EbpfLoader, include_bytes_aligned,
    maps::Map,
    programs::{Program, ProgramError},
};
use rustix::{
    fd::{AsFd, OwnedFd},
    process::{Resource, Rlimit, setrlimit},
};

use super::{Why, messages::Target};

/// What is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The iterators.
    Iterators,
    /// The iterators, and where the kernel takes it what counts short-lived processes.
    Reader,
    /// What counts the messages of a process.
    Messages(Target),
}

/// Programs and maps in the kernel, by name; they go when the last descriptor of them is closed.
#[derive(Debug, Default)]
pub(super) struct Loaded(pub(super) Vec<(String, OwnedFd)>);

/// Built by `agent/bpf/build` from the sources beside them.
static ITERATORS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/iterators.bpf.o"));
static EXITS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/exits.bpf.o"));
static MESSAGES: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/messages.bpf.o"));

/// Tracepoints that every socket passes, since 6.3.
const TRACEPOINTS: [&str; 2] = ["sock_send_length", "sock_recv_length"];

/// What they stand for: functions by whose exits messages are counted.
const FUNCTIONS: [&str; 8] = [
    "unix_stream_sendmsg",
    "unix_dgram_sendmsg",
    "unix_stream_recvmsg",
    "unix_dgram_recvmsg",
    "udp_sendmsg",
    "udpv6_sendmsg",
    "udp_recvmsg",
    "udpv6_recvmsg",
];

/// Name of the map of counts.
pub(super) const COUNTS: &str = "counts";

/// What counts short-lived processes: programs, each with its tracepoint, and maps.
pub(super) const EXIT_PROGRAMS: [(&str, &str); 2] =
    [("process_exit", "sched_process_exit"), ("process_free", "sched_process_free")];
pub(super) const BY_NAME: &str = "by_name";
pub(super) const TOTALS: &str = "totals";
pub(super) const SWEPT: &str = "swept";

impl Loaded {
    /// Takes out what has a name.
    pub(super) fn take(&mut self, name: &str) -> Option<OwnedFd> {
        let at = self.0.iter().position(|(own, _)| own == name)?;
        Some(self.0.swap_remove(at).1)
    }
}

/// Loads into the kernel.
pub(super) fn load(wanted: Wanted) -> Result<Loaded, Why> {
    // Before 5.11 programs count as locked memory; where the limit cannot be raised it may still be enough.
    let unlimited = Rlimit { current: None, maximum: None };
    if let Err(error) = setrlimit(Resource::Memlock, unlimited) {
        tracing::debug!("cannot raise the limit of locked memory: {error}");
    }
    let btf = Btf::from_sys_fs().map_err(|error| Why::no_types(&error))?;
    match wanted {
        Wanted::Iterators => load_iterators(&btf),
        Wanted::Reader => {
            let mut loaded = load_iterators(&btf)?;
            match load_exits(&btf) {
                Ok(exits) => loaded.0.extend(exits.0),
                // What is absent is not known; tasks are read all the same.
                Err(why) => tracing::debug!(%why, "short-lived processes are not counted by name"),
            }
            Ok(loaded)
        }
        Wanted::Messages(target) => load_messages(&btf, target),
    }
}

fn load_iterators(btf: &Btf) -> Result<Loaded, Why> {
    let mut object = EbpfLoader::new().btf(Some(btf)).load(ITERATORS).map_err(|error| Why::of(&error))?;
    let mut loaded = Loaded::default();
    for name in ["tasks", "tasks_brief"] {
        loaded.0.push((name.into(), load_one(&mut object, btf, name, "task")?));
    }
    // What this kernel's verifier takes is found by trying.
    let files = load_one(&mut object, btf, "files", "task_file")
        .or_else(|_| load_one(&mut object, btf, "files_untyped", "task_file"))?;
    loaded.0.push(("files".into(), files));
    Ok(loaded)
}

fn load_exits(btf: &Btf) -> Result<Loaded, Why> {
    let mut object = EbpfLoader::new().btf(Some(btf)).load(EXITS).map_err(|error| Why::of(&error))?;
    let mut loaded = Loaded::default();
    for (name, of) in EXIT_PROGRAMS {
        loaded.0.push((name.into(), load_one(&mut object, btf, name, of)?));
    }
    for name in [BY_NAME, TOTALS, SWEPT] {
        loaded.0.push((name.into(), map(&object, name)?));
    }
    Ok(loaded)
}

fn load_messages(btf: &Btf, target: Target) -> Result<Loaded, Why> {
    let words = target.words();
    let mut loader = EbpfLoader::new();
    let mut object = loader
        .btf(Some(btf))
        .override_global("target", &words, true)
        .load(MESSAGES)
        .map_err(|error| Why::of(&error))?;
    let mut loaded = Loaded::default();
    let tracepoints: Result<Vec<_>, Why> =
        TRACEPOINTS.iter().map(|name| Ok(((*name).into(), load_one(&mut object, btf, name, name)?))).collect();
    match tracepoints {
        Ok(tracepoints) => loaded.0 = tracepoints,
        // Those of version six are absent where the kernel was built without it; without any there is nothing to count.
        Err(why) => {
            let functions = FUNCTIONS.iter();
            let all = functions.filter_map(|name| Some(((*name).into(), load_one(&mut object, btf, name, name).ok()?)));
            loaded.0 = all.collect();
            if loaded.0.is_empty() {
                return Err(why);
            }
        }
    }
    loaded.0.push((COUNTS.into(), map(&object, COUNTS)?));
    Ok(loaded)
}

/// The map `name`.
fn map(object: &Ebpf, name: &str) -> Result<OwnedFd, Why> {
    let Some(Map::PerCpuArray(map) | Map::Array(map) | Map::HashMap(map)) = object.map(name) else {
        return Err(Why::new(format!("the object has no map {name}")));
    };
    map.fd().as_fd().try_clone_to_owned().map_err(|error| Why::of(&error))
}

/// Loads the program `name`, which is for what the kernel calls `of`.
fn load_one(object: &mut Ebpf, btf: &Btf, name: &str, of: &str) -> Result<OwnedFd, Why> {
    let program = object.program_mut(name).ok_or_else(|| Why::new(format!("the object has no program {name}")))?;
    let loaded = match program {
        Program::Iter(program) => program.load(of, btf),
        Program::BtfTracePoint(program) => program.load(of, btf),
        Program::FExit(program) => program.load(of, btf),
        _ => Err(ProgramError::UnexpectedProgramType),
    };
    let fd = loaded.and_then(|()| program.fd()).map_err(|error| Why::of_program(name, &error))?;
    fd.as_fd().try_clone_to_owned().map_err(|error| Why::of(&error))
}
