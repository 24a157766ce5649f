//! Deltas: absolute values of the fields that changed, and the numbers of those that became unknown.
//!
//! The fields are listed once per message, with their numbers; `tests/delta.rs` compares the list with the proto files,
//! so that a field added there and forgotten here fails a test.

use crate::v1::{Node, Task, Vm};

/// A message that travels as a delta against the one before.
pub trait Delta: Sized {
    /// Numbers of the fields that take part, for the test that compares them with the proto files.
    const FIELDS: &'static [(u32, &'static str)];

    /// What changed from `before` to `self`; `None` when nothing did.
    fn since(&self, before: &Self) -> Option<Self>;

    /// Applies a delta: fields that it carries are replaced, fields that it lists as unknown are unset, the rest stays.
    fn apply(&mut self, delta: Self);
}

/// Moves the stamps of a stream's rows on with its sweep, from one sample's `tasks_mono_us` to the next one's.
///
/// Every row is read again in each sweep, so of most rows nothing but the moment changes. These do not travel: both sides
/// take them as read as long after the start of the sweep as the last time. To be done before a delta is made or applied.
pub fn carry_stamps<'a>(rows: impl IntoIterator<Item = &'a mut Task>, before_us: u64, now_us: u64) {
    let by_us = now_us.wrapping_sub(before_us).cast_signed();
    for mono_us in rows.into_iter().filter_map(|row| row.mono_us.as_mut()) {
        *mono_us = mono_us.saturating_add_signed(by_us);
    }
}

/// Pins the rows of a stream that rests (`Sample.rests`) to the moment at which they were told, `before_us`, where they do
/// not say their own: what comes next does not move it. To be done before a delta is made or applied.
pub fn pin_stamps<'a>(rows: impl IntoIterator<Item = &'a mut Task>, before_us: u64) {
    for row in rows {
        row.mono_us.get_or_insert(before_us);
    }
}

macro_rules! delta {
    ($message:ty, identity: [$($id:ident),*], $($number:literal => $field:ident),+ $(,)?) => {
        impl Delta for $message {
            const FIELDS: &'static [(u32, &'static str)] = &[$(($number, stringify!($field))),+];

            fn since(&self, before: &Self) -> Option<Self> {
                let mut delta = Self::default();
                let mut changed = false;
                $(if self.$field != before.$field {
                    changed = true;
                    match &self.$field {
                        Some(value) => delta.$field = Some(value.clone()),
                        None => delta.unknown.push($number),
                    }
                })+
                if !changed {
                    return None;
                }
                $(delta.$id = self.$id.clone();)*
                Some(delta)
            }

            fn apply(&mut self, delta: Self) {
                for number in delta.unknown {
                    match number {
                        $($number => self.$field = None,)+
                        // A newer agent may list fields that this build does not know.
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

// `previous` (24) is not compared: it belongs to the one sample in which a row enters.
delta!(Task, identity: [id],
    3 => kind, 4 => process, 5 => parent, 6 => name, 7 => command, 8 => user, 9 => cgroup, 10 => state,
    11 => wait_channel, 12 => cpu_us, 13 => run_delay_us, 14 => n_runs, 15 => n_voluntary, 16 => n_involuntary,
    17 => rss_bytes, 18 => swap_bytes, 19 => anon_bytes, 20 => file_bytes, 21 => n_threads, 22 => queues,
    23 => flows, 25 => mono_us, 26 => worst_thread, 27 => unit, 28 => netns, 29 => n_fds, 30 => waiting_us,
    31 => binary_bytes, 32 => active_milli,
);

delta!(Node, identity: [],
    2 => severities, 3 => user_us, 4 => system_us, 5 => idle_us, 6 => iowait_us, 7 => irq_us, 8 => steal_us,
    9 => run_delay_us, 10 => throttled_us, 11 => load1_milli, 12 => n_running, 13 => n_blocked, 14 => n_switches,
    15 => n_forks, 16 => psi_cpu_some_us, 17 => psi_mem_some_us, 18 => psi_mem_full_us, 19 => psi_io_some_us,
    20 => mem_total_bytes, 21 => mem_available_bytes, 22 => mem_free_bytes, 23 => mem_anon_bytes,
    24 => mem_file_bytes, 25 => mem_slab_bytes, 26 => swap_total_bytes, 27 => swap_free_bytes, 28 => net_rx_bytes,
    29 => net_tx_bytes, 30 => net_drops, 31 => tcp_in, 32 => tcp_out, 33 => tcp_retrans, 34 => udp_in, 35 => udp_out,
    36 => udp_drops, 37 => listen_drops, 38 => sums, 39 => worst_queue, 40 => worst_delay, 41 => n_processes,
    42 => n_threads, 43 => up_us, 44 => n_tcp, 45 => sources, 46 => runtimes, 47 => mem_limit_bytes,
    48 => interrupts, 49 => tcp_trouble, 50 => udp_in_errors, 51 => udp_send_errors, 52 => n_conntrack,
    53 => conntrack_max, 54 => conntrack_drops, 55 => disks, 56 => filesystems, 57 => n_files, 58 => files_max,
    59 => n_short_lived, 60 => delay_neighbour_us, 61 => n_netns, 62 => n_netns_unread, 63 => n_cgroups,
    64 => delay_quota_us, 65 => short_lived,
);

delta!(Vm, identity: [runtime],
    3 => process, 4 => otp_release, 5 => erts, 6 => answered_us, 7 => mono_us, 8 => creation, 9 => up_us,
    10 => schedulers, 11 => run_queue, 12 => run_queue_dirty_cpu, 13 => run_queue_dirty_io, 14 => memory, 15 => counts,
    16 => in_bytes, 17 => out_bytes, 18 => reductions, 19 => n_gcs, 20 => reclaimed_bytes, 21 => n_switches,
    22 => sweep, 23 => links, 24 => dist_busy_bytes, 25 => carriers_bytes, 26 => blocks_bytes, 27 => monitor_owner,
    28 => ports, 29 => tables, 30 => cost_us, 31 => wire_bytes, 32 => crash_dump, 33 => active_functions,
    34 => found_by, 35 => name, 36 => ended_us, 37 => ended_why, 38 => sockets, 39 => own_bytes,
);
