//! Whether this process may load programs at all.

/// Bits of capabilities (include/uapi/linux/capability.h).
const SYS_ADMIN: u64 = 1 << 21;
const PERFMON: u64 = 1 << 38;
const BPF: u64 = 1 << 39;

/// Whether it is worth trying: the kernel has the last word (`bpf_prog_load`, kernel/bpf/syscall.c).
pub(super) fn may_load() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // Where they cannot be read it is tried.
    effective(&status).is_none_or(suffice)
}

fn effective(status: &str) -> Option<u64> {
    let text = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(text.trim(), 16).ok()
}

fn suffice(effective: u64) -> bool {
    effective & SYS_ADMIN != 0 || effective & (BPF | PERFMON) == BPF | PERFMON
}

#[cfg(test)]
mod tests;
