//! A node on which all is well: what it shows at a moment.

mod roles;

use midair_vitals::TaskState;

use crate::{
    chance,
    cluster::{Cluster, Node, Role},
    values::{Actor, Cpu, Disk, GIB, Link, MIB, Mem, Net, Process, Socket, Table, Values, Vm, Waiting},
};

/// Sessions that are shown by themselves beside the registered processes.
const N_SESSIONS: u64 = 4;

/// How much there is to do: about 1, different from node to node, wandering with the minutes and the seconds.
fn load(node: &Node, at_s: f64) -> f64 {
    let own = 0.85 + 0.3 * chance::share(node.seed, [0, 3]);
    own * (1.0 + 0.10 * chance::drift(node.seed ^ 11, at_s, 97.0) + 0.03 * chance::drift(node.seed ^ 12, at_s, 3.0))
}

/// What a node shows when nothing happens to it.
pub fn healthy(cluster: &Cluster, node: &Node, at_s: f64) -> Values {
    let (load, profile) = (load(node, at_s), roles::profile(node.role));
    let n_cpus = f64::from(node.n_cpus);
    let segments = profile.segments * load;
    let disk = Disk {
        reads: profile.io * load * 0.4,
        writes: profile.io * load,
        request: 16_384.0,
        busy: 0.04 + profile.io * load / 12_000.0,
        latency: 0.000_7,
    };
    Values {
        cpu: Cpu { irq: 0.02 * n_cpus * load, iowait: disk.busy * 0.2, ..Cpu::default() },
        delay: 0.000_3 * n_cpus * load,
        n_running: (1.0 + n_cpus * profile.busy * load).round(),
        n_blocked: 0.0,
        switches: 3_000.0 * n_cpus * load,
        mem: Mem { rest: 0.02 * node.mem_bytes as f64, file: 0.22 * node.mem_bytes as f64, ..Mem::default() },
        net: Net {
            rx: segments * 190.0,
            tx: segments * 230.0,
            segments_in: segments,
            segments_out: segments * 0.93,
            retrans: segments * 0.000_2,
            n_tcp: profile.n_tcp * load,
            listen_drops: 0.0,
        },
        disk,
        psi: [0.002, 0.0, disk.busy * 0.05],
        processes: processes(node, load, profile),
        vm: vm(cluster, node, at_s, load, profile),
        ..Values::default()
    }
}

fn processes(node: &Node, load: f64, profile: &roles::Profile) -> Vec<Process> {
    let n_cpus = f64::from(node.n_cpus);
    let mut processes = Vec::with_capacity(10);
    processes.extend(roles::EVERYWHERE.iter().map(roles::Quiet::process));
    let mut beam = Process {
        number: 2_201,
        name: "beam.smp",
        user: "chat",
        cpu: n_cpus * profile.busy * load,
        delay: 0.000_4 * n_cpus * load,
        rss: 0.0,
        n_threads: node.n_cpus * 2 + 24,
        state: TaskState::Running,
        queues: Vec::new(),
    };
    if node.role == Role::Gateway {
        beam.queue(Waiting { socket: Socket::Listen, depth: 0.0, limit: Some(1_024), drops: 0.0 });
    }
    processes.push(beam);
    if matches!(node.role, Role::Store | Role::Db) {
        processes.extend(roles::DATABASE.iter().map(roles::Quiet::process));
        for database in processes.iter_mut().filter(|process| process.name.starts_with("postgres")) {
            database.cpu *= load;
        }
    }
    processes
}

fn vm(cluster: &Cluster, node: &Node, at_s: f64, load: f64, profile: &roles::Profile) -> Vm {
    let mem = node.mem_bytes as f64;
    Vm {
        life: 0,
        age_s: at_s + 86_400.0 * (3.0 + 40.0 * chance::share(node.seed, [0, 4])),
        busy: profile.busy * load,
        n_full: 0,
        run_queue: (profile.busy * load * 4.0).floor(),
        n_processes: (profile.n_processes * load).floor(),
        heaps: mem * profile.heaps * (0.9 + 0.1 * load),
        binaries: mem * 0.04 * load,
        ets: mem * profile.ets,
        code: 90.0 * MIB,
        total: 0.0,
        reductions: 9e6 * f64::from(node.n_cpus) * profile.busy * load,
        gcs: 2_400.0 * load,
        io: [profile.segments * load * 150.0, profile.segments * load * 180.0],
        n_suspended: 0.0,
        links: links(cluster, node, load),
        tables: profile.tables.iter().map(|(name, share)| table(name, mem * profile.ets * share)).collect(),
        functions: roles::FUNCTIONS.to_vec(),
        actors: actors(node, at_s, load, profile),
    }
}

fn table(name: &'static str, bytes: f64) -> Table {
    Table { name, n_objects: (bytes / 480.0).floor(), bytes }
}

fn links(cluster: &Cluster, node: &Node, load: f64) -> Vec<Link> {
    let link = |peer: &Node| Link {
        peer: peer.number,
        pending: 0.0,
        is_busy: false,
        is_up: true,
        messages: [900.0 * load, 870.0 * load],
    };
    cluster.peers(node).map(link).collect()
}

fn actors(node: &Node, at_s: f64, load: f64, profile: &roles::Profile) -> Vec<Actor> {
    let registered = profile.actors.iter().enumerate().map(|(n, kind)| actor(node, at_s, load, (n as u64, kind)));
    let sessions = (0..N_SESSIONS).map(|n| {
        let number = 11_000 + chance::mix(node.seed, [n, 5]) % 600_000;
        Actor { number, ..actor(node, at_s, load, (100 + n, &profile.session)) }
    });
    let mut actors: Vec<Actor> = registered.chain(sessions).collect();
    // One process of many has much to do for a moment: its number is not always the same.
    let busiest = N_SESSIONS as usize;
    let from = actors.len().saturating_sub(busiest);
    let turn = chance::one_of(node.seed, [(at_s / 41.0) as u64, 6], busiest);
    if let Some(session) = actors.get_mut(from + turn) {
        session.reductions *= 6.0;
        session.memory *= 2.0;
    }
    actors
}

/// The id of the registered process of this name on a node, where it has one.
pub fn registered(node: &Node, name: &str) -> Option<u64> {
    let place = roles::profile(node.role).actors.iter().position(|kind| kind.name == name)?;
    Some(number(node, place as u64))
}

fn number(node: &Node, n: u64) -> u64 {
    400 + 57 * n + chance::mix(node.seed, [n, 9]) % 40
}

fn actor(node: &Node, at_s: f64, load: f64, (n, kind): (u64, &roles::Kind)) -> Actor {
    let (seed, work) = (chance::mix(node.seed, [n, 7]), kind.work * load);
    let wander = 1.0 + 0.2 * chance::drift(seed, at_s, 19.0);
    // Queues fill for a moment and are empty again.
    let spike = chance::share(seed, [at_s as u64, 8]);
    let mailbox = if spike > 0.93 { (kind.burst * (spike - 0.93) / 0.07).floor() } else { 0.0 };
    Actor {
        number: number(node, n),
        name: kind.name,
        began: kind.began,
        at: "gen_server:loop/7",
        state: TaskState::Waiting,
        active: (work / 4e6).min(1.0),
        mailbox,
        reductions: work * wander,
        memory: kind.memory * MIB * wander,
        binaries: 0.0,
        waits_for: None,
    }
}

/// A node keeps this much of its memory free where all is well, bytes: what a leak may take.
pub fn room(node: &Node) -> f64 {
    0.55 * node.mem_bytes as f64 - GIB
}
