//! What whole processes used, through netlink (kernel: Documentation/accounting/taskstats.rst): CPU time, run delay and
//! runs of all threads of a process together, ended ones included, in one answer of 4 to 9 us. Who asks needs
//! CAP_NET_ADMIN.

use std::time::Duration;

use rustix::{
    fd::OwnedFd,
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use crate::kernel::stat::SchedStat;

/// A netlink socket to ask through.
#[derive(Debug)]
pub(super) struct Taskstats {
    socket: OwnedFd,
    family: u16,
    questions: Vec<u8>,
    sequence: u32,
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// What its threads used, ended ones included; of waits only those that have ended.
    pub used: SchedStat,
    /// How long its living threads have lived, all together, microseconds.
    pub age_us: u64,
}

/// Processes asked for with one call.
pub(super) const AT_ONCE: usize = 32;

// Numbers of include/uapi/linux/{netlink,genetlink,taskstats}.h.
const NLM_F_REQUEST: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const TASKSTATS_CMD_GET: u8 = 1;
const TASKSTATS_CMD_ATTR_TGID: u16 = 2;
const TASKSTATS_TYPE_STATS: u16 = 3;
const TASKSTATS_TYPE_AGGR_TGID: u16 = 5;

/// Length of `struct nlmsghdr` and `struct genlmsghdr` together.
const HEADER: usize = 20;

// Where fields stand in `struct taskstats`; fields are only ever added at its end.
const CPU_COUNT: usize = 16;
const CPU_DELAY_TOTAL: usize = 24;
const CPU_RUN_VIRTUAL_TOTAL: usize = 72;
const AC_ETIME: usize = 144;

/// Longest answer: 596 bytes today.
const ANSWER: usize = 4096;

impl Taskstats {
    /// Opens the socket, and asks for this very process to see whether that is allowed.
    pub(super) fn open() -> Result<Self, Errno> {
        let protocol = Some(netlink::GENERIC);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        // The kernel answers before `send` returns; a lost answer must not hold the agent for ever.
        set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(250)))?;
        let mut new = Self { socket, family: 0, questions: Vec::new(), sequence: 0 };
        new.family = new.find_family()?;
        let mut outcome = Err(Errno::SRCH);
        new.ask(&[std::process::id()], |_, account| outcome = account.ok_or(Errno::SRCH))?;
        outcome.map(|_| new)
    }

    /// Asks for at most [`AT_ONCE`] processes. `each` gets the place of a process in `pids`, and `None` where it has ended.
    pub(super) fn ask(&mut self, pids: &[u32], mut each: impl FnMut(usize, Option<Account>)) -> Result<(), Errno> {
        let first = self.sequence.wrapping_add(1);
        self.questions.clear();
        for pid in pids {
            let attribute = (TASKSTATS_CMD_ATTR_TGID, &pid.to_ne_bytes()[..]);
            self.question(self.family, TASKSTATS_CMD_GET, attribute);
        }
        send(&self.socket, &self.questions, SendFlags::empty())?;
        let mut answer = [0; ANSWER];
        let mut n_left = pids.len();
        while n_left > 0 {
            let (len, _) = recv(&self.socket, &mut answer[..], RecvFlags::empty())?;
            let answer = &answer[..len];
            let place = u32_at(answer, 8).ok_or(Errno::BADMSG)?.wrapping_sub(first) as usize;
            if place >= pids.len() {
                // An answer to what was asked before the last error.
                continue;
            }
            match body(answer) {
                Ok(body) => each(place, Some(account(body).ok_or(Errno::BADMSG)?)),
                Err(Errno::SRCH) => each(place, None),
                Err(error) => return Err(error),
            }
            n_left -= 1;
        }
        Ok(())
    }

    fn find_family(&mut self) -> Result<u16, Errno> {
        self.question(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, (CTRL_ATTR_FAMILY_NAME, b"TASKSTATS\0"));
        send(&self.socket, &self.questions, SendFlags::empty())?;
        let mut answer = [0; ANSWER];
        let (len, _) = recv(&self.socket, &mut answer[..], RecvFlags::empty())?;
        let id = attribute(body(&answer[..len])?, CTRL_ATTR_FAMILY_ID).ok_or(Errno::BADMSG)?;
        Ok(u16::from_ne_bytes(id.first_chunk().copied().ok_or(Errno::BADMSG)?))
    }

    fn question(&mut self, kind: u16, command: u8, (attribute, value): (u16, &[u8])) {
        self.sequence = self.sequence.wrapping_add(1);
        let out = &mut self.questions;
        let len = HEADER + (4 + value.len()).next_multiple_of(4);
        out.extend_from_slice(&(len as u32).to_ne_bytes());
        out.extend_from_slice(&kind.to_ne_bytes());
        out.extend_from_slice(&NLM_F_REQUEST.to_ne_bytes());
        out.extend_from_slice(&self.sequence.to_ne_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&[command, 1, 0, 0]);
        out.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        out.extend_from_slice(&attribute.to_ne_bytes());
        out.extend_from_slice(value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
}

/// What follows the headers of an answer, or the error that it is.
fn body(answer: &[u8]) -> Result<&[u8], Errno> {
    let kind = answer.get(4..6).and_then(|kind| kind.first_chunk()).copied().map(u16::from_ne_bytes);
    if kind == Some(NLMSG_ERROR) {
        let code = u32_at(answer, 16).map_or(0, |code| code.cast_signed().saturating_neg());
        return Err(Errno::from_raw_os_error(if code > 0 { code } else { Errno::BADMSG.raw_os_error() }));
    }
    answer.get(HEADER..).ok_or(Errno::BADMSG)
}

fn account(body: &[u8]) -> Option<Account> {
    let stats = attribute(attribute(body, TASKSTATS_TYPE_AGGR_TGID)?, TASKSTATS_TYPE_STATS)?;
    let used = SchedStat {
        cpu_ns: u64_at(stats, CPU_RUN_VIRTUAL_TOTAL)?,
        run_delay_ns: u64_at(stats, CPU_DELAY_TOTAL)?,
        n_runs: u64_at(stats, CPU_COUNT)?,
    };
    Some(Account { used, age_us: u64_at(stats, AC_ETIME)? })
}

/// The value of the first attribute of a kind; the upper bits of the kind are flags (`NLA_TYPE_MASK`).
fn attribute(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    while rest.len() >= 4 {
        let len = usize::from(u16::from_ne_bytes([rest[0], rest[1]]));
        let kind = u16::from_ne_bytes([rest[2], rest[3]]) & 0x3fff;
        let value = rest.get(4..len)?;
        if kind == wanted {
            return Some(value);
        }
        rest = rest.get(len.next_multiple_of(4)..)?;
    }
    None
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests;
