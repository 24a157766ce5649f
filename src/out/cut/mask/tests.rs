use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use midair_proto::v1::*;
use midair_recording::{Piece, Reader, Writer};

use super::{
    fields::{FIELDS, Fate},
    *,
};
use crate::{
    clock::Clock,
    out::cut::{Options, cut},
    session::tests::played::START_US,
};

/// What is planted in each text, and where that was done.
#[derive(Default)]
struct Plants(RefCell<BTreeSet<&'static str>>);

impl Plants {
    fn number(field: &str) -> usize {
        FIELDS.iter().position(|(name, _)| *name == field).unwrap_or_else(|| panic!("{field} is not listed"))
    }

    /// A word that is no secret by itself.
    fn plain(n: usize) -> String {
        format!("plain{n}x")
    }

    /// What is always one.
    fn secrets(n: usize) -> [String; 3] {
        [format!("secret{n}home"), format!("10.77.{n}.1"), format!("secret{n}.example")]
    }

    fn text(&self, field: &'static str) -> Option<String> {
        let n = Self::number(field);
        self.0.borrow_mut().insert(field);
        let [home, address, host] = Self::secrets(n);
        Some(format!("{} /home/{home}/f {address}:4369 x@{host}", Self::plain(n)))
    }

    /// The number of a name that is used for something.
    fn name(&self, field: &'static str) -> Option<u32> {
        Some(u32::try_from(Self::number(field)).unwrap() + 1)
    }

    fn names(&self) -> Vec<Name> {
        let all = FIELDS.iter().filter(|(field, _)| field.starts_with("Name.text/"));
        all.map(|(field, _)| Name { id: self.name(field), text: self.text(field) }).collect()
    }

    fn pid(&self) -> Option<ErlangPid> {
        Some(ErlangPid {
            text: self.text("ErlangPid.text"),
            name: self.text("ErlangPid.name"),
            task: None,
            node: self.text("ErlangPid.node"),
        })
    }

    fn runtime(&self) -> Runtime {
        Runtime {
            id: Some(3),
            kind: self.text("Runtime.kind"),
            name: self.text("Runtime.name"),
            reason: self.text("Runtime.reason"),
            ..Runtime::default()
        }
    }

    fn described(&self) -> Kind {
        let label = Label { key: self.text("Label.key"), value: self.text("Label.value") };
        Kind::Described(Description {
            version: Some(Version { contract: Some(1), program: self.text("Version.program") }),
            node: self.text("Description.node"),
            name: self.text("Description.name"),
            boot_id: self.text("Description.boot_id"),
            instance: self.text("Description.instance"),
            labels: vec![label],
            system: self.text("Description.system"),
            runtimes: vec![self.runtime()],
            capabilities: self.text("Description.capabilities").into_iter().collect(),
            user: self.text("Description.user"),
            ..Description::default()
        })
    }

    fn tasks(&self) -> Vec<Task> {
        let id = |runtime| Some(TaskId { runtime: Some(runtime), number: Some(9), start: Some(1) });
        let queue = Queue {
            label: self.name("Name.text/queue"),
            peer_name: self.name("Name.text/peer"),
            depth: Some(1),
            ..Queue::default()
        };
        let kernel = Task {
            id: id(0),
            name: self.name("Name.text/task"),
            command: self.name("Name.text/command"),
            user: self.name("Name.text/user"),
            cgroup: self.name("Name.text/cgroup"),
            unit: self.name("Name.text/unit"),
            wait_channel: self.name("Name.text/wait channel"),
            queues: Some(Queues { queue: vec![queue], n_total: None }),
            ..Task::default()
        };
        let erlang = Task { id: id(3), name: self.name("Name.text/erlang process"), ..Task::default() };
        vec![kernel, erlang]
    }

    fn vm(&self) -> Vm {
        let link = DistLink {
            peer: self.text("DistLink.peer"),
            address: self.text("DistLink.address"),
            ..DistLink::default()
        };
        let port = VmPort {
            id: self.text("VmPort.id"),
            name: self.text("VmPort.name"),
            owner: self.pid(),
            address: self.text("VmPort.address"),
            ..VmPort::default()
        };
        let socket = VmSocket {
            owner: self.pid(),
            protocol: self.text("VmSocket.protocol"),
            address: self.text("VmSocket.address"),
            ..VmSocket::default()
        };
        let table = VmTable {
            name: self.text("VmTable.name"),
            owner: self.pid(),
            r#type: self.text("VmTable.type"),
            ..VmTable::default()
        };
        let function = FunctionCount { function: self.text("FunctionCount.function"), n: Some(1) };
        Vm {
            runtime: Some(3),
            otp_release: self.text("Vm.otp_release"),
            erts: self.text("Vm.erts"),
            monitor_owner: self.text("Vm.monitor_owner"),
            found_by: self.text("Vm.found_by"),
            name: self.text("Vm.name"),
            ended_why: self.text("Vm.ended_why"),
            sweep: Some(VmSweep { stuck_at: self.text("VmSweep.stuck_at"), ..VmSweep::default() }),
            links: Some(DistLinks { link: vec![link], ..DistLinks::default() }),
            ports: Some(VmPorts { port: vec![port], partial: self.text("VmPorts.partial"), ..VmPorts::default() }),
            sockets: Some(VmSockets {
                socket: vec![socket],
                partial: self.text("VmSockets.partial"),
                ..VmSockets::default()
            }),
            tables: Some(VmTables { table: vec![table], partial: self.text("VmTables.partial"), n_total: None }),
            active_functions: Some(ActiveFunctions { function: vec![function], ..ActiveFunctions::default() }),
            crash_dump: Some(CrashDump { path: self.text("CrashDump.path"), ..CrashDump::default() }),
            ..Vm::default()
        }
    }

    fn node(&self) -> Node {
        let source = Source { name: self.text("Source.name"), reason: self.text("Source.reason"), ..Source::default() };
        let filesystem = Filesystem { mount: self.text("Filesystem.mount"), ..Filesystem::default() };
        let short = ShortLivedName {
            name: self.name("Name.text/short-lived"),
            parent: self.name("Name.text/parent of short-lived"),
            ..ShortLivedName::default()
        };
        let disk = Disk { name: self.text("Disk.name"), ..Disk::default() };
        Node {
            worst_delay: Some(WorstTask { name: self.name("Name.text/worst"), ..WorstTask::default() }),
            sources: Some(Sources { source: vec![source] }),
            runtimes: Some(Runtimes { runtime: vec![self.runtime()] }),
            disks: Some(Disks { disk: vec![disk] }),
            filesystems: Some(Filesystems { filesystem: vec![filesystem] }),
            short_lived: Some(ShortLived { by_name: vec![short], ..ShortLived::default() }),
            ..Node::default()
        }
    }

    fn sample(&self) -> Kind {
        let group =
            Cgroup { path: self.name("Name.text/group path"), name: self.name("Name.text/group"), ..Cgroup::default() };
        let namespace = NetNamespace {
            name: self.name("Name.text/namespace"),
            unread: self.text("NetNamespace.unread"),
            ..NetNamespace::default()
        };
        Kind::Sample(Sample {
            node: Some(self.node()),
            tasks: self.tasks(),
            names: self.names(),
            cost: Some(Cost { shed: self.text("Cost.shed").into_iter().collect(), ..Cost::default() }),
            cgroups: vec![group],
            namespaces: vec![namespace],
            vms: vec![self.vm()],
            ..Sample::default()
        })
    }

    fn looks(&self) -> Vec<Kind> {
        let look = ErlangLook {
            registered: self.text("ErlangLook.registered"),
            label: self.text("ErlangLook.label"),
            initial_call: self.text("ErlangLook.initial_call"),
            priority: self.text("ErlangLook.priority"),
            stack: self.text("ErlangLook.stack").into_iter().collect(),
            waits_for_text: self.text("ErlangLook.waits_for_text"),
            ..ErlangLook::default()
        };
        let inspected = Inspected {
            lines: self.text("Inspected.lines").into_iter().collect(),
            refused: self.text("Inspected.refused"),
            ..Inspected::default()
        };
        let senders = vec![SenderCount { sender: self.pid(), n: Some(1) }];
        vec![
            Kind::Details(Details { erlang: Some(look), names: self.names(), ..Details::default() }),
            Kind::Inspected(inspected),
            Kind::Traced(Traced { senders, ..Traced::default() }),
            Kind::Refused(Refused { reason: self.text("Refused.reason"), ..Refused::default() }),
        ]
    }

    fn mark(&self) -> Mark {
        Mark {
            text: self.text("Mark.text"),
            author: self.text("Mark.author"),
            focus: self.text("Mark.focus"),
            ..Mark::default()
        }
    }

    fn rollup(&self) -> Rollup {
        let vm = VmRollup { name: self.text("VmRollup.name"), ..VmRollup::default() };
        let task = TaskRollup { name: self.text("TaskRollup.name"), ..TaskRollup::default() };
        Rollup { window_us: Some(10_000_000), vms: vec![vm], tasks: vec![task], ..Rollup::default() }
    }

    fn fleet(&self) -> Kind {
        let node = FleetNode {
            row: Some(1),
            node: self.text("FleetNode.node"),
            name: self.text("FleetNode.name"),
            address: self.text("FleetNode.address"),
            labels: vec![5, 6],
            texts: ["FleetNode.texts/key", "FleetNode.texts/value"].into_iter().filter_map(|f| self.text(f)).collect(),
            first_text: Some(5),
            program: self.text("FleetNode.program"),
            ..FleetNode::default()
        };
        let presence = FleetPresence {
            row: Some(1),
            cause: self.text("FleetPresence.cause"),
            reason: self.text("FleetPresence.reason"),
            ..FleetPresence::default()
        };
        Kind::Fleet(Fleet { nodes: vec![node], presences: vec![presence], ..Fleet::default() })
    }

    /// All that stands in a recording, in the order of time.
    fn bodies(&self) -> Vec<Body> {
        let mut kinds = vec![self.described(), self.sample()];
        kinds.push(Kind::Rows(Rows { tasks: self.tasks(), names: self.names(), ..Rows::default() }));
        kinds.push(Kind::Census(Census { tasks: self.tasks(), names: self.names(), ..Census::default() }));
        kinds.extend(self.looks());
        kinds.extend([Kind::Mark(self.mark()), Kind::Rollup(self.rollup()), self.fleet()]);
        let envelope = |payload: Vec<u8>| {
            let envelope = Envelope {
                node: self.text("Envelope.node"),
                epoch: Some(7),
                key: Some(true),
                stream: Some(Stream::Detail.into()),
                payload: Some(payload.into()),
                ..Envelope::default()
            };
            Body::Envelope { link: "".into(), bytes: envelope.encode_to_vec().into() }
        };
        let payloads = kinds.into_iter().map(|kind| Payload { kind: Some(kind) }.encode_to_vec());
        let mut all: Vec<Body> = payloads.map(envelope).collect();
        all.push(envelope(self.text("Envelope.payload").unwrap().into_bytes()));
        let link = |state: RecordedLinkState| {
            Body::Link(RecordedLink {
                address: self.text("RecordedLink.address"),
                state: Some(state.into()),
                note: self.text("RecordedLink.note"),
                cause: Some(RecordedCause::Refused.into()),
                reason: self.text("RecordedLink.reason"),
                retry_at_us: Some(START_US),
            })
        };
        all.extend([link(RecordedLinkState::Up), link(RecordedLinkState::Down)]);
        let node = |field| self.text(field);
        all.extend([
            Body::Clock(RecordedClock {
                address: self.text("RecordedClock.address"),
                offset_us: Some(1),
                ..RecordedClock::default()
            }),
            Body::Input(RecordedInput { key: self.text("RecordedInput.key"), ..RecordedInput::default() }),
            Body::Input(RecordedInput { key: Some("q".into()), ..RecordedInput::default() }),
            Body::Input(RecordedInput { mouse: self.text("RecordedInput.mouse"), ..RecordedInput::default() }),
            Body::Gap(RecordedGap {
                node: node("RecordedGap.node"),
                why: self.text("RecordedGap.why"),
                ..RecordedGap::default()
            }),
            Body::Loss(RecordedLoss {
                node: node("RecordedLoss.node"),
                why: self.text("RecordedLoss.why"),
                n_entries: Some(1),
            }),
            Body::Mark(RecordedMark {
                at_us: Some(START_US),
                node: node("RecordedMark.node"),
                mark: Some(self.mark()),
            }),
            Body::Focus(RecordedFocus { focus: self.text("RecordedFocus.focus") }),
            Body::Unknown { kind: 99, bytes: b"plain99x secret99.example".to_vec().into() },
        ]);
        all
    }

    fn recorded(&self, path: &Path) {
        let node = RecordedNode {
            node: self.text("RecordedNode.node"),
            name: self.text("RecordedNode.name"),
            link: self.text("RecordedNode.link"),
        };
        let header = RecordingHeader {
            program: self.text("RecordingHeader.program"),
            author: self.text("RecordingHeader.author"),
            why: self.text("RecordingHeader.why"),
            nodes: vec![node.clone()],
            masked: self.text("RecordingHeader.masked").into_iter().collect(),
            ..RecordingHeader::default()
        };
        let mut writer = Writer::new(File::create(path).unwrap(), &header, 7, Default::default()).unwrap();
        writer.begin_block(START_US, START_US, true).unwrap();
        for (n, body) in (0..).zip(self.bodies()) {
            writer.push(START_US + n * 1_000, false, &body).unwrap();
        }
        writer.note_node(node);
        writer.note_rollup(RecordedRollup {
            at_us: Some(START_US),
            node: self.text("RecordedRollup.node"),
            rollup: Some(self.rollup()),
        });
        writer.finish().unwrap();
    }
}

/// All that a file says, as a program finds it that decodes nothing.
fn said(path: &Path) -> String {
    let mut reader = Reader::open(File::open(path).unwrap()).unwrap();
    let marks = reader.marks().unwrap();
    let mut said = format!("{:?} {:?} {marks:?} {:?}", reader.header(), reader.nodes(), reader.rollups());
    for piece in reader {
        let Piece::Entry(entry) = piece.unwrap() else { panic!("damage") };
        if let Body::Envelope { bytes, .. } = &entry.body {
            said += &String::from_utf8_lossy(bytes);
        }
        said += &format!("{entry:?}");
    }
    said
}

fn masked(path: &Path) -> PathBuf {
    let options = Options {
        file: path.to_owned(),
        out: path.with_file_name("masked.midair"),
        is_forced: true,
        from: None,
        to: None,
        nodes: Vec::new(),
        is_redacted: true,
    };
    cut(&options, Clock::system()).unwrap();
    options.out
}

/// The texts of the contract, as its sources say.
fn contract() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/midair/v1");
    for file in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut message = String::new();
        for line in source.lines().map(|line| line.split("//").next().unwrap_or_default()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(!line.contains("map<"), "a map may hold texts: teach this test about maps: {line}");
            match words[..] {
                ["message", name, ..] => name.clone_into(&mut message),
                ["optional" | "repeated", "string" | "bytes", field, "=", ..]
                | ["string" | "bytes", field, "=", ..] => {
                    all.insert(format!("{message}.{field}"));
                }
                _ => {}
            }
        }
    }
    all
}

#[test]
fn every_text_of_the_contract_has_a_fate() {
    let listed: BTreeSet<String> =
        FIELDS.iter().map(|(field, _)| field.split('/').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(listed, contract());
}

#[test]
fn a_secret_in_any_text_meets_its_fate() {
    let dir = tempfile::tempdir().unwrap();
    let (path, plants) = (dir.path().join("a.midair"), Plants::default());
    plants.recorded(&path);
    let (before, after) = (said(&path), said(&masked(&path)));
    for (n, (field, fate)) in FIELDS.iter().enumerate() {
        let is_planted = plants.0.borrow().contains(field);
        assert_eq!(is_planted, *fate != Fate::NotRecorded, "{field}");
        if !is_planted {
            continue;
        }
        let (plain, secrets) = (Plants::plain(n), Plants::secrets(n));
        assert!(before.contains(&plain) && secrets.iter().all(|secret| before.contains(secret)), "{field}");
        let is_plain_kept = matches!(fate, Fate::Scrubbed | Fate::Kept);
        assert_eq!(after.contains(&plain), is_plain_kept, "{field}: {plain} in {after}");
        for secret in &secrets {
            assert_eq!(after.contains(secret), *fate == Fate::Kept, "{field}: {secret} in {after}");
        }
    }
    assert!(!after.contains("plain99x"), "what nobody knows is left out");
}

#[test]
fn who_stands_for_whom_is_the_same_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.midair");
    Plants::default().recorded(&path);
    let mut reader = Reader::open(File::open(masked(&path)).unwrap()).unwrap();
    let marks: BTreeMap<String, Mark> =
        reader.marks().unwrap().into_iter().map(|mark| (mark.node.unwrap(), mark.mark.unwrap())).collect();
    assert_eq!(marks.len(), 2, "that of an agent, and that of who recorded: {marks:?}");
    for mark in marks.values() {
        assert!(mark.author.as_ref().unwrap().starts_with("user-"), "{mark:?}");
        let text = mark.text.as_ref().unwrap();
        assert!(text.contains("/home/masked/f address-") && text.contains(":4369 x@host-"), "{text}");
    }
}

#[test]
fn cgroups_keep_their_customs_and_lose_who_and_which() {
    let scrub = Scrub::default();
    let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let slice = "kubepods-burstable-pod5f8e2c1a_1b2c_4d3e_8f90_a1b2c3d4e5f6.slice";
    for (path, expected) in [
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice",
            "/user.slice/user-uid-1.slice/user@instance-1.service/app.slice",
        ),
        ("/system.slice/chat.service", "/system.slice/chat.service"),
        ("/system.slice/getty@tty1.service", "/system.slice/getty@instance-2.service"),
        (&format!("/docker/{id}"), "/docker/id-1"),
        (&format!("/system.slice/docker-{id}.scope"), "/system.slice/docker-id-1.scope"),
        ("docker 0123456789ab/nginx.service", "docker id-1/nginx.service"),
        (
            &format!("/kubepods.slice/{slice}/crio-{id}.scope"),
            "/kubepods.slice/kubepods-burstable-podid-2.slice/crio-id-1.scope",
        ),
        ("pod 5f8e2c1a/0123456789ab", "pod id-2/id-1"),
        ("pod 5f8e2c1a-1b2c-4d3e-8f90-a1b2c3d4e5f6", "pod id-2"),
        ("/lxc/web-of-acme", "/lxc/group-1"),
        ("lxc web-of-acme", "lxc group-1"),
        ("/lxc.payload.web-of-acme/init.scope", "/group-2/init.scope"),
        (r"/machine.slice/machine-qemu\x2d1\x2dacme.scope", "/machine.slice/machine-group-3.scope"),
        ("/jobs/acme", "/group-4/group-5"),
    ] {
        assert_eq!(place::group(&scrub, path), expected, "{path}");
    }
}

#[test]
fn queues_and_mounts_say_what_and_not_where() {
    let scrub = Scrub::default();
    for (label, expected) in [
        ("127.0.0.1:7070 < 10.0.0.2:40112", "127.0.0.1:7070 < address-1:40112"),
        ("[::]:80", "[::]:80"),
        ("10.0.0.2:9", "address-1:9"),
        ("> pipe:[8102]", "> pipe:[8102]"),
        ("/run/acme/a b.sock", "socket-1"),
        ("@acme", "socket-2"),
    ] {
        assert_eq!(place::queue(&scrub, label), expected, "{label}");
    }
    assert_eq!(place::mount(&scrub, "/var/log"), "/var/log");
    assert_eq!(place::mount(&scrub, "/mnt/acme"), "mount-1");
}
