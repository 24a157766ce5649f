/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* One record per thread. */
#ifndef MIDAIR_TASKS_H
#define MIDAIR_TASKS_H

#include "midair.h"
#include "reader.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

/* USER_HZ of all architectures that run BPF (include/asm-generic/param.h). */
#define TICK_NS 10000000ull

/* include/linux/mm_types_task.h */
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SWAPENTS 2
#define MM_SHMEMPAGES 3

INLINE u32 state_of(struct task_struct *task) {
    if (HAS_FIELD(task->__state))
        return task->__state;
    return ((struct task_struct___until_5_15 *)task)->state;
}

INLINE u32 cpu_of(struct task_struct *task) {
    struct task_struct___until_5_15 *old = (void *)task;
    if (HAS_FIELD(task->thread_info.cpu))
        return task->thread_info.cpu;
    if (HAS_FIELD(old->cpu))
        return old->cpu;
    return 0;
}

/* Now, by the clock of the CPU where a task waits. It moves at every tick of that CPU, which somebody else keeps busy. */
INLINE u64 now_where_it_waits(const struct reader *reader, struct task_struct *task) {
    u64 now_ns = reader->now_ns;
    if (HAS_FIELD(task->se.cfs_rq) && HAS_FIELD(((struct cfs_rq *)NULL)->rq)) {
        struct cfs_rq *queue = task->se.cfs_rq;
        struct rq *rq = queue ? queue->rq : NULL;
        if (rq && rq->clock > now_ns)
            now_ns = rq->clock;
    }
    return now_ns;
}

INLINE u64 start_ns_of(const struct reader *reader, struct task_struct *task) {
    return task->start_boottime + reader->boottime_offset_ns;
}

/*
 * What a task points to. The verifier looks each pointer up in all types of the kernel, a millisecond each time that it
 * comes by: so they are read in one place, before the ways through the program part.
 */
struct parts {
    struct mm_struct *mm;
    const struct cred *cred;
    struct nsproxy *proxy;
    struct css_set *set;
    struct signal_struct *group;
    struct files_struct *files;
    struct task_struct *parent;
};

#define READ_NOW(value) asm volatile("" : "+r"(value))

INLINE void find_parts(struct task_struct *task, struct parts *to) {
    struct mm_struct *mm = task->mm;
    const struct cred *cred = task->real_cred;
    struct nsproxy *proxy = task->nsproxy;
    struct css_set *set = task->cgroups;
    struct signal_struct *group = task->signal;
    struct files_struct *files = task->files;
    struct task_struct *parent = task->real_parent;
    READ_NOW(mm);
    READ_NOW(cred);
    READ_NOW(proxy);
    READ_NOW(set);
    READ_NOW(group);
    READ_NOW(files);
    READ_NOW(parent);
    *to = (struct parts){mm, cred, proxy, set, group, files, parent};
}

INLINE void fill_task(const struct reader *reader, struct task_struct *task, struct task *to) {
    u64 queued_ns = task->sched_info.last_queued;
    to->head.number = task->pid;
    to->pid = task->tgid;
    if (reader->level > 0) {
        to->head.number = number_of(reader, task);
        to->pid = number_of_process(reader, task);
    }
    to->cpu = cpu_of(task);
    to->start_ticks = start_ns_of(reader, task) / TICK_NS;
    to->cpu_ns = task->se.sum_exec_runtime;
    to->run_delay_ns = task->sched_info.run_delay;
    to->n_runs = task->sched_info.pcount;
    to->n_voluntary = task->nvcsw;
    to->n_involuntary = task->nivcsw;
    to->state = state_of(task);
    to->exit_state = task->exit_state;
    to->policy = task->policy;
    __builtin_memcpy(to->comm, task->comm, sizeof(to->comm));
    if (task->flags & PF_KTHREAD)
        to->head.flags |= IS_KERNEL;
    if (HAS_FIELD(task->on_cpu) && task->on_cpu) {
        to->head.flags |= IS_RUNNING;
    } else if (to->state == 0 && queued_ns > 0) {
        u64 now_ns = now_where_it_waits(reader, task);
        to->head.flags |= IS_QUEUED;
        if (now_ns > queued_ns) {
            to->waiting_ns = now_ns - queued_ns;
            to->run_delay_ns += to->waiting_ns;
        }
    }
}

/* Threads that end are added to what taskstats says of their process (taskstats_exit, kernel/taskstats.c), if there are
 * others: until then there is nothing. */
INLINE void fill_dead(struct signal_struct *group, struct leader *to) {
    struct taskstats *dead;
    if (!HAS_FIELD(group->stats) || !HAS_FIELD(((struct taskstats *)NULL)->cpu_delay_total))
        return;
    to->task.head.flags |= HAS_DEAD;
    dead = group->stats;
    if (dead) {
        to->dead_run_delay_ns = dead->cpu_delay_total;
        to->dead_n_runs = dead->cpu_count;
    }
}

/* Counts of many CPUs are behind by a little, which can bring them below zero. Without a branch: each doubles the ways. */
INLINE u64 positive(s64 count) {
    return count & ~(count >> 63);
}

INLINE void fill_memory(struct task_struct *task, struct mm_struct *mm, struct leader *to) {
    struct mm_struct___until_6_1 *old = (void *)mm;
    if (!mm || (task->flags & PF_KTHREAD))
        return;
    if (HAS_FIELD(mm->rss_stat[MM_SHMEMPAGES].count)) {
        to->file_pages = positive(mm->rss_stat[MM_FILEPAGES].count);
        to->anon_pages = positive(mm->rss_stat[MM_ANONPAGES].count);
        to->swap_pages = positive(mm->rss_stat[MM_SWAPENTS].count);
        to->shmem_pages = positive(mm->rss_stat[MM_SHMEMPAGES].count);
        to->task.head.flags |= HAS_MEMORY;
        /* The verifier of those days does not see through an array of a type by another name. */
    } else if (HAS_FIELD(old->rss_stat.count[MM_SHMEMPAGES].counter)) {
        to->file_pages = positive(PROBE(old, rss_stat.count[MM_FILEPAGES].counter));
        to->anon_pages = positive(PROBE(old, rss_stat.count[MM_ANONPAGES].counter));
        to->swap_pages = positive(PROBE(old, rss_stat.count[MM_SWAPENTS].counter));
        to->shmem_pages = positive(PROBE(old, rss_stat.count[MM_SHMEMPAGES].counter));
        to->task.head.flags |= HAS_MEMORY;
    }
}

INLINE u64 id_of(struct cgroup *cgroup) {
    struct kernfs_node *directory = cgroup ? cgroup->kn : NULL;
    return directory ? directory->id : 0;
}

/* The cgroup of one controller; its number is known to the loader alone. */
#define CGROUP_OF(set, controller)                                                                                      \
    ({                                                                                                                  \
        struct cgroup_subsys_state *state__ = (set)->subsys[VALUE(enum cgroup_subsys_id, controller)];                  \
        state__ ? id_of(state__->cgroup) : 0;                                                                           \
    })

INLINE void fill_places(struct task_struct *task, const struct parts *parts, struct leader *to) {
    struct nsproxy *proxy = parts->proxy;
    struct css_set *set = parts->set;
    struct pid *pid = PROBE(task, thread_pid);
    if (set && HAS_FIELD(task->cgroups)) {
        to->cgroup_id = id_of(set->dfl_cgrp);
        if (HAS_VALUE(enum cgroup_subsys_id, cpu_cgrp_id))
            to->cpu_cgroup_id = CGROUP_OF(set, cpu_cgrp_id);
        if (HAS_VALUE(enum cgroup_subsys_id, memory_cgrp_id))
            to->memory_cgroup_id = CGROUP_OF(set, memory_cgrp_id);
    }
    if (proxy && proxy->net_ns)
        to->netns = proxy->net_ns->ns.inum;
    if (pid) {
        struct pid_namespace *ns = at_level(pid, PROBE(pid, level)).ns;
        if (ns)
            to->pidns = PROBE(ns, ns.inum);
    }
}

INLINE void fill_leader(const struct reader *reader, struct task_struct *task, const struct parts *parts,
                        struct leader *to) {
    struct signal_struct *group = parts->group;
    struct files_struct *files = parts->files;
    struct fdtable *table = files ? files->fdt : NULL;
    const struct cred *cred = parts->cred;
    if (parts->parent)
        to->parent = reader->level > 0 ? number_of_process(reader, parts->parent) : (u32)parts->parent->tgid;
    if (cred)
        to->uid = cred->uid.val;
    to->max_fds = table ? table->max_fds : ~0u;
    if (group) {
        to->n_threads = group->nr_threads;
        to->dead_cpu_ns = group->sum_sched_runtime;
        to->dead_voluntary = group->nvcsw;
        to->dead_involuntary = group->nivcsw;
        fill_dead(group, to);
    }
    fill_memory(task, parts->mm, to);
    fill_places(task, parts, to);
}

/* Whether it has been asleep for so long that nothing of it can have changed since the last look. */
INLINE bool is_asleep(const struct reader *reader, struct task_struct *task) {
    u64 ran_ns = task->sched_info.last_arrival;
    struct signal_struct *group;
    if (ran_ns == 0 || ran_ns + SLEEPS_NS >= reader->now_ns || task->sched_info.last_queued != 0 || state_of(task) == 0)
        return 0;
    if (task->pid != task->tgid)
        return 1;
    /* A process may grow while its first thread sleeps. */
    group = task->signal;
    return group && group->nr_threads == 1;
}

INLINE int write_sleeper(struct seq_file *seq, const struct reader *reader, struct task_struct *task) {
    struct sleeper sleeper = {.head = {.len = sizeof(sleeper), .kind = SLEEPER}};
    sleeper.head.number = task->pid;
    sleeper.pid = task->tgid;
    if (reader->level > 0) {
        sleeper.head.number = number_of(reader, task);
        sleeper.pid = number_of_process(reader, task);
    }
    sleeper.start_low = start_ns_of(reader, task) / TICK_NS;
    if (sleeper.head.number > 0)
        bpf_seq_write(seq, &sleeper, sizeof(sleeper));
    return 0;
}

INLINE int write_task(struct bpf_iter__task *ctx, bool is_brief) {
    struct seq_file *seq = ctx->meta->seq;
    struct task_struct *task = ctx->task;
    struct reader reader;
    struct parts parts;
    struct leader record;
    /* Without a task it is the end of the pass. */
    if (!task)
        return 0;
    find_reader(&reader);
    /* Most tasks of a host sleep: of these no more is read than it takes to see that. */
    if (is_brief && is_asleep(&reader, task))
        return write_sleeper(seq, &reader, task);
    find_parts(task, &parts);
    __builtin_memset(&record, 0, sizeof(record));
    fill_task(&reader, task, &record.task);
    if (record.task.head.number == 0)
        return 0;
    if (task->pid == task->tgid) {
        fill_leader(&reader, task, &parts, &record);
        record.task.head.kind = LEADER;
        record.task.head.len = sizeof(struct leader);
        bpf_seq_write(seq, &record, sizeof(struct leader));
    } else {
        record.task.head.kind = TASK;
        record.task.head.len = sizeof(struct task);
        bpf_seq_write(seq, &record, sizeof(struct task));
    }
    return 0;
}

#endif
