//! A RabbitMQ server, one of whose queues is backed up: the process of the queue is found by its mailbox, and named as RabbitMQ
//! names it.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use midair_beam::{Address, Connection, Cookie, Options, Term, connect};
use midair_proto::v1::{Health, QueueKind};
use tempfile::TempDir;

use crate::{
    agent::Watched,
    vm::{LONG, alone, call},
};

/// Where Debian's package has it. Beside it there is a wrapper that becomes another user, which is not wanted here.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

const NAME: &str = "hare@127.0.0.1";

/// Messages that nobody takes in.
const BACKLOG: u64 = 20_000;

/// A server of its own: its epmd, ports, home, database and log.
struct Rabbit {
    server: Child,
    epmd: Child,
    dist_port: u16,
    folder: TempDir,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

impl Rabbit {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [epmd_port, port, dist_port] = [(); 3].map(|()| free_port());
        let epmd = Command::new("epmd")
            .args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"])
            .stderr(Stdio::null())
            .spawn()
            .expect("epmd is there: install erlang-base");
        let server = server(folder.path(), [epmd_port, port, dist_port]);
        // From here on all ends with it.
        let rabbit = Self { server, epmd, dist_port, folder };
        let start = Instant::now();
        while !listens(port) {
            assert!(start.elapsed() < LONG, "RabbitMQ does not come up: {}", rabbit.log());
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        rabbit
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    async fn connect(&self) -> Connection {
        let mut options = Options::new(Cookie::from_text("secret").unwrap());
        options.within = LONG;
        connect(&Address::Direct(format!("127.0.0.1:{}", self.dist_port)), &options).await.expect("RabbitMQ takes us")
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        for child in [&mut self.server, &mut self.epmd] {
            drop((child.kill(), child.wait()));
        }
    }
}

fn server(folder: &Path, [epmd, port, dist]: [u16; 3]) -> Child {
    let cookie = folder.join(".erlang.cookie");
    fs::write(&cookie, "secret").unwrap();
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400)).unwrap();
    let log = File::create(folder.join("log")).unwrap();
    let mut command = Command::new(SERVER);
    for (name, place) in [
        ("MNESIA_BASE", "mnesia"),
        ("LOG_BASE", "logs"),
        ("PID_FILE", "pid"),
        ("ENABLED_PLUGINS_FILE", "plugins"),
        ("FEATURE_FLAGS_FILE", "flags"),
        ("GENERATED_CONFIG_DIR", "generated"),
        // What the machine has set for a server of its own is not read.
        ("CONFIG_FILE", "none"),
        ("ADVANCED_CONFIG_FILE", "none"),
        ("CONF_ENV_FILE", "none"),
    ] {
        command.env(format!("RABBITMQ_{name}"), folder.join(place));
    }
    command
        .env("HOME", folder)
        .env("ERL_EPMD_PORT", epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_CRASH_DUMP_SECONDS", "0")
        .env("RABBITMQ_NODENAME", NAME)
        .env("RABBITMQ_USE_LONGNAME", "true")
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", dist.to_string())
        .env("RABBITMQ_LOGS", "-")
        // So the script becomes the VM, instead of watching over it.
        .env("RABBITMQ_ALLOW_INPUT", "1")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{SERVER}: {error}; install rabbitmq-server"))
}

/// The value of an expression there.
async fn eval(on: &Connection, expression: &str) -> Term {
    let tokens = call(on, "erl_scan", "string", vec![Term::string(expression)]).await;
    let tokens = tokens.as_tuple().unwrap()[1].clone();
    let parsed = call(on, "erl_parse", "parse_exprs", vec![tokens]).await;
    let parsed = parsed.as_tuple().unwrap_or_else(|| panic!("{parsed}"))[1].clone();
    let value = call(on, "erl_eval", "exprs", vec![parsed, Term::List(vec![])]).await;
    value.as_tuple().unwrap()[1].clone()
}

/// A queue whose process is told to take nothing in, and so many messages for it, as a publisher's channel sends them.
fn backed_up() -> String {
    format!(
        "{{new, Queue}} = rabbit_amqqueue:declare(rabbit_misc:r(<<\"/\">>, queue, <<\"q1\">>), false, false, [], none, <<\"test\">>), \
         Process = amqqueue:get_pid(Queue), \
         ok = sys:suspend(Process), \
         Exchange = rabbit_misc:r(<<\"/\">>, exchange, <<>>), \
         [ok = rabbit_basic:publish(Exchange, <<\"q1\">>, [], <<\"hello\">>) || _ <- lists:seq(1, {BACKLOG})], \
         Process."
    )
}

#[tokio::test]
async fn a_queue_that_is_backed_up_is_the_first_by_mailbox_under_its_name() {
    let _alone = alone().await;
    let rabbit = Rabbit::start();
    let mut watched = Watched::start(&[]).await;
    let owner = watched.until("RabbitMQ", |w| w.vm(NAME)?.monitor_owner.clone()).await;
    let connection = rabbit.connect().await;
    let process = eval(&connection, &backed_up()).await.as_pid().expect("the queue's process").clone();
    let (row, depth) = watched
        .until("a queue that is backed up", |w| {
            let row = w.row("queue q1 in /")?;
            let queue = row.queues.as_ref()?.queue.first()?;
            assert_eq!(queue.kind, Some(QueueKind::Mailbox.into()));
            (queue.depth? >= BACKLOG).then(|| (row.clone(), queue.depth))
        })
        .await;
    assert_eq!(row.id.unwrap().number, Some(u64::from(process.serial) << 32 | u64::from(process.id)));
    let id = row.id.unwrap();
    let others = watched.rows.as_ref().unwrap().tasks.iter().filter(|task| task.id.unwrap().runtime == id.runtime);
    let depths = others.filter_map(|task| task.queues.as_ref()?.queue.first()?.depth);
    assert_eq!(depths.max(), depth, "no other is longer");
    watched.focus(id).await;
    let look = watched.until("a close look", |w| w.details.as_ref()?.erlang.clone()).await;
    let stack = &look.stack;
    assert!(stack.iter().any(|frame| frame.contains("sys:suspend_loop")), "{stack:?}");
    // Its own monitor is left to it, and nobody has complained.
    assert_eq!(owner, "sysmon_handler_filter");
    assert_eq!(watched.runtime(NAME).unwrap().health, Some(Health::Ok.into()));
    let monitor = call(&connection, "erlang", "system_monitor", vec![]).await;
    let theirs = call(&connection, "erlang", "whereis", vec![Term::atom("sysmon_handler_filter")]).await;
    assert_eq!(monitor.as_tuple().unwrap()[0], theirs);
    drop(watched);
    assert!(!rabbit.log().contains("[error]"), "{}", rabbit.log());
}
