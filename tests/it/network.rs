//! A hub and its agents over networks that are cut, lose packets or are slow, with clocks that are off and certificates that
//! are not good: what viewers of the hub are told.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicI64},
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use midair_agent::{
    Clock, Config,
    config::{BlackBoxConfig, Place},
    crew::Crew,
    identity::Identity,
    listen,
};
use midair_demo::{Plan, World, source::Made};
use midair_proto::v1::Hearing;
use midair_tls::{
    Acceptor, Credentials, Files, Role, Roles,
    authority::{self, Wanted},
};
use tokio::sync::oneshot;

use crate::support::{
    net::{Door, Net, slow_way},
    viewer::{Seen, Viewer},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent with a made-up host behind it, until this is dropped.
struct Host {
    address: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is special about a host.
#[derive(Default)]
struct Special<'a> {
    net: Option<&'a Net>,
    ahead_us: i64,
    tls: Option<Files>,
}

impl Host {
    fn start(name: &'static str, special: Special<'_>) -> Self {
        let (listening, listens) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let Special { net, ahead_us, tls } = special;
        let (ip, door) = (net.map_or("127.0.0.1", |net| &net.address).to_owned(), net.map(Net::door));
        let serve = move || {
            door.inspect(Door::enter);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = listen::open_tcp(&format!("{ip}:0")).await.expect("a port");
                let (crew, door) = made_up(name, ahead_us);
                listening.send(listener.local_addr().expect("an address").to_string()).expect("the test waits");
                tokio::spawn(crew.run());
                let until = async { drop(stopped.await) };
                let served = match tls {
                    None => listen::serve_tcp(door, listener, until).await,
                    Some(files) => {
                        let credentials = Credentials::load(files, Roles::default(), 1).expect("files");
                        listen::serve_tls(door, listener, Acceptor::new(Arc::new(credentials)), until).await
                    }
                };
                served.expect("it serves");
            });
        };
        let thread = std::thread::spawn(serve);
        Self { address: listens.recv().expect("it listens"), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The real agent over a made-up source, whose clock is ahead.
fn made_up(name: &str, ahead_us: i64) -> (Crew, midair_agent::desk::Door) {
    let interval = Duration::from_secs(1);
    let config = Config {
        interval,
        budget_milli: None,
        black_box: BlackBoxConfig { place: Place::Off, ..BlackBoxConfig::default() },
        ..Config::default()
    };
    let (world, clock) =
        (Arc::new(World::new(1, 10, Plan::Healthy)), Clock::off_by(Arc::new(AtomicI64::new(ahead_us))));
    let source = Made::new(world, 0, clock.clone(), clock.mono_us(), Arc::default());
    let mut crew = Crew::new(interval);
    let identity = Identity::told(&config, name, "boot".into(), name.into());
    let door = crew.add(&config, identity, clock, vec![Box::new(source)]);
    (crew, door)
}

/// A hub. It is killed when this is dropped.
pub(crate) struct Hub {
    program: Child,
    pub(crate) address: String,
}

impl Hub {
    pub(crate) fn start(agents: &[&str], how: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_midair"))
            .args(["hub", "--listen", "127.0.0.1:0", "--name", "hub"])
            .args(how)
            .args(agents)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(program.stderr.take().expect("piped")).lines();
        let said = lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains("listening"));
        let said = said.expect("it says where it listens");
        let address = said.split("address=").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
        let address = address.to_owned();
        // It is never to wait for who reads its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self { program, address }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

pub(crate) fn wait(viewer: &Viewer, what: &str, is_so: impl Fn(&Seen) -> bool) {
    viewer.until(what, PATIENCE, is_so).unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn a_host_that_is_cut_off_is_silent_and_says_why_and_is_back_by_itself_when_the_net_is_whole() {
    let net = Net::new(0);
    let far = Host::start("far", Special { net: Some(&net), ..Special::default() });
    let near = Host::start("near", Special::default());
    let hub = Hub::start(&[&far.address, &near.address], &["--insecure"]);
    let viewer = Viewer::start(&hub.address, None).expect("a viewer");
    wait(&viewer, "both are heard", |seen| seen.n_live() == 2);
    net.cut();
    wait(&viewer, "it is silent", |seen| seen.hearing("far") == Some(Hearing::Silent));
    let why = |seen: &Seen| seen.why("far").is_some_and(|(cause, reason)| cause == "timeout" && !reason.is_empty());
    wait(&viewer, "why is said", why);
    // The other goes on all the while.
    let n_batches = viewer.look(|seen| seen.n_batches);
    wait(&viewer, "more comes", |seen| seen.n_batches > n_batches + 2 && seen.hearing("near") == Some(Hearing::Live));
    net.heal();
    wait(&viewer, "it is back", |seen| seen.n_live() == 2);
    assert_eq!(viewer.look(|seen| seen.why("far")), Some((String::new(), String::new())), "and nothing is wrong now");
}

#[test]
fn a_net_that_loses_packets_costs_no_sample() {
    let net = Net::new(1);
    net.lose(5);
    let host = Host::start("lossy", Special { net: Some(&net), ..Special::default() });
    let hub = Hub::start(&[&host.address], &["--insecure"]);
    let viewer = Viewer::start(&hub.address, None).expect("a viewer");
    wait(&viewer, "it is heard", |seen| seen.n_live() == 1);
    let before = net.n_lost();
    wait(&viewer, "some are lost", |_| net.n_lost() > before + 3);
    wait(&viewer, "it is still heard", |seen| seen.n_live() == 1);
    assert_eq!(viewer.look(|seen| seen.n_lost_of(&["lossy".into()].into())), 0, "TCP sends again what was lost");
}

#[test]
fn a_clock_that_is_off_behind_a_slow_way_is_known_as_well_as_the_way_allows() {
    let ahead_us = 7_000_000;
    let host = Host::start("ahead", Special { ahead_us, ..Special::default() });
    let way = slow_way(&host.address, Duration::from_millis(200));
    let hub = Hub::start(&[&way], &["--insecure"]);
    let viewer = Viewer::start(&hub.address, None).expect("a viewer");
    wait(&viewer, "it is heard", |seen| seen.n_live() == 1);
    wait(&viewer, "its clock is known", |seen| seen.clock("ahead").is_some());
    let (offset_us, uncertainty_us) = viewer.look(|seen| seen.clock("ahead")).expect("it is known");
    assert!(uncertainty_us >= 200_000, "no better than half of the way there and back: {uncertainty_us}");
    let off_us = offset_us.abs_diff(ahead_us);
    assert!(off_us <= uncertainty_us, "{offset_us} is off by more than {uncertainty_us}");
}

#[test]
fn certificates_that_have_ended_or_are_of_another_role_keep_a_node_out_and_the_hub_says_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    authority::init(folder.path(), false, now_s).expect("an authority");
    let issue = |role, name: &str, at_s| {
        let wanted = Wanted { role, name: name.to_owned(), hosts: Vec::new(), days: 30 };
        let made = authority::issue(folder.path(), &wanted, false, at_s).expect("a certificate");
        Files { ca: folder.path().join("ca.pem"), cert: made.cert, key: made.key }
    };
    let start = |name, files| Host::start(name, Special { tls: Some(files), ..Special::default() });
    let year_s = 365 * 86_400;
    let good = start("good", issue(Role::Agent, "good", now_s));
    let ended = start("ended", issue(Role::Agent, "ended", now_s - year_s));
    let other = start("other", issue(Role::Operator, "other", now_s));
    let own = issue(Role::Hub, "hub", now_s);
    let file = |path: &std::path::Path| path.to_str().expect("a plain path").to_owned();
    let how = [file(&own.ca), file(&own.cert), file(&own.key)];
    let how = ["--tls-ca", &how[0], "--tls-cert", &how[1], "--tls-key", &how[2]];
    let hub = Hub::start(&[&good.address, &ended.address, &other.address], &how);
    let viewer = Viewer::start(&hub.address, Some(issue(Role::Viewer, "vera", now_s))).expect("a viewer");
    wait(&viewer, "the good one is heard", |seen| seen.hearing("good") == Some(Hearing::Live));
    for (address, word) in [(&ended.address, "certificate ended"), (&other.address, "not one to answer with")] {
        // Nobody vouches for its name: it is known by its address.
        let is_told =
            |seen: &Seen| seen.why(address).is_some_and(|(cause, why)| cause == "denied" && why.contains(word));
        wait(&viewer, &format!("why {word} is not heard"), is_told);
        assert_ne!(viewer.look(|seen| seen.hearing(address)), Some(Hearing::Live));
    }
}
