/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The kernel's structures, cut down to the fields that are read here. Where each stands is found when the programs are
 * loaded (CO-RE), so neither order nor size matters; a name with three underscores is an older or newer shape of the
 * structure before them.
 */
#ifndef MIDAIR_KERNEL_H
#define MIDAIR_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef signed long long s64;
typedef _Bool bool;

#define NULL ((void *)0)
#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

/* Whether this kernel has it. The verifier never looks at what stands behind a no. */
#define HAS_FIELD(field) __builtin_preserve_field_info(field, 2)
#define HAS_VALUE(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 0)
/* Where it stands in its structure, bytes. */
#define FIELD_OFFSET(field) __builtin_preserve_field_info(field, 0)
/* The number that this kernel gives it. */
#define VALUE(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 1)

/* Reads a field of what the verifier has no type for. */
#define PROBE(from, field)                                                                                              \
    ({                                                                                                                  \
        typeof((from)->field) value__;                                                                                  \
        __builtin_memset(&value__, 0, sizeof(value__));                                                                 \
        bpf_probe_read_kernel(&value__, sizeof(value__), __builtin_preserve_access_index(&(from)->field));              \
        value__;                                                                                                        \
    })

#define PROBE_AT(array, at, field)                                                                                      \
    ({                                                                                                                  \
        typeof((array)->field) value__ = 0;                                                                             \
        u64 from__ = (u64)(array) + (u64)(at) * __builtin_preserve_type_info(*(array), 1);                              \
        from__ += FIELD_OFFSET((array)->field);                                                                         \
        bpf_probe_read_kernel(&value__, sizeof(value__), (void *)from__);                                               \
        value__;                                                                                                        \
    })

enum bpf_func_id {
    BPF_FUNC_get_current_task_btf = 158,
    BPF_FUNC_get_func_ret = 184,
};

/* Their numbers depend on what the kernel was built with. */
enum cgroup_subsys_id {
    cpu_cgrp_id = 1,
    memory_cgrp_id = 4,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    s32 counter;
} atomic_t;

typedef struct {
    long counter;
} atomic_long_t;

typedef struct {
    atomic_t refs;
} refcount_t;

/* --- what an iterator gets --- */

struct seq_file {
    void *private;
};

struct bpf_iter_meta {
    struct seq_file *seq;
    u64 session_id;
    u64 seq_num;
};

struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    u32 fd;
    struct file *file;
};

/* --- namespaces --- */

struct ns_common {
    u32 inum;
};

struct pid_namespace {
    struct ns_common ns;
};

struct net {
    struct ns_common ns;
};

struct upid {
    s32 nr;
    struct pid_namespace *ns;
};

struct pid {
    u32 level;
    struct upid numbers[1];
};

struct timespec64 {
    s64 tv_sec;
    long tv_nsec;
};

struct timens_offsets {
    struct timespec64 boottime;
};

struct time_namespace {
    struct timens_offsets offsets;
};

struct nsproxy {
    struct net *net_ns;
    struct time_namespace *time_ns;
};

/* --- tasks --- */

typedef struct {
    u32 val;
} kuid_t;

struct cred {
    kuid_t uid;
};

struct rq {
    u64 clock;
};

struct cfs_rq {
    struct rq *rq;
};

struct sched_entity {
    u64 sum_exec_runtime;
    struct cfs_rq *cfs_rq;
};

struct sched_info {
    unsigned long pcount;
    u64 run_delay;
    u64 last_arrival;
    u64 last_queued;
};

struct percpu_counter {
    s64 count;
};

struct mm_struct {
    /* Since 6.2. */
    struct percpu_counter rss_stat[4];
};

struct mm_rss_stat___until_6_1 {
    atomic_long_t count[4];
};

struct mm_struct___until_6_1 {
    struct mm_rss_stat___until_6_1 rss_stat;
};

/* include/uapi/linux/taskstats.h */
struct taskstats {
    u64 cpu_count;
    u64 cpu_delay_total;
};

struct signal_struct {
    s32 nr_threads;
    u64 sum_sched_runtime;
    unsigned long nvcsw;
    unsigned long nivcsw;
    struct taskstats *stats;
};

struct fdtable {
    u32 max_fds;
};

struct files_struct {
    struct fdtable *fdt;
};

struct kernfs_node {
    u64 id;
};

struct cgroup {
    struct kernfs_node *kn;
};

struct cgroup_subsys_state {
    struct cgroup *cgroup;
};

struct css_set {
    struct cgroup_subsys_state *subsys[4];
    struct cgroup *dfl_cgrp;
};

struct thread_info {
    u32 cpu;
};

struct task_struct {
    struct thread_info thread_info;
    u32 __state;
    u32 flags;
    s32 on_cpu;
    struct sched_entity se;
    u32 policy;
    struct sched_info sched_info;
    struct mm_struct *mm;
    s32 exit_state;
    s32 pid;
    s32 tgid;
    struct task_struct *real_parent;
    struct task_struct *group_leader;
    struct pid *thread_pid;
    unsigned long nvcsw;
    unsigned long nivcsw;
    u64 start_boottime;
    const struct cred *real_cred;
    char comm[16];
    struct files_struct *files;
    struct nsproxy *nsproxy;
    struct signal_struct *signal;
    struct css_set *cgroups;
};

struct task_struct___until_5_15 {
    volatile long state;
    u32 cpu;
};

/* --- files --- */

struct super_block {
    u32 s_dev;
    unsigned long s_magic;
};

struct inode {
    u16 i_mode;
    struct super_block *i_sb;
    unsigned long i_ino;
    struct pipe_inode_info *i_pipe;
};

struct qstr {
    const u8 *name;
};

struct dentry {
    struct qstr d_name;
};

struct path {
    struct dentry *dentry;
};

struct file {
    u32 f_mode;
    void *private_data;
    struct inode *f_inode;
    struct path f_path;
};

struct pipe_buffer {
    u32 len;
};

struct pipe_inode_info {
    u32 head;
    u32 tail;
    u32 ring_size;
    struct pipe_buffer *bufs;
};

struct eventfd_ctx {
    u64 count;
    int id; /* from 5.2 on */
};

struct mq_attr {
    long mq_maxmsg;
    long mq_msgsize;
    long mq_curmsgs;
};

struct mqueue_inode_info {
    struct inode vfs_inode;
    struct mq_attr attr;
    unsigned long qsize;
};

/* --- sockets --- */

struct in6_addr {
    u8 bytes___unnamed[16];
};

typedef struct {
    struct net *net;
} possible_net_t;

struct sock_common {
    u32 skc_daddr;
    u32 skc_rcv_saddr;
    u16 skc_dport;
    u16 skc_num;
    u16 skc_family;
    u8 skc_state;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct sk_buff {
    struct sk_buff *next;
    u32 len;
    char cb[48];
};

struct unix_skb_parms {
    u32 consumed;
};

struct sk_buff_head {
    struct sk_buff *next;
    u32 qlen;
};

struct numa_drop_counters {
    atomic_t drops0;
    atomic_t drops1;
};

struct sock {
    struct sock_common __sk_common;
    atomic_t sk_drops;
    /* Since 6.18: of sockets that have it (UDP, raw, packet), instead of `sk_drops`. */
    struct numa_drop_counters *sk_drop_counters;
    struct sk_buff_head sk_receive_queue;
    struct {
        atomic_t rmem_alloc;
    } sk_backlog;
    s32 sk_rcvbuf;
    s32 sk_sndbuf;
    struct socket *sk_socket;
    refcount_t sk_wmem_alloc;
    u16 sk_protocol;
    u16 sk_type;
    u32 sk_ack_backlog;
    u32 sk_max_ack_backlog;
};

struct socket {
    struct sock *sk;
};

struct socket_alloc {
    struct socket socket;
    struct inode vfs_inode;
};

struct udp_sock {
    struct sk_buff_head reader_queue;
    s32 forward_deficit;
};

struct tcp_sock {
    u32 copied_seq;
    u32 rcv_nxt;
    u32 write_seq;
    u32 snd_nxt;
    u32 snd_una;
    u32 segs_in;
    u32 segs_out;
    u32 data_segs_in;
    u32 data_segs_out;
    u32 total_retrans;
    u64 bytes_received;
    u64 bytes_acked;
};

struct sockaddr_un {
    u16 sun_family;
};

struct unix_address {
    s32 len;
    struct sockaddr_un name[1];
};

struct unix_sock {
    struct unix_address *addr;
    struct sock *peer;
    /* Since 6.18: bytes that wait in a stream. */
    s32 inq_len;
};

#pragma clang attribute pop

/* include/uapi/linux/bpf.h */
struct bpf_pidns_info {
    u32 pid;
    u32 tgid;
};

/* Helpers have the same number for ever (include/uapi/linux/bpf.h). */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static struct task_struct *(*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const bpf_get_ns_current_pid_tgid)(u64 device, u64 inode, struct bpf_pidns_info *to,
                                                 u32 size) = (void *)120;
static long (*const bpf_seq_write)(struct seq_file *to, const void *from, u32 size) = (void *)127;
static struct tcp_sock *(*const bpf_skc_to_tcp_sock)(void *sock) = (void *)137;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;
static long (*const bpf_get_func_ret)(void *ctx, u64 *value) = (void *)184;

#endif
