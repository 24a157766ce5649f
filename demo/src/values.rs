//! What a node shows at a moment: levels and rates, before anything is counted.
//!
//! Scenarios bend causes; [`Values::settle`] draws what follows from them, so that sums are the sums of their parts.

use midair_vitals::TaskState;

use crate::cluster::Node;

/// Bytes in a MiB, a GiB.
pub const MIB: f64 = 1_048_576.0;
/// See [`MIB`].
pub const GIB: f64 = 1_073_741_824.0;

/// Carriers are larger than what lies in them by this.
const CARRIERS: f64 = 1.06;

/// All that a node shows. Rates are per second; CPU times are in cores; memory is in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// All CPUs together.
    pub cpu: Cpu,
    /// Seconds that tasks waited for a CPU.
    pub delay: f64,
    /// Tasks that run or are runnable.
    pub n_running: f64,
    /// Tasks that wait for a disk.
    pub n_blocked: f64,
    /// Context switches.
    pub switches: f64,
    /// Memory.
    pub mem: Mem,
    /// Network.
    pub net: Net,
    /// Its disk.
    pub disk: Disk,
    /// Shares of time in which some task waited for a CPU, memory, a disk.
    pub psi: [f64; 3],
    /// How far its wall clock is ahead, microseconds.
    pub ahead_us: i64,
    /// Whether nothing reaches it, and nothing of it reaches anybody.
    pub is_cut: bool,
    /// OS processes, always in the same order.
    pub processes: Vec<Process>,
    /// Its Erlang VM.
    pub vm: Vm,
}

/// CPU time in cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// User mode.
    pub user: f64,
    /// Kernel mode.
    pub system: f64,
    /// Interrupts.
    pub irq: f64,
    /// Idle because of a disk.
    pub iowait: f64,
    /// Given to others by the hypervisor.
    pub steal: f64,
    /// Cores that are full, from the first on, whatever the others do.
    pub n_full: u32,
}

/// Memory of a node, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mem {
    /// Held by no process that is shown.
    pub rest: f64,
    /// Page cache.
    pub file: f64,
    /// Anonymous; follows from the processes.
    pub anon: f64,
    /// Processes that the kernel has killed for lack of it.
    pub n_kills: u64,
}

/// Network of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Net {
    /// Bytes received.
    pub rx: f64,
    /// Bytes sent.
    pub tx: f64,
    /// TCP segments received.
    pub segments_in: f64,
    /// TCP segments sent.
    pub segments_out: f64,
    /// TCP segments sent again.
    pub retrans: f64,
    /// TCP sockets in use.
    pub n_tcp: f64,
    /// Connections that found the listen queue full.
    pub listen_drops: f64,
}

/// A disk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disk {
    /// Reads.
    pub reads: f64,
    /// Writes.
    pub writes: f64,
    /// Bytes of a request.
    pub request: f64,
    /// Share of time with a request outstanding.
    pub busy: f64,
    /// Seconds that a request takes.
    pub latency: f64,
}

/// An OS process.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Its pid.
    pub number: u32,
    /// Its short name.
    pub name: &'static str,
    /// As whom it runs.
    pub user: &'static str,
    /// CPU time, cores.
    pub cpu: f64,
    /// Seconds that its threads waited for a CPU.
    pub delay: f64,
    /// Resident memory, bytes.
    pub rss: f64,
    /// Threads.
    pub n_threads: u32,
    /// What it does.
    pub state: TaskState,
    /// What waits for it.
    pub queues: Vec<Waiting>,
}

/// What waits in a socket of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// Which of its sockets.
    pub socket: Socket,
    /// What waits: connections or bytes.
    pub depth: f64,
    /// How much can.
    pub limit: Option<u64>,
    /// Dropped per second.
    pub drops: f64,
}

/// A socket that has a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// It listens for users.
    Listen,
    /// Bytes of the database's clients that it has not read.
    Clients,
    /// Bytes of another node's VM that it has not read; the number of that node.
    Dist(usize),
    /// Bytes to another node's VM that this has not taken; the number of that node.
    DistOut(usize),
}

/// An Erlang VM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vm {
    /// How often it was started anew.
    pub life: u32,
    /// Seconds since it was started.
    pub age_s: f64,
    /// Share of time in which each scheduler works; all alike but for the first `n_full`.
    pub busy: f64,
    /// Schedulers that are full.
    pub n_full: u32,
    /// What is ready to run; on each full scheduler, where there are such.
    pub run_queue: f64,
    /// Processes.
    pub n_processes: f64,
    /// Memory of processes that are not shown, bytes.
    pub heaps: f64,
    /// Binaries, bytes.
    pub binaries: f64,
    /// ETS tables, the hot one included; bytes.
    pub ets: f64,
    /// Everything else, bytes.
    pub code: f64,
    /// All of it; follows.
    pub total: f64,
    /// Reductions per second of all processes.
    pub reductions: f64,
    /// Garbage collections per second.
    pub gcs: f64,
    /// Bytes in and out through ports.
    pub io: [f64; 2],
    /// Processes that may not run since a link is full.
    pub n_suspended: f64,
    /// Links to other nodes.
    pub links: Vec<Link>,
    /// Entries of its largest tables.
    pub tables: Vec<Table>,
    /// What active processes are in, of 200 looks.
    pub functions: Vec<(&'static str, u32)>,
    /// The processes that matter, always in the same order.
    pub actors: Vec<Actor>,
}

/// A link of the Erlang distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Number of the node at the other end.
    pub peer: usize,
    /// Bytes that wait.
    pub pending: f64,
    /// Whether who sends is suspended.
    pub is_busy: bool,
    /// Whether the other end answers.
    pub is_up: bool,
    /// Messages per second, each way.
    pub messages: [f64; 2],
}

/// An ETS table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Objects.
    pub n_objects: f64,
    /// Bytes.
    pub bytes: f64,
}

/// An Erlang process.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// Its id: <0.812.0>.
    pub number: u64,
    /// As what it is registered; of a session what it is.
    pub name: &'static str,
    /// With which call it began.
    pub began: &'static str,
    /// In which function it is.
    pub at: &'static str,
    /// What it does.
    pub state: TaskState,
    /// Share of looks in which it was active.
    pub active: f64,
    /// Messages that wait for it.
    pub mailbox: f64,
    /// Reductions per second.
    pub reductions: f64,
    /// Memory, bytes.
    pub memory: f64,
    /// Binaries that it holds, bytes.
    pub binaries: f64,
    /// For whom it waits: a registered name, and the number of its node.
    pub waits_for: Option<(&'static str, usize)>,
}

impl Process {
    /// Puts what waits into a socket, in the place of what waited there.
    pub fn queue(&mut self, waiting: Waiting) {
        self.queues.retain(|queue| queue.socket != waiting.socket);
        self.queues.push(waiting);
    }
}

impl Values {
    /// The OS process of this name.
    pub fn process(&mut self, name: &str) -> Option<&mut Process> {
        self.processes.iter_mut().find(|process| process.name == name)
    }

    /// The OS process of the VM.
    pub fn beam(&mut self) -> Option<&mut Process> {
        self.process("beam.smp")
    }

    /// The Erlang process of this name.
    pub fn actor(&mut self, name: &str) -> Option<&mut Actor> {
        self.vm.actors.iter_mut().find(|actor| actor.name == name)
    }

    /// The VM works so much more, in cores.
    pub fn work(&mut self, cores: f64) {
        if let Some(beam) = self.beam() {
            beam.cpu += cores;
        }
    }

    /// What is still to be had, bytes; at most a little less than nothing is shown as a little.
    pub fn available(&self, node: &Node) -> f64 {
        (node.mem_bytes as f64 - self.mem.rest - self.mem.anon).max(0.004 * node.mem_bytes as f64)
    }

    /// Draws what follows: of the parts their sums.
    pub fn settle(&mut self, node: &Node) {
        let vm = &mut self.vm;
        let actors: f64 = vm.actors.iter().map(|actor| actor.memory).sum();
        let held: f64 = vm.actors.iter().map(|actor| actor.binaries).sum();
        vm.binaries += held;
        vm.total = vm.heaps + actors + vm.binaries + vm.ets + vm.code;
        let resident = vm.total * CARRIERS;
        if let Some(beam) = self.beam() {
            beam.rss = resident;
        }
        self.mem.anon = self.processes.iter().map(|process| process.rss).sum();
        let n_cpus = f64::from(node.n_cpus);
        let used: f64 = self.processes.iter().map(|process| process.cpu).sum();
        let most = (n_cpus - self.cpu.steal - self.cpu.irq).max(0.1);
        self.cpu.user = used.min(most) * 0.82;
        self.cpu.system = used.min(most) * 0.18;
        self.delay += self.processes.iter().map(|process| process.delay).sum::<f64>();
        // The page cache gives way to what is needed.
        self.mem.file = self.mem.file.min(self.available(node) * 0.9);
        self.psi[0] = self.psi[0].max((self.delay / n_cpus).min(1.0));
    }
}
