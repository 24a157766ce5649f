/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counts the messages of one process through UDP and unix sockets, which the kernel does not count: attached only while
 * somebody looks at the process. A message is a call that sent or received something.
 *
 * Two ways, of which the loader takes the first that the kernel knows: the two tracepoints that all sockets pass (since
 * 6.3), or the exits of eight functions.
 */
#include "kernel.h"

char midair_license[] SECTION("license") = "Dual MIT/GPL";

/* Who is looked at, written by the loader. */
struct target {
    u64 pid; /* in its own pid namespace */
    u64 is_in_first_namespace;
    u64 namespace_device;
    u64 namespace_inode;
};

const volatile struct target target SECTION(".rodata") = {};

enum count {
    UNIX_IN = 0,
    UNIX_OUT = 1,
    UDP_IN = 2,
    UDP_OUT = 3,
    RUNS = 4, /* of these programs, for all processes */
    N_COUNTS = 5,
};

struct counts {
    u64 of[N_COUNTS];
};

/* One for each CPU: nobody waits for another's. */
struct {
    int (*type)[6]; /* BPF_MAP_TYPE_PERCPU_ARRAY */
    int (*max_entries)[1];
    u32 *key;
    struct counts *value;
} counts SECTION(".maps");

/* include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h */
#define MSG_PEEK 2
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_UDP 17

INLINE bool is_target(void) {
    struct bpf_pidns_info found = {};
    if (target.is_in_first_namespace)
        return bpf_get_current_pid_tgid() >> 32 == target.pid;
    if (bpf_get_ns_current_pid_tgid(target.namespace_device, target.namespace_inode, &found, sizeof(found)))
        return 0;
    return found.tgid == target.pid;
}

/* Word `at` of what a program gets. In assembler: a compiler that shares a load moves the pointer, which is not allowed. */
#define WORD(ctx, at)                                                                                                   \
    ({                                                                                                                  \
        u64 word__;                                                                                                     \
        asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word__) : "r"(ctx), "i"((at) * 8));                                \
        word__;                                                                                                         \
    })

/* What the function returned: behind its arguments, where the kernel has no helper for it (before 5.17). */
#define RETURNED(ctx, n_arguments)                                                                                      \
    ({                                                                                                                  \
        u64 value__ = 0;                                                                                                \
        if (HAS_VALUE(enum bpf_func_id, BPF_FUNC_get_func_ret))                                                         \
            value__ = bpf_get_func_ret(ctx, &value__) ? -1 : value__;                                                   \
        else                                                                                                            \
            value__ = WORD(ctx, n_arguments);                                                                           \
        (s32)value__;                                                                                                   \
    })

INLINE int count(enum count what, bool is_message) {
    u32 first = 0;
    struct counts *own = bpf_map_lookup_elem(&counts, &first);
    if (!own)
        return 0;
    own->of[RUNS]++;
    if (is_message && is_target())
        own->of[what]++;
    return 0;
}

/* --- tracepoints --- */

INLINE bool is_udp(struct sock *sock, u16 family) {
    return (family == AF_INET || family == AF_INET6) && sock->sk_protocol == IPPROTO_UDP;
}

SECTION("tp_btf/sock_send_length")
int sock_send_length(u64 *ctx) {
    struct sock *sock = (void *)ctx[0];
    u16 family = sock->__sk_common.skc_family;
    bool is_message = (s32)ctx[1] >= 0;
    return count(family == AF_UNIX ? UNIX_OUT : UDP_OUT, is_message && (family == AF_UNIX || is_udp(sock, family)));
}

SECTION("tp_btf/sock_recv_length")
int sock_recv_length(u64 *ctx) {
    struct sock *sock = (void *)ctx[0];
    u16 family = sock->__sk_common.skc_family;
    s32 n = ctx[1];
    /* Of a stream, nothing received is its end. */
    bool is_message = (n > 0 || (n == 0 && sock->sk_type != SOCK_STREAM)) && !(ctx[2] & MSG_PEEK);
    return count(family == AF_UNIX ? UNIX_IN : UDP_IN, is_message && (family == AF_UNIX || is_udp(sock, family)));
}

/* --- functions --- */

SECTION("fexit/unix_stream_sendmsg")
int unix_stream_sendmsg(u64 *ctx) {
    return count(UNIX_OUT, RETURNED(ctx, 3) >= 0);
}

/* Of sockets of sequential packets too, which call it. */
SECTION("fexit/unix_dgram_sendmsg")
int unix_dgram_sendmsg(u64 *ctx) {
    return count(UNIX_OUT, RETURNED(ctx, 3) >= 0);
}

SECTION("fexit/unix_stream_recvmsg")
int unix_stream_recvmsg(u64 *ctx) {
    return count(UNIX_IN, RETURNED(ctx, 4) > 0 && !(WORD(ctx, 3) & MSG_PEEK));
}

SECTION("fexit/unix_dgram_recvmsg")
int unix_dgram_recvmsg(u64 *ctx) {
    return count(UNIX_IN, RETURNED(ctx, 4) >= 0 && !(WORD(ctx, 3) & MSG_PEEK));
}

/* A socket of version six calls it for addresses of version four, and is counted there. */
SECTION("fexit/udp_sendmsg")
int udp_sendmsg(u64 *ctx) {
    struct sock *sock = (void *)ctx[0];
    return count(UDP_OUT, RETURNED(ctx, 3) >= 0 && PROBE(sock, __sk_common.skc_family) == AF_INET);
}

SECTION("fexit/udpv6_sendmsg")
int udpv6_sendmsg(u64 *ctx) {
    return count(UDP_OUT, RETURNED(ctx, 3) >= 0);
}

/* Until 5.18 there is an argument more before the flags; the kernels that have the helper and that (5.17, 5.18) count peeks. */
INLINE int count_udp_in(u64 *ctx) {
    u64 flags = HAS_VALUE(enum bpf_func_id, BPF_FUNC_get_func_ret) ? WORD(ctx, 3) : WORD(ctx, 4);
    return count(UDP_IN, RETURNED(ctx, 6) >= 0 && !(flags & MSG_PEEK));
}

SECTION("fexit/udp_recvmsg")
int udp_recvmsg(u64 *ctx) {
    return count_udp_in(ctx);
}

SECTION("fexit/udpv6_recvmsg")
int udpv6_recvmsg(u64 *ctx) {
    return count_udp_in(ctx);
}
