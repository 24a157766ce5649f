//! Loading: from the object that is part of this program to programs in the kernel.
//!
//! Parsing the kernel's own types takes 23 MiB that an allocator hardly gives back, so an agent never does it itself:
//! see `child`.

use aya::{Btf, Ebpf, EbpfLoader, include_bytes_aligned, programs::Iter};
use rustix::{
    fd::{AsFd, OwnedFd},
    process::{Resource, Rlimit, setrlimit},
};

use super::Why;

/// Programs in the kernel; they go when the last descriptor of them is closed.
#[derive(Debug)]
pub(super) struct Programs {
    /// Iterates over threads.
    pub(super) tasks: OwnedFd,
    /// The same, with short records of sleepers.
    pub(super) tasks_brief: OwnedFd,
    /// Iterates over descriptors.
    pub(super) files: OwnedFd,
}

/// Built by `agent/bpf/build` from the sources beside it.
static ITERATORS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/iterators.bpf.o"));

impl Programs {
    /// Loads them.
    pub(super) fn load() -> Result<Self, Why> {
        // Before 5.11 programs count as locked memory; where the limit cannot be raised it may still be enough.
        let unlimited = Rlimit { current: None, maximum: None };
        if let Err(error) = setrlimit(Resource::Memlock, unlimited) {
            tracing::debug!("cannot raise the limit of locked memory: {error}");
        }
        let btf = Btf::from_sys_fs().map_err(|error| Why::no_types(&error))?;
        let mut object = EbpfLoader::new().btf(Some(&btf)).load(ITERATORS).map_err(|error| Why::of(&error))?;
        Ok(Self {
            tasks: load(&mut object, &btf, "tasks", "task")?,
            tasks_brief: load(&mut object, &btf, "tasks_brief", "task")?,
            // What this kernel's verifier takes is found by trying.
            files: load(&mut object, &btf, "files", "task_file")
                .or_else(|_| load(&mut object, &btf, "files_untyped", "task_file"))?,
        })
    }
}

fn load(object: &mut Ebpf, btf: &Btf, name: &'static str, over: &str) -> Result<OwnedFd, Why> {
    let program = object.program_mut(name).ok_or_else(|| Why::new(format!("the object has no program {name}")))?;
    let iterator: &mut Iter = program.try_into().map_err(|error| Why::of_program(name, &error))?;
    iterator.load(over, btf).map_err(|error| Why::of_program(name, &error))?;
    let fd = iterator.fd().map_err(|error| Why::of_program(name, &error))?;
    fd.as_fd().try_clone_to_owned().map_err(|error| Why::of(&error))
}
