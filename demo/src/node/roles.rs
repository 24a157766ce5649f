//! What runs on the nodes of each role.

use midair_vitals::TaskState;

use crate::{
    cluster::Role,
    values::{MIB, Process},
};

/// A role in numbers, for a load of 1.
#[derive(Debug)]
pub(super) struct Profile {
    /// Share of each CPU that the VM uses.
    pub(super) busy: f64,
    /// TCP segments in per second.
    pub(super) segments: f64,
    /// TCP sockets.
    pub(super) n_tcp: f64,
    /// Writes to the disk per second.
    pub(super) io: f64,
    /// Erlang processes.
    pub(super) n_processes: f64,
    /// Share of the memory for heaps of processes that are not shown.
    pub(super) heaps: f64,
    /// Share of the memory for ETS tables.
    pub(super) ets: f64,
    /// The largest of these: name, and share of all of them.
    pub(super) tables: &'static [(&'static str, f64)],
    /// Registered processes.
    pub(super) actors: &'static [Kind],
    /// What there are thousands of.
    pub(super) session: Kind,
}

/// A kind of Erlang process, for a load of 1.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    /// With which call it began.
    pub(super) began: &'static str,
    /// Reductions per second.
    pub(super) work: f64,
    /// Memory, MiB.
    pub(super) memory: f64,
    /// Messages that wait when many come at once.
    pub(super) burst: f64,
}

/// A process that does the same all the time.
#[derive(Debug)]
pub(super) struct Quiet(u32, &'static str, &'static str, f64, f64, u32);

/// On every node: pid, name, user, CPU in cores, memory in MiB, threads.
pub(super) const EVERYWHERE: [Quiet; 6] = [
    Quiet(1, "systemd", "root", 0.001, 14.0, 1),
    Quiet(611, "sshd", "root", 0.0, 9.0, 1),
    Quiet(640, "chronyd", "chrony", 0.000_5, 4.0, 1),
    Quiet(702, "node_exporter", "metrics", 0.004, 31.0, 9),
    Quiet(733, "midair-agent", "midair", 0.003, 13.0, 3),
    Quiet(1_190, "epmd", "chat", 0.000_2, 3.0, 1),
];

/// On nodes with a database.
pub(super) const DATABASE: [Quiet; 4] = [
    Quiet(1_702, "postgres", "postgres", 0.05, 900.0, 1),
    Quiet(1_711, "postgres: checkpointer", "postgres", 0.06, 640.0, 1),
    Quiet(1_713, "postgres: walwriter", "postgres", 0.22, 120.0, 1),
    Quiet(1_760, "postgres: chat", "postgres", 0.71, 410.0, 1),
];

/// What active processes are in, of 200 looks, where all is well.
pub(super) const FUNCTIONS: [(&str, u32); 4] =
    [("gen_server:loop/7", 61), ("chat_session:handle/2", 44), ("prim_inet:recv0/3", 27), ("ets:lookup/2", 19)];

impl Quiet {
    /// As a process.
    pub(super) fn process(&self) -> Process {
        let Self(number, name, user, cpu, mib, n_threads) = *self;
        let (rss, state, queues) = (mib * MIB, TaskState::Sleeping, Vec::new());
        Process { number, name, user, cpu, delay: cpu * 0.002, rss, n_threads, state, queues }
    }
}

const fn kind(name: &'static str, began: &'static str, work: f64, memory: f64, burst: f64) -> Kind {
    Kind { name, began, work, memory, burst }
}

static CHAT: Profile = Profile {
    busy: 0.34,
    segments: 19_000.0,
    n_tcp: 3_100.0,
    io: 140.0,
    n_processes: 410_000.0,
    heaps: 0.24,
    ets: 0.06,
    tables: &[("session_index", 0.5), ("group_members", 0.3), ("routes", 0.1)],
    actors: &[
        kind("chat_router", "chat_router:init/1", 1.9e6, 24.0, 40.0),
        kind("group_fanout", "group_fanout:init/1", 1.1e6, 18.0, 30.0),
        kind("msg_writer", "msg_writer:init/1", 8e5, 11.0, 20.0),
        kind("session_cache", "session_cache:init/1", 4e5, 35.0, 8.0),
        kind("presence_client", "presence_client:init/1", 3e5, 4.0, 10.0),
        kind("push_queue", "push_queue:init/1", 2e5, 6.0, 16.0),
        kind("session_sup", "supervisor:chat_session_sup/1", 6e4, 48.0, 2.0),
        kind("archive", "chat_archive:init/1", 5e4, 9.0, 4.0),
        kind("logger", "logger_server:init/1", 2e4, 2.0, 3.0),
    ],
    session: kind("chat_session", "chat_session:init/1", 9_000.0, 0.06, 3.0),
};

static PRESENCE: Profile = Profile {
    busy: 0.27,
    segments: 14_000.0,
    n_tcp: 900.0,
    io: 30.0,
    n_processes: 120_000.0,
    heaps: 0.16,
    ets: 0.22,
    tables: &[("online", 0.7), ("subscriptions", 0.2), ("last_seen", 0.08)],
    actors: &[
        kind("presence_hub", "presence_hub:init/1", 1.4e6, 22.0, 60.0),
        kind("presence_shard_1", "presence_shard:init/1", 8e5, 12.0, 25.0),
        kind("presence_shard_2", "presence_shard:init/1", 8e5, 12.0, 25.0),
        kind("presence_shard_3", "presence_shard:init/1", 8e5, 12.0, 25.0),
        kind("presence_shard_4", "presence_shard:init/1", 8e5, 12.0, 25.0),
        kind("session_reg", "session_reg:init/1", 5e5, 30.0, 10.0),
        kind("gossip", "gossip:init/1", 9e4, 3.0, 4.0),
        kind("logger", "logger_server:init/1", 2e4, 2.0, 3.0),
    ],
    session: kind("subscriber", "presence_sub:init/1", 7_000.0, 0.04, 3.0),
};

static GATEWAY: Profile = Profile {
    busy: 0.30,
    segments: 42_000.0,
    n_tcp: 81_000.0,
    io: 15.0,
    n_processes: 83_000.0,
    heaps: 0.30,
    ets: 0.03,
    tables: &[("ranch_server", 0.2), ("rate_limits", 0.6)],
    actors: &[
        kind("ranch_acceptor_1", "ranch_acceptor:loop/5", 3e5, 1.0, 4.0),
        kind("ranch_acceptor_2", "ranch_acceptor:loop/5", 3e5, 1.0, 4.0),
        kind("auth_cache", "auth_cache:init/1", 7e5, 26.0, 20.0),
        kind("rate_limiter", "rate_limiter:init/1", 9e5, 8.0, 20.0),
        kind("ws_sup", "supervisor:ws_sup/1", 8e4, 31.0, 2.0),
        kind("tls_tickets", "tls_tickets:init/1", 5e4, 5.0, 3.0),
        kind("logger", "logger_server:init/1", 2e4, 2.0, 3.0),
    ],
    session: kind("ws_session", "ws_session:init/1", 6_000.0, 0.09, 2.0),
};

static STORE: Profile = Profile {
    busy: 0.18,
    segments: 9_000.0,
    n_tcp: 1_400.0,
    io: 1_500.0,
    n_processes: 14_000.0,
    heaps: 0.10,
    ets: 0.08,
    tables: &[("block_cache", 0.8), ("index", 0.15)],
    actors: &[
        kind("store_writer", "store_writer:init/1", 1.2e6, 30.0, 50.0),
        kind("store_reader", "store_reader:init/1", 9e5, 21.0, 30.0),
        kind("index_builder", "index_builder:init/1", 5e5, 44.0, 10.0),
        kind("replicator", "replicator:init/1", 4e5, 16.0, 12.0),
        kind("compactor", "compactor:init/1", 1e5, 12.0, 2.0),
        kind("logger", "logger_server:init/1", 2e4, 2.0, 3.0),
    ],
    session: kind("store_worker", "store_worker:init/1", 30_000.0, 0.2, 4.0),
};

static DB: Profile = Profile {
    busy: 0.06,
    segments: 5_000.0,
    n_tcp: 600.0,
    io: 2_600.0,
    n_processes: 2_100.0,
    heaps: 0.02,
    ets: 0.01,
    tables: &[("statements", 0.6)],
    actors: &[
        kind("db_proxy", "db_proxy:init/1", 5e5, 10.0, 20.0),
        kind("db_pool", "db_pool:init/1", 2e5, 4.0, 10.0),
        kind("replica_watch", "replica_watch:init/1", 3e4, 2.0, 2.0),
        kind("logger", "logger_server:init/1", 2e4, 2.0, 3.0),
    ],
    session: kind("db_client", "db_client:init/1", 20_000.0, 0.1, 3.0),
};

/// A role in numbers.
pub(super) fn profile(role: Role) -> &'static Profile {
    match role {
        Role::Chat => &CHAT,
        Role::Presence => &PRESENCE,
        Role::Gateway => &GATEWAY,
        Role::Store => &STORE,
        Role::Db => &DB,
    }
}
