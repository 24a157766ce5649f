//! Every text of the contract, and what becomes of it in a masked recording. A field that is added to the contract must be
//! added here, and be masked before: a test reads the contract.

/// What becomes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Something else stands for all of it, or for nothing.
    Masked,
    /// Addresses, names of nodes and hosts, users and home folders in it are masked; the rest stays.
    Scrubbed,
    /// It is no one's: words of midair's, of the kernel's or of code.
    Kept,
    /// What holds it is left out.
    LeftOut,
    /// It stands in no recording: only what is said to agents holds it.
    NotRecorded,
}

use Fate::{Kept, LeftOut, Masked, NotRecorded, Scrubbed};

/// The texts, as `Message.field`, or `Message.field/what it is the name of`.
pub(super) const FIELDS: &[(&str, Fate)] = &[
    // Version of a program: made by who wrote midair.
    ("Version.program", Kept),
    ("Description.node", Masked),
    ("Description.name", Masked),
    ("Description.boot_id", Masked),
    // Random, made anew at each start; ids of names belong to it.
    ("Description.instance", Kept),
    ("Description.system", Scrubbed),
    ("Description.capabilities", Scrubbed),
    ("Description.user", Masked),
    // "version", "role": without them values say nothing; comparisons group by them.
    ("Label.key", Kept),
    ("Label.value", Masked),
    ("Hello.viewer", NotRecorded),
    ("Hello.node", NotRecorded),
    ("HistoryRequest.node", NotRecorded),
    ("FleetNode.node", Masked),
    ("FleetNode.name", Masked),
    ("FleetNode.address", Masked),
    ("FleetNode.texts/key", Kept),
    ("FleetNode.texts/value", Masked),
    ("FleetNode.program", Kept),
    // One of a few words, else nothing.
    ("FleetPresence.cause", Masked),
    ("FleetPresence.reason", Scrubbed),
    ("TableQuery.filter", NotRecorded),
    ("MarkRequest.text", NotRecorded),
    ("MarkRequest.focus", NotRecorded),
    ("Envelope.node", Masked),
    // Decoded, masked, and encoded anew.
    ("Envelope.payload", LeftOut),
    ("Refused.reason", LeftOut),
    // A note is why somebody sends the recording.
    ("Mark.text", Scrubbed),
    ("Mark.author", Masked),
    // Where it is no place that is understood it is left out.
    ("Mark.focus", Masked),
    ("VmRollup.name", Scrubbed),
    ("TaskRollup.name", Scrubbed),
    // "25", "13.1.5".
    ("Vm.otp_release", Kept),
    ("Vm.erts", Kept),
    ("Vm.monitor_owner", Scrubbed),
    ("Vm.found_by", Scrubbed),
    ("Vm.name", Scrubbed),
    ("Vm.ended_why", Scrubbed),
    ("VmSweep.stuck_at", Scrubbed),
    ("DistLink.peer", Scrubbed),
    ("DistLink.address", Scrubbed),
    ("VmPorts.partial", Scrubbed),
    // "#Port<0.7>", "<0.812.0>": numbers of the VM's own.
    ("VmPort.id", Kept),
    ("ErlangPid.text", Kept),
    ("VmPort.name", Scrubbed),
    ("VmPort.address", Scrubbed),
    ("VmSockets.partial", Scrubbed),
    // "tcp", "udp".
    ("VmSocket.protocol", Kept),
    ("VmSocket.address", Scrubbed),
    ("VmTables.partial", Scrubbed),
    ("VmTable.name", Scrubbed),
    // "ordered_set".
    ("VmTable.type", Kept),
    ("CrashDump.path", Masked),
    ("FunctionCount.function", Scrubbed),
    ("ErlangPid.name", Masked),
    ("ErlangPid.node", Scrubbed),
    ("ErlangLook.registered", LeftOut),
    ("ErlangLook.label", LeftOut),
    ("ErlangLook.initial_call", LeftOut),
    ("ErlangLook.priority", LeftOut),
    ("ErlangLook.stack", LeftOut),
    ("ErlangLook.waits_for_text", LeftOut),
    ("Inspected.lines", LeftOut),
    ("Inspected.refused", LeftOut),
    ("Name.text/task", Scrubbed),
    ("Name.text/erlang process", Masked),
    ("Name.text/command", Scrubbed),
    ("Name.text/user", Masked),
    ("Name.text/cgroup", Masked),
    ("Name.text/unit", Masked),
    ("Name.text/wait channel", Scrubbed),
    ("Name.text/queue", Masked),
    ("Name.text/peer", Scrubbed),
    ("Name.text/group path", Masked),
    ("Name.text/group", Masked),
    ("Name.text/namespace", Masked),
    ("Name.text/worst", Scrubbed),
    ("Name.text/short-lived", Scrubbed),
    ("Name.text/parent of short-lived", Scrubbed),
    // What no row refers to.
    ("Name.text/nobody", LeftOut),
    // "nvme0n1", as the kernel counts them.
    ("Disk.name", Kept),
    ("Filesystem.mount", Masked),
    ("NetNamespace.unread", Scrubbed),
    // "kernel /proc", "os", "beam": words of the agent's.
    ("Source.name", Kept),
    ("Source.reason", Scrubbed),
    ("Runtime.kind", Kept),
    ("Runtime.name", Scrubbed),
    ("Runtime.reason", Scrubbed),
    ("Cost.shed", Scrubbed),
    ("RecordingHeader.program", Masked),
    ("RecordingHeader.author", Masked),
    ("RecordingHeader.why", Scrubbed),
    // What was masked before.
    ("RecordingHeader.masked", Kept),
    ("RecordedNode.node", LeftOut),
    ("RecordedNode.name", LeftOut),
    ("RecordedNode.link", LeftOut),
    // Of the index: it is made anew from what stands in the new file.
    ("RecordedRollup.node", LeftOut),
    ("RecordedMark.node", Masked),
    ("RecordedLink.address", Masked),
    ("RecordedLink.note", Masked),
    ("RecordedLink.reason", Masked),
    ("RecordedClock.address", Masked),
    ("RecordedInput.key", LeftOut),
    ("RecordedInput.mouse", LeftOut),
    ("RecordedGap.node", Masked),
    ("RecordedGap.why", Scrubbed),
    ("RecordedLoss.node", Masked),
    ("RecordedLoss.why", Scrubbed),
    ("RecordedFocus.focus", LeftOut),
];
