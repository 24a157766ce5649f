/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counts processes that end before anybody has seen them, by their short name and that of their parent: how many, and
 * the CPU time that they used.
 *
 * They are counted when their last thread ends. How much CPU they used the kernel knows only after they have run for the
 * last time: until then a short process has often not been charged anything. So that is added when the kernel frees them.
 */
#include "kernel.h"

char midair_license[] SECTION("license") = "Dual MIT/GPL";

/* Whoever lived longer is not short-lived, nanoseconds. */
#define SHORT 1000000000ull

#define NAME_SIZE 16

struct pair {
    char name[NAME_SIZE];
    char parent[NAME_SIZE];
};

struct used {
    u64 n;
    u64 cpu_ns;
};

/* A process that has ended and is not freed yet. */
struct ended {
    struct pair pair;
    u64 start_time; /* tells it from another at the same place */
};

enum total {
    N = 0,
    CPU_NS = 1,
    RUNS = 2,    /* of these programs, for processes of any age */
    COST_NS = 3, /* of these runs, by themselves */
    N_TOTALS = 4,
};

struct totals {
    u64 of[N_TOTALS];
};

/* Bounded: what finds no room is in the totals alone. The reader takes out what rests. */
struct {
    int (*type)[1]; /* BPF_MAP_TYPE_HASH */
    int (*max_entries)[256];
    struct pair *key;
    struct used *value;
} by_name SECTION(".maps");

/* By the address of their first thread. */
struct {
    int (*type)[1]; /* BPF_MAP_TYPE_HASH */
    int (*max_entries)[1024];
    u64 *key;
    struct ended *value;
} ended SECTION(".maps");

/* One for each CPU: nobody waits for another's. */
struct {
    int (*type)[6]; /* BPF_MAP_TYPE_PERCPU_ARRAY */
    int (*max_entries)[1];
    u32 *key;
    struct totals *value;
} totals SECTION(".maps");

/* When the reader had looked at all processes last, CLOCK_MONOTONIC in nanoseconds: those born before it may have seen. */
struct {
    int (*type)[2]; /* BPF_MAP_TYPE_ARRAY */
    int (*max_entries)[1];
    u32 *key;
    u64 *value;
} swept SECTION(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct signal_struct___ended {
    atomic_t live;
    u64 sum_sched_runtime;
};

struct task_struct___ended {
    s32 pid;
    s32 tgid;
    struct task_struct___ended *real_parent;
    struct task_struct___ended *group_leader;
    u64 start_time;
    char comm[NAME_SIZE];
    struct sched_entity se;
    struct signal_struct___ended *signal;
};

#pragma clang attribute pop

static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static long (*const bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;

#define BPF_ANY 0
#define BPF_NOEXIST 1

/* Of this CPU's own: a process may be freed in an interrupt of another's end. */
INLINE void total(struct totals *own, enum total what, u64 n) {
    __sync_fetch_and_add(&own->of[what], n);
}

INLINE void add(const struct pair *pair, struct totals *own, u64 n, u64 cpu_ns) {
    total(own, N, n);
    total(own, CPU_NS, cpu_ns);
    struct used *known = bpf_map_lookup_elem(&by_name, pair);
    if (!known) {
        struct used first = {n, cpu_ns};
        if (!bpf_map_update_elem(&by_name, pair, &first, BPF_NOEXIST))
            return;
        /* There is no room, or another CPU was quicker. */
        known = bpf_map_lookup_elem(&by_name, pair);
        if (!known)
            return;
    }
    if (n)
        __sync_fetch_and_add(&known->n, n);
    if (cpu_ns)
        __sync_fetch_and_add(&known->cpu_ns, cpu_ns);
}

/* That of all threads: of those that ended before, the kernel keeps the sum. */
INLINE u64 cpu_ns_of(struct task_struct___ended *leader) {
    u64 own = leader->se.sum_exec_runtime, sum = leader->signal->sum_sched_runtime;
    return own > sum ? own : sum;
}

INLINE void process_ended(struct task_struct___ended *task, struct totals *own, u64 now) {
    u32 first = 0;
    struct task_struct___ended *leader = task->group_leader;
    u64 born = leader->start_time;
    u64 *last = bpf_map_lookup_elem(&swept, &first);
    if (!last || born <= *last || now - born >= SHORT)
        return;
    struct ended this = {.start_time = born};
    /* What stands behind the end of a name is not part of it. */
    bpf_probe_read_kernel_str(this.pair.name, NAME_SIZE, leader->comm);
    bpf_probe_read_kernel_str(this.pair.parent, NAME_SIZE, leader->real_parent->group_leader->comm);
    u64 place = (u64)leader;
    bool is_kept = !bpf_map_update_elem(&ended, &place, &this, BPF_NOEXIST);
    struct ended *known = is_kept ? NULL : bpf_map_lookup_elem(&ended, &place);
    if (known) {
        /* Of threads that end at the same time each may find that none is left. */
        if (known->start_time == born)
            return;
        is_kept = !bpf_map_update_elem(&ended, &place, &this, BPF_ANY);
    }
    /* Where there is no room to wait for the rest: as much as is known. */
    add(&this.pair, own, 1, is_kept ? 0 : cpu_ns_of(leader));
}

SECTION("tp_btf/sched_process_exit")
int process_exit(u64 *ctx) {
    struct task_struct___ended *task = (void *)ctx[0];
    if (task->signal->live.counter)
        return 0; /* others of its threads go on */
    u64 now = bpf_ktime_get_ns();
    u32 first = 0;
    struct totals *own = bpf_map_lookup_elem(&totals, &first);
    if (!own)
        return 0;
    process_ended(task, own, now);
    total(own, RUNS, 1);
    total(own, COST_NS, bpf_ktime_get_ns() - now);
    return 0;
}

SECTION("tp_btf/sched_process_free")
int process_free(u64 *ctx) {
    struct task_struct___ended *task = (void *)ctx[0];
    if (task->pid != task->tgid)
        return 0;
    u64 now = bpf_ktime_get_ns();
    u32 first = 0;
    u64 place = (u64)task;
    struct totals *own = bpf_map_lookup_elem(&totals, &first);
    if (!own)
        return 0;
    struct ended *known = bpf_map_lookup_elem(&ended, &place);
    if (known) {
        if (known->start_time == task->start_time)
            add(&known->pair, own, 0, cpu_ns_of(task));
        bpf_map_delete_elem(&ended, &place);
    }
    total(own, RUNS, 1);
    total(own, COST_NS, bpf_ktime_get_ns() - now);
    return 0;
}
