//! Erlang VMs in trouble, on one host: one has ended with a crash dump, one hangs, one has another cookie, and one cannot be
//! asked at all. Marks tell of it.

use midair::event::{Event, Health, Mark, Runtime, Stamped};
use midair_vitals::{VmReading, vm::CrashDump};

use super::vm::with_vms;

/// Seconds before the end at which the VM ended, and at which another one stopped to answer.
const ENDED: u64 = 184;
const HANGS: u64 = 41;

/// The events of a host, told by an agent that watches such VMs.
pub(crate) fn in_trouble(events: Vec<Stamped>) -> Vec<Stamped> {
    let n_samples = events.iter().filter(|stamped| matches!(stamped.event, Event::Sample(_))).count() as u64;
    let mut n = 0;
    let mut told = Vec::with_capacity(events.len());
    let mut before: Option<VmReading> = None;
    let mut answered: Option<VmReading> = None;
    for mut stamped in with_vms(events) {
        let mut marks = Vec::new();
        match &mut stamped.event {
            Event::Sample(sample) => {
                let left = n_samples - n;
                n += 1;
                let chat = sample.vms.remove(0);
                // What hangs is of the kind that ended, smaller and younger.
                let hangs = VmReading {
                    runtime: 3,
                    process: None,
                    name: Some("media@chat-07".into()),
                    creation: Some(7),
                    up_us: Some(86_400_000_000),
                    sweep: None,
                    links: None,
                    ports: None,
                    ..chat.clone()
                };
                answered = Some(if left > HANGS { hangs } else { answered.unwrap_or(hangs) });
                before = Some(if left > ENDED { chat } else { ended(before.unwrap_or(chat), sample.mono_us, left) });
                sample.vms.extend(before.clone().into_iter().chain(answered.clone()));
                sample.vms.push(VmReading { runtime: 4, found_by: Some("its process".into()), ..VmReading::default() });
                sample.runtimes.retain(|runtime| runtime.id != 1 || left > ENDED);
                sample.runtimes.extend(runtimes(left));
                sample.tasks.retain(|task| task.id.runtime == 0 || left > ENDED);
                marks.extend(text(left).map(|text| Mark {
                    node: Some(sample.node.clone()),
                    wall_us: sample.wall_us,
                    text: text.into(),
                    author: None,
                    focus: None,
                    is_automatic: true,
                }));
            }
            Event::Rows(rows) if n_samples - n <= ENDED => {
                rows.tasks.retain(|task| task.id.runtime == 0);
                rows.total = rows.tasks.len() as u64;
            }
            Event::Details(details) if details.erlang.is_some() => continue,
            _ => {}
        }
        let at = stamped.at;
        told.push(stamped);
        told.extend(marks.into_iter().map(|mark| Stamped { at, event: Event::Mark(mark) }));
    }
    told
}

fn ended(last: VmReading, mono_us: u64, left: u64) -> VmReading {
    let ended_us = last.ended_us.unwrap_or_else(|| mono_us.saturating_sub((ENDED - left) * 1_000_000));
    VmReading {
        ended_us: Some(ended_us),
        ended_why: Some("it was killed (by signal 9, or for lack of memory)".into()),
        crash_dump: Some(CrashDump {
            path: Some("/srv/chat/erl_crash.dump".into()),
            bytes: Some(12 << 20),
            is_growing: false,
        }),
        process: None,
        schedulers: Vec::new(),
        ..last
    }
}

fn runtimes(left: u64) -> [Runtime; 2] {
    let runtime = |id, name: &str, health, is_undistributed| Runtime {
        id,
        kind: "beam".into(),
        name: name.into(),
        health,
        n_tasks: None,
        is_undistributed,
    };
    let hangs = if left > HANGS { Health::Ok } else { Health::Off("no answer within 5 s".into()) };
    let why = Health::Off("not distributed (no -sname or -name): seen from outside alone".into());
    [runtime(3, "media@chat-07", hangs, false), runtime(4, "pid 3301", why, true)]
}

/// What is marked, so many seconds before the end.
fn text(left: u64) -> Option<&'static str> {
    Some(match left {
        183 => "chat@chat-07 ended: it was killed (by signal 9, or for lack of memory)",
        182 => "crash dump of chat@chat-07: /srv/chat/erl_crash.dump",
        181 => "chat@chat-07: 1,020,211 processes gone with it",
        120 => "long garbage collection in media@chat-07: 1.2 s, of session_cache <0.455.0>",
        103 => "busy distribution link of media@chat-07: suspends <0.2210.0>",
        36 => "media@chat-07 does not answer: no answer within 5 s",
        _ => return None,
    })
}
