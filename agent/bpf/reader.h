/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Who reads: ids and times are those of its namespaces. */
#ifndef MIDAIR_READER_H
#define MIDAIR_READER_H

#include "kernel.h"

/* As deep as pid namespaces nest (MAX_PID_NS_LEVEL, include/linux/pid_namespace.h). */
#define DEEPEST 32

struct reader {
    u32 level;
    struct pid_namespace *ns;
    /* When it got on its CPU, by the clock of the scheduler: now, but for a moment. */
    u64 now_ns;
    s64 boottime_offset_ns;
};

/* `struct upid` of the kernel, the same in every one of 64 bits. */
struct number {
    s32 nr;
    u32 nothing;
    struct pid_namespace *ns;
};

/* Number and namespace of a pid at a level. */
INLINE struct number at_level(struct pid *pid, u32 level) {
    struct number found = {};
    if (level < DEEPEST) {
        /* The verifier allows no variable offset. */
        const u8 *first = __builtin_preserve_access_index((const u8 *)&pid->numbers);
        bpf_probe_read_kernel(&found, sizeof(found), first + level * sizeof(found));
    }
    return found;
}

/* Of `of` what the number of its pid is where the reader is; 0 if it is not to be seen from there. */
INLINE u32 number_for(const struct reader *reader, struct pid *pid) {
    struct number found;
    if (!pid || PROBE(pid, level) < reader->level)
        return 0;
    found = at_level(pid, reader->level);
    return found.ns == reader->ns ? found.nr : 0;
}

#define FILL_READER(GET, current, reader)                                                                               \
    do {                                                                                                                \
        struct pid *pid__ = GET(current, thread_pid);                                                                   \
        (reader)->now_ns = GET(current, sched_info.last_arrival);                                                       \
        if (pid__)                                                                                                      \
            (reader)->level = GET(pid__, level);                                                                        \
        if (pid__ && (reader)->level > 0)                                                                               \
            (reader)->ns = at_level(pid__, (reader)->level).ns;                                                         \
    } while (0)

#define DIRECT(from, field) ((from)->field)

INLINE s64 boottime_offset_of(struct task_struct *current) {
    struct nsproxy *proxy = current->nsproxy;
    struct time_namespace *time;
    /* Only where the kernel was built with time namespaces. */
    if (!proxy || !HAS_FIELD(proxy->time_ns))
        return 0;
    time = proxy->time_ns;
    return time ? time->offsets.boottime.tv_sec * 1000000000ll + time->offsets.boottime.tv_nsec : 0;
}

INLINE void find_reader(struct reader *reader) {
    __builtin_memset(reader, 0, sizeof(*reader));
    if (HAS_VALUE(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
        struct task_struct *current = bpf_get_current_task_btf();
        FILL_READER(DIRECT, current, reader);
        reader->boottime_offset_ns = boottime_offset_of(current);
    } else {
        /* Before 5.11. There was no offset in the start times of /proc either, and they must be the same. */
        struct task_struct *current = bpf_get_current_task();
        FILL_READER(PROBE, current, reader);
    }
}

#endif
