//! An agent as a library: start it, connect to it in memory, stop it.

use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use anyhow::Context;
use tokio::io::DuplexStream;

use crate::{
    black_box::{BlackBox, Histories},
    clock::Clock,
    config::Config,
    cost::ThreadTimes,
    desk::{self, Command, Desk, Door},
    governor::Switches,
    identity::Identity,
    listen::Embedded,
    reading::Source,
    sampler::{self, Sampler},
};

/// The desk formats and encodes, nothing deep; the default of 2 MiB would be a sixth of the agent's budget if touched.
const STACK_BYTES: usize = 256 * 1024;

/// A running agent. Dropping it stops it.
#[derive(Debug)]
pub struct Agent {
    door: Door,
    embedded: Embedded,
    desk: Option<JoinHandle<()>>,
    black_box: Option<BlackBox>,
    sampler: sampler::Handle,
}

impl Agent {
    /// Starts an agent: it samples from now on, and listens nowhere until it is told to.
    pub fn start(config: Config) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let sources = sampler::sources(&config, &clock)?;
        Self::start_with(config, clock, sources)
    }

    /// Starts an agent on the given sources.
    pub fn start_with(config: Config, clock: Clock, sources: Vec<Box<dyn Source>>) -> anyhow::Result<Self> {
        config.check()?;
        let identity = Arc::new(Identity::read(&config)?);
        // Full when the desk is slower than readings and controls together: the sampler then waits, and so do clients.
        let (commands, inbox) = mpsc::sync_channel(desk::N_COMMANDS);
        let wants = sampler::SharedWants::default();
        let threads = ThreadTimes::default();
        let desk = Desk::new(&config, Arc::clone(&identity), clock.clone(), wants.clone(), threads.clone());
        let patience = config.interval.mul_f32(2.5);
        let desk = std::thread::Builder::new()
            .name("midair-desk".into())
            .stack_size(STACK_BYTES)
            .spawn(move || desk.run(&inbox, patience))
            .context("cannot start the agent's desk thread")?;
        let black_box =
            BlackBox::start(&config.black_box, &identity, clock.clone(), threads.clone(), commands.clone())?;
        let histories = black_box.as_ref().map(|black_box| Histories::new(black_box.asker(), threads.clone()));
        let door = Door::new(commands.clone(), identity, clock.clone()).with_histories(histories);
        let embedded = Embedded::new(door.clone(), threads.clone());
        let (interval, switches) = (config.interval, Switches::new(config.off_dir));
        let sampler = Sampler { interval, clock, wants, switches, threads, desk: commands };
        Ok(Self { door, embedded, desk: Some(desk), black_box, sampler: sampler.start(sources)? })
    }

    /// A new connection to this agent, in memory.
    pub fn connect(&self) -> DuplexStream {
        self.embedded.connect()
    }

    /// Who this agent is.
    pub fn identity(&self) -> &Identity {
        self.door.identity()
    }

    /// The way to the agent's desk, for servers.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// Stops sampling and ends all watches.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.sampler.stop();
        self.door.send_now(Command::Stop);
        if let Some(desk) = self.desk.take()
            && desk.join().is_err()
        {
            tracing::error!("the desk ended in a panic");
        }
        if let Some(black_box) = &mut self.black_box {
            black_box.end();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.end();
    }
}
