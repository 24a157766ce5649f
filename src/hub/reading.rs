//! What a hub reads of a sample: a few of its fields, under the numbers that they have in sample.proto. All others are passed
//! over without being looked at.

/// Of `Payload`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Payload {
    #[prost(message, optional, tag = "2")]
    pub(super) sample: Option<Sample>,
}

/// Of `Sample`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Sample {
    #[prost(message, optional, tag = "1")]
    pub(super) node: Option<Node>,
    #[prost(message, repeated, tag = "2")]
    pub(super) tasks: Vec<Task>,
    #[prost(message, repeated, tag = "3")]
    pub(super) left: Vec<TaskId>,
    #[prost(message, repeated, tag = "4")]
    pub(super) died: Vec<TaskId>,
    #[prost(uint64, optional, tag = "6")]
    pub(super) tasks_mono_us: Option<u64>,
    #[prost(uint64, optional, tag = "7")]
    pub(super) node_mono_us: Option<u64>,
    #[prost(message, repeated, tag = "15")]
    pub(super) vms: Vec<Vm>,
    #[prost(uint32, repeated, tag = "16")]
    pub(super) vms_left: Vec<u32>,
}

/// Of `TaskId`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct TaskId {
    #[prost(uint32, optional, tag = "1")]
    pub(super) runtime: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) number: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) start: Option<u64>,
}

/// Of `Task`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Task {
    #[prost(message, optional, tag = "1")]
    pub(super) id: Option<TaskId>,
    #[prost(int32, optional, tag = "3")]
    pub(super) kind: Option<i32>,
    #[prost(uint64, optional, tag = "12")]
    pub(super) cpu_us: Option<u64>,
    #[prost(uint64, optional, tag = "13")]
    pub(super) run_delay_us: Option<u64>,
    #[prost(uint64, optional, tag = "17")]
    pub(super) rss_bytes: Option<u64>,
    #[prost(message, optional, tag = "22")]
    pub(super) queues: Option<Queues>,
    #[prost(message, optional, tag = "23")]
    pub(super) flows: Option<Flows>,
    #[prost(message, optional, tag = "24")]
    pub(super) previous: Option<Previous>,
    #[prost(uint64, optional, tag = "25")]
    pub(super) mono_us: Option<u64>,
    #[prost(uint64, optional, tag = "31")]
    pub(super) binary_bytes: Option<u64>,
    #[prost(uint32, optional, tag = "32")]
    pub(super) active_milli: Option<u32>,
}

/// Of `Previous`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Previous {
    #[prost(uint64, optional, tag = "1")]
    pub(super) mono_us: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) cpu_us: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) run_delay_us: Option<u64>,
    #[prost(message, optional, tag = "7")]
    pub(super) flows: Option<Flows>,
}

/// Of `Queues`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Queues {
    #[prost(message, repeated, tag = "1")]
    pub(super) queue: Vec<Queue>,
}

/// Of `Flows`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Flows {
    #[prost(message, repeated, tag = "1")]
    pub(super) flow: Vec<Flow>,
}

/// Of `Flow`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Flow {
    #[prost(uint64, optional, tag = "2")]
    pub(super) n_in: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) n_out: Option<u64>,
}

/// Of `Vm`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Vm {
    #[prost(uint32, optional, tag = "1")]
    pub(super) runtime: Option<u32>,
    #[prost(uint64, optional, tag = "36")]
    pub(super) ended_us: Option<u64>,
}

/// Of `Severities`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Severities {
    #[prost(uint32, optional, tag = "1")]
    pub(super) sched: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pub(super) mem: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub(super) queue: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    pub(super) rate: Option<u32>,
}

/// Of `WorstQueue`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct WorstQueue {
    #[prost(message, optional, tag = "2")]
    pub(super) queue: Option<Queue>,
}

/// Of `Queue`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Queue {
    #[prost(int32, optional, tag = "1")]
    pub(super) kind: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(super) unit: Option<i32>,
    #[prost(uint64, optional, tag = "3")]
    pub(super) depth: Option<u64>,
    #[prost(uint64, optional, tag = "4")]
    pub(super) limit: Option<u64>,
}

macro_rules! node {
    ($(#[$kind:meta] $field:ident: $type:ty = $number:literal),+ $(,)?) => {
        /// Of `Node`.
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Node {
            #[prost(uint32, repeated, tag = "1")]
            unknown: Vec<u32>,
            $(#[$kind] pub(super) $field: Option<$type>,)+
        }

        impl Node {
            /// Applies a delta, as `midair_proto::delta` does.
            pub(super) fn apply(&mut self, delta: Self) {
                for number in delta.unknown {
                    match number {
                        $($number => self.$field = None,)+
                        _ => {}
                    }
                }
                $(if delta.$field.is_some() {
                    self.$field = delta.$field;
                })+
            }
        }
    };
}

node!(
    #[prost(message, optional, tag = "2")]
    severities: Severities = 2,
    #[prost(uint64, optional, tag = "3")]
    user_us: u64 = 3,
    #[prost(uint64, optional, tag = "4")]
    system_us: u64 = 4,
    #[prost(uint64, optional, tag = "7")]
    irq_us: u64 = 7,
    #[prost(uint64, optional, tag = "9")]
    run_delay_us: u64 = 9,
    #[prost(uint64, optional, tag = "20")]
    mem_total_bytes: u64 = 20,
    #[prost(uint64, optional, tag = "21")]
    mem_available_bytes: u64 = 21,
    #[prost(uint64, optional, tag = "30")]
    net_drops: u64 = 30,
    #[prost(uint64, optional, tag = "31")]
    tcp_in: u64 = 31,
    #[prost(uint64, optional, tag = "32")]
    tcp_out: u64 = 32,
    #[prost(uint64, optional, tag = "36")]
    udp_drops: u64 = 36,
    #[prost(uint64, optional, tag = "37")]
    listen_drops: u64 = 37,
    #[prost(message, optional, tag = "39")]
    worst_queue: WorstQueue = 39,
    #[prost(uint64, optional, tag = "43")]
    up_us: u64 = 43,
    #[prost(uint64, optional, tag = "47")]
    mem_limit_bytes: u64 = 47,
);
