/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The iterators. They keep no state: whoever opens one gets its own pass, and two readers take nothing from each other.
 */
#include "files.h"
#include "tasks.h"

char midair_license[] SECTION("license") = "Dual MIT/GPL";

/* Every thread. */
SECTION("iter/task")
int tasks(struct bpf_iter__task *ctx) {
    return write_task(ctx, 0);
}

/* Every thread, but of those that sleep for long only that they do. */
SECTION("iter/task")
int tasks_brief(struct bpf_iter__task *ctx) {
    return write_task(ctx, 1);
}

/* Every descriptor. */
SECTION("iter/task_file")
int files(struct bpf_iter__task_file *ctx) {
    return write_file(ctx, 1);
}

/* The same for kernels from 5.8 to 5.10, whose verifier knows no way from a file to its socket. */
SECTION("iter/task_file")
int files_untyped(struct bpf_iter__task_file *ctx) {
    return write_file(ctx, 0);
}
