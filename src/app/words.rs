//! What the words on the screen mean: each column of each table, and the words of the panels above. Every head of a column
//! has its words here, and each has room in one line of the narrowest screen that shows a frame.

use super::{
    State, heads,
    screen::{Panel, Screen},
};

/// A word and what it means.
pub type Word = (&'static str, &'static str);

/// The longest word, letters.
pub const LONGEST_WORD: usize = 12;

/// The longest meaning, letters.
pub const LONGEST: usize = 64;

/// What the head of a column of a panel means.
pub fn of_head(panel: Panel, title: &str) -> Option<&'static str> {
    let find = |words: &[Word]| words.iter().find(|(word, _)| *word == title).map(|(_, meaning)| *meaning);
    find(of_panel(panel)).or_else(|| find(ANYWHERE))
}

/// The words of the panels of a screen, and of the first row.
pub fn of_screen(screen: &Screen) -> impl Iterator<Item = &'static Word> {
    let own: &[Word] = match screen {
        Screen::Vm(..) => VM,
        Screen::Task(_, task) if task.runtime != 0 => PROCESS,
        Screen::Cluster | Screen::Node(_) | Screen::Scope(..) | Screen::Task(..) => &[],
    };
    own.iter().chain(HEADER)
}

/// A line of what is told about the words of the screen that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing.
    Empty,
    /// What follows are the columns of a table.
    Columns(Panel),
    /// What follows are other words.
    Others,
    /// A word, what it means, and whether the table is sorted by it.
    Word(Word, bool),
}

/// The columns of the table that has the keys, then the words of the screen.
pub fn lines(state: &State) -> Vec<Line> {
    let level = state.level();
    let panel = level.panel;
    let sort = level.current().sort;
    let heads = heads::of(panel, &level.screen, state.is_mixed()).iter();
    let columns = heads.filter_map(|head| {
        let is_sorted = head.sort == Some(sort);
        Some(Line::Word((head.title, of_head(panel, head.title)?), is_sorted))
    });
    let others = of_screen(&level.screen).map(|word| Line::Word(*word, false));
    [Line::Columns(panel)].into_iter().chain(columns).chain([Line::Empty, Line::Others]).chain(others).collect()
}

/// What the first row says.
const HEADER: &[Word] = &[
    ("cost", "CPU that the host's agent takes, of one core; of its budget"),
    ("+ vm", "what watching costs inside the Erlang VMs, per cent of one core"),
    ("every", "how often samples come"),
    ("shed", "what the agent leaves out to stay within its budget"),
    ("-", "not known, or not measured then: never 0"),
    ("·", "nothing is there that could have a value: no queue, no limit"),
    ("× ~", "silent, late: a node; ~ before a number: it is estimated"),
    ("⚑ × ░ ◌", "on the time line: a mark, silence, not recorded, lost samples"),
];

/// The panels of an Erlang VM.
const VM: &[Word] = &[
    ("busy", "share of their time in which its schedulers work"),
    ("ready", "processes that could run and wait for a scheduler: its run queue"),
    ("delay", "what its scheduler threads wait for a CPU of the host, a second"),
    ("on cpu", "CPUs that its scheduler threads run on, as the kernel says"),
    ("switches", "how often these are put on a CPU; many: they fight for locks"),
    ("dirty", "native work that waits for schedulers of its own: CPU, then IO"),
    ("each", "how busy each scheduler is: normal, then dirty ones"),
    ("total", "memory that the VM says it uses; rss: what the kernel counts"),
    ("carriers", "memory taken from the host in large pieces; free: part in no use"),
    ("bin", "binaries, which processes share; ets: tables in memory"),
    ("messages", "in all mailboxes together, as of the last sweep"),
    ("suspend", "processes stopped while a link or port they write to is full"),
    ("pending", "bytes that wait on links to other nodes"),
    ("reds", "reductions: function calls, the VM's measure of work done"),
    ("watching", "what midair costs this VM: ~ CPU, and bytes over the link"),
    ("swept", "midair reads all processes in passes: how long one takes"),
    ("sweep stuck", "a process inside native code holds up that pass"),
    ("outside", "a VM seen from there says nothing: the kernel tells of it"),
];

/// An Erlang process.
const PROCESS: &[Word] = &[
    ("looks", "moments at which it was looked at; the last hundred count"),
    ("active", "found running, or ready to run; from outside they look alike"),
    ("waiting", "found waiting for a message, a call's answer, or a timer"),
    ("suspended", "stopped while a link or port it writes to is full"),
    ("now", "the function it is in, and below it those that called it"),
    ("received", "what messages begin with, as a :trace has counted"),
    ("fragments", "messages and binaries outside of its heap, until it collects"),
    ("minor gcs", "collections of young data since the last full one"),
    ("leader", "its group leader: where its output goes"),
];

/// Columns that mean the same wherever they stand.
const ANYWHERE: &[Word] = &[
    ("node", "the host, by its agent's name"),
    ("task", "what is scheduled: a process, a thread, an Erlang process"),
    ("runtime", "what schedules it: os, or the Erlang VM of that name"),
    ("pid", "its number; of an Erlang process as its VM prints it"),
    ("worst%", "the worst of its severities, 0 to 100: see the vitals"),
    ("delay/s", "time in which it could run and waited for a CPU, per second"),
    ("cpu %", "CPU used; 100 is one whole core"),
    ("rss B", "memory in RAM, bytes"),
    ("+B/s", "growth of its memory, bytes per second over 10 s"),
    ("queue", "what waits in its worst queue: messages, bytes, connections"),
    ("grow/s", "growth of that queue per second, over 10 s"),
    ("drops", "what was dropped since the last sample for lack of room"),
    ("in/s", "what came in per second, in the unit beside it"),
    ("out/s", "what went out per second"),
    ("unit", "of in and out: messages, segments, reductions"),
    ("state", "running, sleeping, blocked ...; of Erlang: waiting, running"),
    ("up", "how long it has been running"),
    ("user", "whose it is"),
    ("cgroup", "the group of processes in which it runs, with its limits"),
    ("command", "its program; arguments are not sent unless asked for"),
    ("waits in", "the function of the kernel in which it sleeps"),
    ("depth", "what waits in it now"),
    ("limit", "how much it takes"),
    ("fill %", "depth of limit"),
    ("age", "how old this reading is"),
    ("in use", "how busy it is, as a bar"),
    ("procs", "processes in it"),
    ("mem B", "memory, bytes in powers of 1024"),
    ("in B/s", "bytes that came in per second"),
    ("out B/s", "bytes that went out per second"),
    ("address", "the other end; at: its own address, it listens there"),
    ("owner", "the process that it belongs to; Enter goes there"),
];

/// Columns that mean something of their own in a panel.
fn of_panel(panel: Panel) -> &'static [Word] {
    match panel {
        Panel::Nodes => NODES,
        Panel::Groups => GROUPS,
        Panel::Peers => PEERS,
        Panel::Queues | Panel::AllQueues => QUEUES,
        Panel::Cgroups => CGROUPS,
        Panel::Namespaces => NAMESPACES,
        Panel::Cpus => CPUS,
        Panel::Host => HOST,
        Panel::Children => CHILDREN,
        Panel::Vms => VMS,
        Panel::Processes => PROCESSES,
        Panel::Schedulers => SCHEDULERS,
        Panel::Functions => FUNCTIONS,
        Panel::Links => LINKS,
        Panel::Ports => PORTS,
        Panel::Tables => TABLES,
        Panel::Spots => SPOTS,
        Panel::Relatives => RELATIVES,
        Panel::Tasks => &[],
    }
}

const NODES: &[Word] = &[
    ("group", "the label by which the map is grouped"),
    ("heard", "how long ago its last sample came; why none comes"),
    ("cpus", "CPUs in use of those that it has"),
    ("mem %", "memory used, of the nearest limit"),
    ("seg in/s", "TCP segments received per second"),
    ("fall %", "how far its traffic fell below its own last ten minutes"),
];

const GROUPS: &[Word] = &[
    ("group", "nodes that share the value of the label; b takes the next label"),
    ("heard", "how many of them are heard: what follows is said of these"),
    ("sched %", "how bad it is: the median, 99 of 100, the worst of its nodes"),
    ("mem %", "how bad it is: the median, 99 of 100, the worst of its nodes"),
    ("queue %", "how bad it is: the median, 99 of 100, the worst of its nodes"),
    ("rate %", "how bad it is: the median, 99 of 100, the worst of its nodes"),
    ("worst node", "the node with the worst vital"),
];

const PEERS: &[Word] = &[
    ("peer", "an Erlang VM to which others have links; Enter goes there"),
    ("busy from", "nodes whose link to it is full: who sends is suspended"),
    ("filling", "nodes whose link to it is half full at least"),
    ("pending B", "bytes that wait on these links"),
    ("fill %", "of the fullest, of what suspends senders"),
    ("suspended", "processes stopped on VMs of which no other link is busy"),
    ("seen up by", "VMs that have a link to it, of those that had one in 10 min"),
    ("last down", "how long ago a link to it went, and why"),
];

const QUEUES: &[Word] = &[
    ("queue", "its kind: tcp in, listen, pipe, mailbox ..."),
    ("what", "which one: addresses, a path"),
    ("fd", "its number in its process"),
    ("grow/s", "growth per second, over 10 s"),
    ("other end", "who reads or writes there; Enter goes there"),
];

const CGROUPS: &[Word] = &[
    ("cgroup", "a group of processes with limits of its own: a container, a unit"),
    ("kind", "container, unit, slice"),
    ("caused/s", "delay that it causes others: the noisy neighbour stands first"),
    ("cores", "CPUs in use"),
    ("quota", "CPUs that it may use at most"),
    ("held/s", "time per second for which its quota holds it back"),
    ("psi %", "share of time in which its tasks stall: CPU, memory, IO"),
    ("oom", "tasks killed for lack of memory"),
    ("path", "where it stands in the tree"),
];

const NAMESPACES: &[Word] = &[
    ("namespace", "a network of its own: a container's, most often"),
    ("inode", "its number in the kernel"),
    ("drops/10s", "connection attempts turned away in 10 s: listen queues were full"),
    ("udp/10s", "datagrams dropped in 10 s"),
    ("listeners", "sockets that listen"),
    ("tcp", "TCP connections"),
    ("seg in/s", "TCP segments received per second"),
    ("retr/s", "segments sent again per second"),
    ("udp in/s", "datagrams received per second"),
    ("udp out/s", "datagrams sent per second"),
    ("why not read", "what keeps the agent from reading it"),
];

const CPUS: &[Word] = &[
    ("cpu", "its number"),
    ("busy %", "share of time in use"),
    ("system %", "of that inside the kernel"),
    ("irq %", "of that for interrupts"),
    ("steal %", "share that the hypervisor took"),
    ("waiting", "tasks that could run and wait for it"),
];

const HOST: &[Word] = &[
    ("what", "something that explains a stuck host beyond its tasks"),
    ("vital", "which vital it holds up"),
    ("now", "how it is"),
];

const CHILDREN: &[Word] = &[("thread", "its name"), ("tid", "its number")];

const VMS: &[Word] = &[
    ("vm", "the Erlang VM, by its node name"),
    ("otp", "release of Erlang/OTP that it runs"),
    ("answer", "whether it answers; else how long ago it last did; ended"),
    ("busy %", "share of their time in which its schedulers work"),
    ("ready", "processes that could run and wait for a scheduler"),
    ("messages", "in all mailboxes together"),
    ("reds/s", "reductions, the VM's measure of work done, per second"),
    ("processes", "Erlang processes that it has"),
    ("swept", "how long ago the last pass over all processes ended"),
    ("cost %", "what watching costs it, of one core; estimated"),
    ("why not", "why it does not answer, or how it ended"),
];

const PROCESSES: &[Word] = &[
    ("active %", "share of looks that found it running or ready to run"),
    ("mailbox", "messages that wait for it"),
    ("reds/s", "reductions, the VM's measure of work done, per second"),
    ("mem B", "its memory; - where its mailbox is too long to add up"),
    ("binary B", "binaries that it holds, shared ones counted whole"),
    ("+bin/s", "growth of these per second"),
    ("now in", "the function that it is in"),
];

const SCHEDULERS: &[Word] = &[
    ("scheduler", "normal: processes; dirty: long native work, on CPU or IO"),
    ("busy %", "share of time busy, as the VM says"),
    ("ready", "what waits for it alone"),
    ("thread", "its thread in the kernel; Enter goes there"),
    ("on cpu %", "share of time on a CPU, as the kernel says"),
    ("switches/s", "how often it was put on a CPU; many: it fights for locks"),
];

const FUNCTIONS: &[Word] = &[
    ("function", "what active processes are in"),
    ("processes", "how many of those looked at"),
    ("share %", "of all that were looked at"),
];

const LINKS: &[Word] = &[
    ("peer", "the other node; Enter goes there where it is watched"),
    ("state", "busy: who sends to it is suspended"),
    ("pending B", "bytes that wait to be sent to it"),
    ("fill %", "pending, of what suspends senders"),
    ("msg in/s", "packets received per second"),
];

const PORTS: &[Word] = &[
    ("port", "a socket, file or program of the VM; socket: one that is no port"),
    ("driver", "what it is: tcp_inet a TCP socket; dist: a link to a node"),
    ("queued B", "bytes that wait to be sent; wait: processes that cannot write"),
];

const TABLES: &[Word] = &[
    ("table", "a table in memory (ETS), by its name"),
    ("objects", "entries in it"),
    ("type", "set, ordered_set, bag, duplicate_bag"),
];

const SPOTS: &[Word] = &[
    ("seen", "in how many looks, or how many messages; now: the stack"),
    ("function", "where it was, or what was received"),
];

const RELATIVES: &[Word] = &[
    ("it", "what the other process is to this one"),
    ("process", "that process; Enter goes there"),
    ("count", "in how many looks, or how many messages in which time"),
    ("node", "its VM, where that is another"),
];

#[cfg(test)]
mod tests;
