/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One record per descriptor that holds a queue. `is_direct` is known to the compiler: fields are loaded with the
 * verifier's types (a nanosecond each), or read by a helper (20), where a kernel before 5.11 has no type for them.
 */
#ifndef MIDAIR_FILES_H
#define MIDAIR_FILES_H

#include "midair.h"
#include "reader.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000
#define S_IFREG 0100000

/* include/uapi/linux/magic.h, ipc/mqueue.c */
#define ANON_INODE_FS_MAGIC 0x09041934
#define MQUEUE_MAGIC 0x19800202

/* include/linux/fs.h */
#define FMODE_READ 1
#define FMODE_WRITE 2

/* include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h, include/net/tcp_states.h */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define TCP_SYN_SENT 2
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10
#define TCP_CLOSING 11

/* So many buffers of a pipe, or messages of a unix socket, are summed up; with more the bytes are unknown. */
#define MOST_SUMMED 256

INLINE u16 swapped(u16 port) {
    return __builtin_bswap16(port);
}

/* --- pipes, counters, message queues --- */

INLINE bool fill_pipe(struct inode *inode, struct file_record *to) {
    struct pipe_inode_info *pipe = inode->i_pipe;
    struct pipe_buffer *bufs;
    u32 head, tail, used, size, i;
    u64 bytes = 0;
    if (!pipe)
        return 0;
    head = pipe->head;
    tail = pipe->tail;
    size = pipe->ring_size;
    used = head - tail;
    /* Both move while they are read. */
    if (used > size)
        used = 0;
    to->kind = PIPE;
    to->receive_messages = used;
    to->receive_limit_messages = size;
    to->known = RECEIVE_MESSAGES | RECEIVE_LIMIT_MESSAGES;
    if (used > MOST_SUMMED)
        return 1;
    /* Read so that it is a number: the verifier lets nobody walk along an array that it knows the type of. */
    bufs = used > 0 ? PROBE(pipe, bufs) : NULL;
    for (i = 0; i < MOST_SUMMED && i < used; i++) {
        u32 slot = (tail + i) & (size - 1);
        bytes += PROBE_AT(bufs, slot, len);
    }
    to->receive_bytes = bytes;
    to->known |= RECEIVE_BYTES;
    return 1;
}

/* An event counter is known by its name alone; its operations have no number that a program could compare. */
INLINE bool fill_counter(struct file *file, struct file_record *to) {
    const u64 eventfd = 0x6466746e6576655bull; /* "[eventfd", the first byte the lowest */
    struct dentry *entry = file->f_path.dentry;
    struct eventfd_ctx *counter = file->private_data;
    const u8 *name;
    u64 start = 0;
    if (!entry || !HAS_FIELD(counter->count))
        return 0;
    name = entry->d_name.name;
    bpf_probe_read_kernel(&start, sizeof(start), name);
    if (start != eventfd)
        return 0;
    to->kind = EVENTFD;
    to->receive_messages = PROBE(counter, count);
    to->known = RECEIVE_MESSAGES;
    /* All counters share one inode; their own numbers begin at 0. */
    if (HAS_FIELD(counter->id))
        to->counter = PROBE(counter, id) + 1;
    return 1;
}

INLINE bool fill_message_queue(struct inode *inode, struct file_record *to) {
    struct mqueue_inode_info *none = NULL;
    struct mqueue_inode_info *queue;
    if (!HAS_FIELD(none->qsize) || !HAS_FIELD(none->attr))
        return 0;
    queue = (void *)inode - FIELD_OFFSET(none->vfs_inode);
    to->kind = MESSAGE_QUEUE;
    to->receive_bytes = PROBE(queue, qsize);
    to->receive_messages = PROBE(queue, attr.mq_curmsgs);
    to->receive_limit_messages = PROBE(queue, attr.mq_maxmsg);
    to->known = RECEIVE_BYTES | RECEIVE_MESSAGES | RECEIVE_LIMIT_MESSAGES;
    return 1;
}

/* --- sockets --- */

#define GET(from, field) (is_direct ? (from)->field : PROBE(from, field))

INLINE u64 inode_of(struct sock *sock) {
    struct socket_alloc *both = (void *)PROBE(sock, sk_socket);
    return both ? PROBE(both, vfs_inode.i_ino) : 0;
}

INLINE u64 drops_of(struct sock *sock, bool is_direct) {
    if (HAS_FIELD(sock->sk_drop_counters)) {
        struct numa_drop_counters *counters = GET(sock, sk_drop_counters);
        if (counters)
            return (u32)GET(counters, drops0.counter) + (u64)(u32)GET(counters, drops1.counter);
    }
    return (u32)GET(sock, sk_drops.counter);
}

/* A FIN is one number of the sequence that is no byte: the peer's until it has been read, the own until acknowledged. */
INLINE u64 without(u32 bytes, bool has_fin) {
    if ((s32)bytes <= 0)
        return 0;
    return has_fin ? bytes - 1 : bytes;
}

INLINE void fill_tcp(struct sock *sock, struct file_record *to, bool is_direct) {
    struct tcp_sock *tcp = (void *)sock;
    u8 state = to->state;
    if (state == TCP_LISTEN) {
        to->backlog = GET(sock, sk_ack_backlog);
        to->backlog_limit = GET(sock, sk_max_ack_backlog);
        to->known = BACKLOG | DROPS;
        return;
    }
    if (state == TCP_CLOSE)
        return;
    if (is_direct)
        tcp = bpf_skc_to_tcp_sock(sock);
    if (!tcp)
        return;
    to->receive_bytes = without(GET(tcp, rcv_nxt) - GET(tcp, copied_seq),
                                state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING);
    if (state == TCP_SYN_SENT)
        to->receive_bytes = 0;
    to->receive_limit_bytes = GET(sock, sk_rcvbuf);
    to->send_bytes = without(GET(tcp, write_seq) - GET(tcp, snd_una), state == TCP_SYN_SENT || state == TCP_FIN_WAIT1 ||
                                                                          state == TCP_LAST_ACK || state == TCP_CLOSING);
    to->unsent_bytes = without(GET(tcp, write_seq) - GET(tcp, snd_nxt), 0);
    if (to->unsent_bytes > to->send_bytes)
        to->unsent_bytes = to->send_bytes;
    to->send_limit_bytes = GET(sock, sk_sndbuf);
    to->bytes_received = GET(tcp, bytes_received);
    to->bytes_acked = GET(tcp, bytes_acked);
    to->segs_in = GET(tcp, segs_in);
    to->segs_out = GET(tcp, segs_out);
    to->data_segs_in = GET(tcp, data_segs_in);
    to->data_segs_out = GET(tcp, data_segs_out);
    to->retransmits = GET(tcp, total_retrans);
    to->known = RECEIVE_BYTES | RECEIVE_LIMIT_BYTES | SEND_BYTES | SEND_LIMIT_BYTES | UNSENT_BYTES | TCP_COUNTERS | DROPS;
}

/* Datagrams that wait, by count, and by memory: the kernel limits them by what they take, overhead included. */
INLINE void fill_datagrams(struct sock *sock, struct file_record *to, bool is_direct) {
    s64 taken = GET(sock, sk_backlog.rmem_alloc.counter);
    to->receive_messages = GET(sock, sk_receive_queue.qlen);
    if (to->kind == UDP) {
        struct udp_sock *udp = (void *)sock;
        if (HAS_FIELD(udp->reader_queue)) {
            to->receive_messages += PROBE(udp, reader_queue.qlen);
            taken -= PROBE(udp, forward_deficit);
        }
    }
    to->receive_bytes = taken > 0 ? taken : 0;
    to->receive_limit_bytes = GET(sock, sk_rcvbuf);
    to->known = RECEIVE_BYTES | RECEIVE_LIMIT_BYTES | RECEIVE_MESSAGES | DROPS;
}

INLINE void fill_internet(struct sock *sock, struct file_record *to, bool is_direct) {
    to->local_port = GET(sock, __sk_common.skc_num);
    to->remote_port = swapped(GET(sock, __sk_common.skc_dport));
    if (to->family == AF_INET) {
        *(u32 *)to->local = GET(sock, __sk_common.skc_rcv_saddr);
        *(u32 *)to->remote = GET(sock, __sk_common.skc_daddr);
    } else {
        bpf_probe_read_kernel(to->local, sizeof(to->local),
                              __builtin_preserve_access_index(&sock->__sk_common.skc_v6_rcv_saddr));
        bpf_probe_read_kernel(to->remote, sizeof(to->remote),
                              __builtin_preserve_access_index(&sock->__sk_common.skc_v6_daddr));
    }
}

/* Bytes of all messages that wait, less what has been read of the first ones; -1 if they are too many. */
INLINE s64 sum_unix(struct sock *sock, u32 n_messages, bool is_direct) {
    const void *end = __builtin_preserve_access_index(&sock->sk_receive_queue);
    struct sk_buff *skb = GET(sock, sk_receive_queue.next);
    s64 bytes = 0;
    u32 i;
    if (n_messages > MOST_SUMMED)
        return -1;
    for (i = 0; i < MOST_SUMMED; i++) {
        struct unix_skb_parms *parms;
        if (!skb || (const void *)skb == end || i >= n_messages)
            break;
        parms = (void *)__builtin_preserve_access_index(&skb->cb);
        bytes += PROBE(skb, len);
        if (HAS_FIELD(parms->consumed))
            bytes -= PROBE(parms, consumed);
        skb = PROBE(skb, next);
    }
    return bytes;
}

INLINE void fill_unix(struct sock *sock, struct named_file_record *record, bool is_direct) {
    struct file_record *to = &record->file;
    struct unix_sock *own = (void *)sock;
    struct unix_address *address = PROBE(own, addr);
    struct sock *peer = PROBE(own, peer);
    u32 n_messages = GET(sock, sk_receive_queue.qlen);
    s64 bytes;
    to->kind = UNIX;
    if (address) {
        /* The family stands in front of the name, and is counted. */
        u32 len = PROBE(address, len) - sizeof(u16);
        if (len <= NAME_LEN) {
            const u8 *from = __builtin_preserve_access_index((const u8 *)&address->name);
            bpf_probe_read_kernel(record->name, len, from + sizeof(u16));
            to->name_len = len;
        }
    }
    if (to->state == TCP_LISTEN) {
        to->backlog = n_messages;
        to->backlog_limit = GET(sock, sk_max_ack_backlog);
        to->known = BACKLOG;
        return;
    }
    if (peer)
        to->peer_inode = inode_of(peer);
    to->receive_messages = n_messages;
    to->known = RECEIVE_MESSAGES | SEND_BYTES | SEND_LIMIT_BYTES;
    if (to->socket_type != SOCK_STREAM) {
        to->receive_limit_messages = GET(sock, sk_max_ack_backlog);
        to->known |= RECEIVE_LIMIT_MESSAGES;
    }
    if (to->socket_type == SOCK_STREAM && HAS_FIELD(own->inq_len))
        bytes = PROBE(own, inq_len);
    else
        bytes = sum_unix(sock, n_messages, is_direct);
    if (bytes >= 0) {
        to->receive_bytes = bytes;
        to->known |= RECEIVE_BYTES;
    }
    /* One is the socket's own (sk_wmem_alloc_get, include/net/sock.h). */
    to->send_bytes = GET(sock, sk_wmem_alloc.refs.counter) - 1;
    to->send_limit_bytes = GET(sock, sk_sndbuf);
}

INLINE bool fill_socket(struct sock *sock, struct named_file_record *record, bool is_direct) {
    struct file_record *to = &record->file;
    struct net *net = GET(sock, __sk_common.skc_net.net);
    u16 protocol = GET(sock, sk_protocol);
    to->family = GET(sock, __sk_common.skc_family);
    to->state = GET(sock, __sk_common.skc_state);
    to->socket_type = GET(sock, sk_type);
    to->protocol = protocol;
    if (net)
        to->netns = GET(net, ns.inum);
    if (to->family == AF_UNIX) {
        fill_unix(sock, record, is_direct);
        return 1;
    }
    to->kind = SOCKET;
    if (to->family == AF_INET || to->family == AF_INET6) {
        fill_internet(sock, to, is_direct);
        if (protocol == IPPROTO_TCP)
            to->kind = TCP;
        if (protocol == IPPROTO_UDP)
            to->kind = UDP;
    }
    if (to->kind == TCP)
        fill_tcp(sock, to, is_direct);
    else
        fill_datagrams(sock, to, is_direct);
    if (to->known & DROPS)
        to->drops = drops_of(sock, is_direct);
    return 1;
}

/* --- files --- */

INLINE struct sock *sock_of(struct file *file, bool is_direct) {
    struct socket *socket;
    if (!is_direct) {
        socket = file->private_data;
        return socket ? PROBE(socket, sk) : NULL;
    }
    socket = bpf_sock_from_file(file);
    return socket ? socket->sk : NULL;
}

INLINE bool fill_file(struct file *file, struct named_file_record *record, bool is_direct) {
    struct inode *inode = file->f_inode;
    struct sock *sock;
    u32 magic;
    u16 type;
    if (!inode)
        return 0;
    type = inode->i_mode & S_IFMT;
    record->file.inode = inode->i_ino;
    if (type == S_IFSOCK) {
        sock = sock_of(file, is_direct);
        return sock ? fill_socket(sock, record, is_direct) : 0;
    }
    if (type == S_IFIFO) {
        /* FIFOs of two file systems may have the same inode. */
        if (inode->i_sb)
            record->file.device = inode->i_sb->s_dev;
        return fill_pipe(inode, &record->file);
    }
    if ((type == 0 || type == S_IFREG) && inode->i_sb) {
        magic = inode->i_sb->s_magic;
        if (magic == ANON_INODE_FS_MAGIC)
            return fill_counter(file, &record->file);
        if (magic == MQUEUE_MAGIC)
            return fill_message_queue(inode, &record->file);
    }
    return 0;
}

/* The process that holds it, where the reader is. */
INLINE u32 owner_of(struct task_struct *task) {
    struct reader reader;
    find_reader(&reader);
    return reader.level == 0 ? (u32)task->tgid : number_of_process(&reader, task);
}

INLINE void write_mark(struct seq_file *seq, u32 pid, u64 n_files, const void *filling) {
    struct mark mark = {.head = {.len = MARK_LEN, .kind = MARK, .number = pid}, .n_files = n_files};
    bpf_seq_write(seq, &mark, sizeof(mark));
    bpf_seq_write(seq, filling, MARK_LEN - sizeof(mark));
}

INLINE int write_end(struct seq_file *seq, u64 n_files) {
    struct mark end = {.head = {.len = sizeof(end), .kind = MARK}, .n_files = n_files};
    bpf_seq_write(seq, &end, sizeof(end));
    return 0;
}

INLINE int write_file(struct bpf_iter__task_file *ctx, bool is_direct) {
    struct seq_file *seq = ctx->meta->seq;
    struct task_struct *task = ctx->task;
    struct file *file = ctx->file;
    u64 n_before = ctx->meta->seq_num;
    struct named_file_record record;
    u32 len;
    if (!task || !file)
        return write_end(seq, n_before);
    __builtin_memset(&record, 0, sizeof(record));
    if (n_before % MARK_EVERY == MARK_EVERY - 1)
        write_mark(seq, owner_of(task), n_before + 1, &record);
    if (!fill_file(file, &record, is_direct))
        return 0;
    record.file.head.number = owner_of(task);
    if (record.file.head.number == 0)
        return 0;
    record.file.fd = ctx->fd;
    record.file.head.kind = FILE_RECORD;
    if (file->f_mode & FMODE_READ)
        record.file.head.flags |= CAN_READ;
    if (file->f_mode & FMODE_WRITE)
        record.file.head.flags |= CAN_WRITE;
    len = sizeof(record.file);
    if (record.file.name_len > 0)
        len = sizeof(record);
    record.file.head.len = len;
    bpf_seq_write(seq, &record, len);
    return 0;
}

#endif
