/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The records that the iterators write; agent/src/kernel/bpf/record.rs reads them. A change of their layout is a new
 * LAYOUT there: programs that were pinned by another version must not be taken for these.
 */
#ifndef MIDAIR_RECORDS_H
#define MIDAIR_RECORDS_H

#include "kernel.h"

enum record_kind {
    SLEEPER = 1,
    TASK = 2,
    LEADER = 3,
    MARK = 4,
    FILE_RECORD = 5,
};

struct head {
    u16 len; /* bytes, this head included */
    u8 kind;
    u8 flags;
    u32 number;
};

/* A thread that has neither run nor waited for SLEEPS_NS. */
struct sleeper {
    struct head head;
    u32 pid;
    u32 start_low;
};

#define SLEEPS_NS 10000000000ull

enum task_flags {
    IS_KERNEL = 1,
    IS_RUNNING = 2,
    IS_QUEUED = 4,
    HAS_MEMORY = 8,
    HAS_DEAD = 16,
};

struct task {
    struct head head;
    u32 pid;
    u32 cpu;
    u64 start_ticks;
    u64 cpu_ns;
    u64 run_delay_ns;
    u64 waiting_ns;
    u64 n_runs;
    u64 n_voluntary;
    u64 n_involuntary;
    char comm[16];
    u32 state;
    u16 exit_state;
    u16 policy;
};

struct leader {
    struct task task;
    u32 parent;
    u32 uid;
    u32 n_threads;
    u32 max_fds;
    u64 dead_cpu_ns;
    u64 anon_pages;
    u64 file_pages;
    u64 shmem_pages;
    u64 swap_pages;
    u64 cgroup_id;
    u64 cpu_cgroup_id;
    u64 memory_cgroup_id;
    u32 netns;
    u32 pidns;
    u64 dead_voluntary;
    u64 dead_involuntary;
    u64 dead_run_delay_ns;
    u64 dead_n_runs;
};

/*
 * Written at every MARK_EVERY files, and at the end of a round with the process 0. It is so long because a read ends when
 * it is full: a read of so many bytes then passes over a bounded number of files, whether they hold queues or not.
 */
#define MARK_EVERY 64
#define MARK_LEN 256

struct mark {
    struct head head;
    u64 n_files;
};

enum file_kind {
    TCP = 1,
    UDP = 2,
    UNIX = 3,
    SOCKET = 4,
    PIPE = 5,
    EVENTFD = 6,
    MESSAGE_QUEUE = 7,
};

enum file_flags {
    CAN_READ = 1,
    CAN_WRITE = 2,
};

enum known {
    RECEIVE_BYTES = 1,
    RECEIVE_LIMIT_BYTES = 1 << 1,
    RECEIVE_MESSAGES = 1 << 2,
    RECEIVE_LIMIT_MESSAGES = 1 << 3,
    SEND_BYTES = 1 << 4,
    SEND_LIMIT_BYTES = 1 << 5,
    UNSENT_BYTES = 1 << 6,
    BACKLOG = 1 << 7,
    DROPS = 1 << 8,
    TCP_COUNTERS = 1 << 9,
};

struct file_record {
    struct head head;
    u32 fd;
    u8 kind;
    u8 state;
    u8 socket_type;
    u8 protocol;
    u64 inode;
    union {
        u32 netns;   /* of a socket */
        u32 device;  /* of a pipe or FIFO */
        u32 counter; /* of an event counter: its number, from 1 */
    };
    u32 known;
    u8 local[16];
    u8 remote[16];
    u16 local_port;
    u16 remote_port;
    u16 family;
    u16 name_len;
    u64 receive_bytes;
    u32 receive_messages;
    u32 receive_limit_messages;
    u64 receive_limit_bytes;
    u64 send_bytes;
    u64 unsent_bytes;
    u64 send_limit_bytes;
    u32 backlog;
    u32 backlog_limit;
    u64 drops;
    u64 peer_inode;
    u64 bytes_received;
    u64 bytes_acked;
    u32 segs_in;
    u32 segs_out;
    u32 data_segs_in;
    u32 data_segs_out;
    u32 retransmits;
    u32 nothing;
};

/* sun_path of a unix socket (unix(7)). */
#define NAME_LEN 108

struct named_file_record {
    struct file_record file;
    u8 name[112]; /* of it as many bytes as file.name_len says, and up to 7 more */
};

_Static_assert(sizeof(struct sleeper) == 16, "sleeper");
_Static_assert(sizeof(struct task) == 96, "task");
_Static_assert(sizeof(struct leader) == 216, "leader");
_Static_assert(sizeof(struct file_record) == 184, "file");

#endif
