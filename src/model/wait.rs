//! What a wait channel means: the function of the kernel in which a task sleeps (proc(5), wchan), in words.

/// For what a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// For something to happen to any of its files: idle.
    Events,
    /// For time to pass: idle.
    Timer,
    /// For a child to end: idle.
    Child,
    /// For a connection: idle.
    Connection,
    /// For a signal: idle.
    Signal,
    /// For somebody to type: idle.
    Terminal,
    /// For work that the kernel gives it: idle.
    Work,
    /// For data from a socket or a terminal: the kernel's function serves both.
    Data,
    /// For data from a socket.
    Socket,
    /// For data from a pipe.
    Pipe,
    /// For room in a pipe: whoever reads from it does not.
    FullPipe,
    /// For room in a socket: whoever is at the other end does not read.
    FullSocket,
    /// For somebody to open the other end of a FIFO.
    Partner,
    /// For another thread: a lock, a condition.
    Thread,
    /// For a lock inside the kernel.
    KernelLock,
    /// For a disk.
    Disk,
    /// For a filesystem on another host.
    RemoteFiles,
    /// For the memory that its cgroup or the host does not have.
    Memory,
    /// Until it is thawed.
    Thaw,
    /// Until a debugger or a signal lets it go on.
    Stopped,
}

/// Starts of the names of functions. Compilers add suffixes, kernels rename: a start says enough (kernel 5.8 to 6.18).
const CHANNELS: &[(&str, Wait)] = &[
    ("ep_poll", Wait::Events),
    ("do_epoll_wait", Wait::Events),
    ("do_poll", Wait::Events),
    ("poll_schedule_timeout", Wait::Events),
    ("do_sys_poll", Wait::Events),
    ("do_select", Wait::Events),
    ("core_sys_select", Wait::Events),
    ("io_cqring_wait", Wait::Events),
    ("eventfd_read", Wait::Events),
    ("inotify_read", Wait::Events),
    ("signalfd_", Wait::Events),
    ("read_events", Wait::Events),
    ("hrtimer_nanosleep", Wait::Timer),
    ("do_nanosleep", Wait::Timer),
    ("common_nsleep", Wait::Timer),
    ("timerfd_read", Wait::Timer),
    ("do_wait", Wait::Child),
    ("kernel_wait4", Wait::Child),
    ("kernel_clone", Wait::Child),
    ("wait_for_vfork", Wait::Child),
    ("inet_csk_accept", Wait::Connection),
    ("unix_accept", Wait::Connection),
    ("do_sigtimedwait", Wait::Signal),
    ("sigsuspend", Wait::Signal),
    ("__do_sys_pause", Wait::Signal),
    ("do_signal_stop", Wait::Stopped),
    ("ptrace_stop", Wait::Stopped),
    ("ptrace_", Wait::Stopped),
    ("n_tty_read", Wait::Terminal),
    ("wait_woken", Wait::Data),
    ("tty_", Wait::Terminal),
    ("worker_thread", Wait::Work),
    ("rescuer_thread", Wait::Work),
    ("kthread", Wait::Work),
    ("smpboot_thread_fn", Wait::Work),
    ("rcu_", Wait::Work),
    ("kswapd", Wait::Work),
    ("kcompactd", Wait::Work),
    ("kjournald2", Wait::Work),
    ("sk_wait_data", Wait::Socket),
    ("tcp_recvmsg", Wait::Socket),
    ("__skb_wait_for_more_packets", Wait::Socket),
    ("skb_wait_for_more_packets", Wait::Socket),
    ("unix_stream_read_generic", Wait::Socket),
    ("unix_stream_data_wait", Wait::Socket),
    ("unix_dgram_recvmsg", Wait::Socket),
    ("pipe_read", Wait::Pipe),
    ("anon_pipe_read", Wait::Pipe),
    ("fifo_pipe_read", Wait::Pipe),
    ("pipe_wait_readable", Wait::Pipe),
    ("pipe_write", Wait::FullPipe),
    ("anon_pipe_write", Wait::FullPipe),
    ("fifo_pipe_write", Wait::FullPipe),
    ("pipe_wait_writable", Wait::FullPipe),
    ("wait_for_partner", Wait::Partner),
    ("fifo_open", Wait::Partner),
    ("sk_stream_wait_memory", Wait::FullSocket),
    ("sock_alloc_send_pskb", Wait::FullSocket),
    ("sock_wait_for_wmem", Wait::FullSocket),
    ("unix_wait_for_peer", Wait::FullSocket),
    ("unix_dgram_sendmsg", Wait::FullSocket),
    ("futex_", Wait::Thread),
    ("__futex_wait", Wait::Thread),
    ("do_futex", Wait::Thread),
    ("rwsem_down", Wait::KernelLock),
    ("__mutex_lock", Wait::KernelLock),
    ("mutex_lock", Wait::KernelLock),
    ("rt_mutex_", Wait::KernelLock),
    ("io_schedule", Wait::Disk),
    ("folio_wait", Wait::Disk),
    ("wait_on_page", Wait::Disk),
    ("wait_on_buffer", Wait::Disk),
    ("__wait_on_buffer", Wait::Disk),
    ("bit_wait_io", Wait::Disk),
    ("blk_", Wait::Disk),
    ("submit_bio_wait", Wait::Disk),
    ("rq_qos_wait", Wait::Disk),
    ("wbt_wait", Wait::Disk),
    ("balance_dirty_pages", Wait::Disk),
    ("jbd2_", Wait::Disk),
    ("ext4_", Wait::Disk),
    ("xfs_", Wait::Disk),
    ("xlog_", Wait::Disk),
    ("btrfs_", Wait::Disk),
    ("iomap_dio", Wait::Disk),
    ("blkdev_", Wait::Disk),
    ("rpc_wait_bit", Wait::RemoteFiles),
    ("nfs", Wait::RemoteFiles),
    ("request_wait_answer", Wait::RemoteFiles),
    ("fuse_", Wait::RemoteFiles),
    ("cifs_", Wait::RemoteFiles),
    ("mem_cgroup_handle_over_high", Wait::Memory),
    ("mem_cgroup_oom", Wait::Memory),
    ("throttle_direct_reclaim", Wait::Memory),
    ("reclaim_throttle", Wait::Memory),
    ("do_swap_page", Wait::Memory),
    ("__refrigerator", Wait::Thaw),
    ("do_freezer_trap", Wait::Thaw),
];

impl Wait {
    /// What a channel means; `None` for one that is not known here.
    pub fn of(channel: &str) -> Option<Self> {
        CHANNELS.iter().find(|(start, _)| channel.starts_with(start)).map(|(_, wait)| *wait)
    }

    /// In words, after "waits".
    pub fn words(self) -> &'static str {
        match self {
            Self::Events => "for events",
            Self::Timer => "for time to pass",
            Self::Child => "for a child to end",
            Self::Connection => "for connections",
            Self::Signal => "for a signal",
            Self::Terminal => "for input",
            Self::Work => "for work",
            Self::Data => "for data",
            Self::Socket => "for data from a socket",
            Self::Pipe => "for data from a pipe",
            Self::FullPipe => "for room in a full pipe",
            Self::FullSocket => "for room in a full socket: the other end does not read",
            Self::Partner => "for somebody to open the other end of a FIFO",
            Self::Thread => "for another thread (a lock or a condition)",
            Self::KernelLock => "for a lock inside the kernel",
            Self::Disk => "for a disk",
            Self::RemoteFiles => "for a filesystem that another program or host serves",
            Self::Memory => "for memory",
            Self::Thaw => "until its cgroup is thawed",
            Self::Stopped => "until a debugger or a signal lets it go on",
        }
    }

    /// Whether who waits so has nothing to do.
    pub fn is_idle(self) -> bool {
        match self {
            Self::Events
            | Self::Timer
            | Self::Child
            | Self::Connection
            | Self::Signal
            | Self::Terminal
            | Self::Work => true,
            Self::Data
            | Self::Socket
            | Self::Pipe
            | Self::FullPipe
            | Self::FullSocket
            | Self::Partner
            | Self::Thread
            | Self::KernelLock
            | Self::Disk
            | Self::RemoteFiles
            | Self::Memory
            | Self::Thaw
            | Self::Stopped => false,
        }
    }
}

#[cfg(test)]
mod tests;
