//! One VM that has let us in: asked each second, swept all the time, until the connection ends.

use std::{sync::Arc, time::Duration};

use midair_beam::{
    Connection, Ended, Pid,
    watch::{
        DistWatch, EventOptions, EventWatch, NodeTick, NodeWatch, PortWatch, Vm, WatchError, allocation,
        hot::{Hot, HotError},
        sockets,
        sweep::{Found, Sweep, SweepEnded, SweepOptions},
        tables,
    },
};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    cost::Cost,
    fold,
    functions::{self, Functions},
    guard::Shared,
    looks::{From, Looks},
    notes::Notes,
    offset::Offset,
    others::{self, Others},
    outside::{Dump, is_running},
    own::Own,
    pids,
    processes::{self, Processes},
    reach::Reached,
    requests::{At, Served},
};
use crate::{beam::said, config::BeamConfig};

/// For one answer. A VM that is saturated takes its time; the question stands, and the next one waits for its answer.
pub(super) const WITHIN: Duration = Duration::from_secs(3);

/// Answers missing in a row after which the VM is said not to answer.
const MISSED: u32 = 2;

/// Between two looks at the links, in ticks.
const LINKS_EVERY: u64 = 5;

/// Between two looks at ports and tables, in ticks; more where there are many, so that it costs 0.2 % at most.
const LISTS_EVERY: u64 = 10;
const LISTS_SHARE: u64 = 500;

/// Between two questions for what we hold while somebody looks, in ticks.
const LOOKS_EVERY: u64 = 3;

/// Between two looks at the allocators, in ticks.
const ALLOCATION_EVERY: u64 = 60;

/// Parts that have ended are started again each so many ticks.
const RESTART_EVERY: u64 = 15;

/// Strangers that are asked for their names at one tick.
const STRANGERS: usize = 50;

/// Watches until the connection ends; answers why, in words.
pub(super) async fn watch(
    reached: Reached,
    shared: &Arc<Shared>,
    config: &BeamConfig,
    (served, dump): (&mut Served, &mut Dump),
) -> String {
    let mut watch = match Watch::start(reached, shared, config).await {
        Ok(watch) => watch,
        Err(error) => return format!("it lets nothing be asked: {error}"),
    };
    let mut ticks = seconds();
    let why = loop {
        tokio::select! {
            _ = ticks.tick() => {
                let there = dump.there();
                if let Err(reason) = watch.tick(served).await {
                    break reason;
                }
                match watch.n_missed {
                    0 => shared.answered(dump, there),
                    _ => shared.look_for(dump),
                }
            }
            found = next(&mut watch.sweep) => watch.take_found(found),
            ended = watch.connection.ended() => break format!("the connection has ended: {ended}"),
        }
    };
    let has_closed = !watch.connection.is_up() && watch.connection.ended().await == Ended::Closed;
    if has_closed && is_running(shared.target.pid) {
        shared.hung_up();
    }
    why
}

fn seconds() -> Interval {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    seconds
}

/// The next report; where there is no sweep, none ever.
async fn next(sweep: &mut Option<Sweep>) -> Result<Found, SweepEnded> {
    match sweep {
        Some(sweep) => sweep.next().await,
        None => std::future::pending().await,
    }
}

/// All that runs on one VM for us.
struct Watch {
    shared: Arc<Shared>,
    connection: Connection,
    vm: Vm,
    node: NodeWatch,
    sweep_options: SweepOptions,
    sweep: Option<Sweep>,
    hot: Option<Hot>,
    links: Option<DistWatch>,
    events: Option<EventWatch>,
    ports: Option<PortWatch>,
    processes: Processes,
    others: Others,
    looks: Looks,
    notes: Notes,
    functions: Functions,
    n_ticks: u64,
    n_missed: u32,
    /// The tick at which ports and tables are looked at next.
    lists_at: u64,
    offset: Offset,
    cost: Cost,
    own: Own,
    /// Time of the helper of the node so far, microseconds.
    node_us: u64,
    event_options: EventOptions,
}

impl Watch {
    async fn start(reached: Reached, shared: &Arc<Shared>, config: &BeamConfig) -> Result<Self, WatchError> {
        let Reached { connection, vm, found_by } = reached;
        let node = NodeWatch::start(&connection, &vm, WITHIN).await?;
        shared.say(|said| {
            let runtime = said.vm.runtime;
            // Another life of it: nothing of the one before is known to hold.
            said.vm = midair_proto::v1::Vm { runtime, crash_dump: said.vm.crash_dump.take(), ..Default::default() };
            fold::vm(&vm, found_by, &mut said.vm);
        });
        let mut watch = Self {
            shared: Arc::clone(shared),
            node,
            sweep_options: sweep_options(config),
            sweep: None,
            hot: None,
            links: None,
            events: None,
            ports: None,
            processes: Processes::default(),
            others: Others::default(),
            looks: Looks::default(),
            notes: Notes::default(),
            functions: Functions::default(),
            n_ticks: 0,
            n_missed: 0,
            lists_at: 2,
            offset: Offset::default(),
            cost: Cost::default(),
            own: Own::default(),
            node_us: 0,
            event_options: event_options(config),
            connection,
            vm,
        };
        watch.start_missing().await;
        Ok(watch)
    }

    /// Starts what does not run: at the beginning all of it, later what has ended since.
    async fn start_missing(&mut self) {
        let on = &self.connection;
        if self.sweep.is_none() {
            self.sweep = Sweep::start(on, self.sweep_options, WITHIN).await.map_err(log).ok();
        }
        if self.hot.is_none() {
            self.hot = Hot::start(on, WITHIN).await.map_err(log).ok();
        }
        if self.links.is_none() {
            self.links = DistWatch::start(on, WITHIN).await.map_err(log).ok();
        }
        if self.events.is_none() {
            self.events = EventWatch::start(on, &self.vm, self.event_options, WITHIN).await.map_err(log).ok();
        }
        if self.ports.is_none() {
            self.ports = PortWatch::start(on, fold::MOST_ROWS as u32, WITHIN).await.map_err(log).ok();
        }
        self.leave_out_helpers();
    }

    /// Ours are no rows. What they start themselves is told from others when it is met.
    fn leave_out_helpers(&mut self) {
        for helper in self.helpers() {
            self.processes.leave_out(&helper);
        }
    }

    /// Those that stay, that of the node first.
    fn helpers(&self) -> Vec<Pid> {
        let helpers = [
            Some(self.node.process()),
            self.sweep.as_ref().map(Sweep::process),
            self.hot.as_ref().map(Hot::process),
            self.links.as_ref().map(DistWatch::process),
            self.events.as_ref().map(EventWatch::process),
            self.ports.as_ref().map(PortWatch::process),
        ];
        helpers.into_iter().flatten().cloned().collect()
    }

    fn take_found(&mut self, found: Result<Found, SweepEnded>) {
        match found {
            Ok(Found::Early(early)) => self.processes.take_early(&early, self.offset.us()),
            Ok(Found::Pass(pass)) => {
                self.cost.take_pass(pass.own_work_us, pass.period_us);
                self.processes.take_pass(&pass, self.offset.us());
                let sweep = processes::sweep(&pass, self.offset.us());
                self.shared.say(|said| said.vm.sweep = Some(sweep));
            }
            Err(error) => {
                log(&error);
                self.sweep = None;
            }
        }
    }

    /// Asks what is due. An error ends the connection.
    async fn tick(&mut self, served: &mut Served) -> Result<(), String> {
        self.n_ticks += 1;
        self.cost.tick();
        let tick = match self.node.tick().await {
            Ok(tick) => {
                let now_us = self.shared.clock.mono_us();
                self.n_missed = 0;
                self.offset.take(now_us, tick.at_us);
                self.node_us = tick.helper_us.unwrap_or(self.node_us);
                self.cost.node.is_now(self.node_us);
                let (vm, offset_us) = (&self.vm, self.offset.us());
                self.shared.say(|said| {
                    fold::tick(&tick, vm, offset_us, &mut said.vm);
                    said.vm.answered_us = Some(now_us);
                    said.answers = true;
                    said.reason = None;
                });
                tick
            }
            Err(WatchError::Late { .. }) => {
                self.n_missed += 1;
                if self.n_missed >= MISSED {
                    let reason = "it is connected and does not answer: it hangs, or is saturated";
                    self.shared.say(|said| (said.answers, said.reason) = (false, Some(reason.into())));
                }
                return Ok(());
            }
            Err(error) => return Err(format!("it does not answer any more: {error}")),
        };
        if self.n_ticks.is_multiple_of(RESTART_EVERY) {
            self.start_missing().await;
        }
        self.read_processes().await;
        self.read_functions(&tick).await;
        self.read_links().await;
        self.read_events().await;
        self.read_lists().await;
        self.read_own().await;
        self.serve(served);
        Ok(())
    }

    async fn read_processes(&mut self) {
        let Some(hot) = &mut self.hot else { return };
        let pids = self.processes.pids();
        let mut suspects = Vec::new();
        let read = async {
            let reading = hot.read(&pids).await?;
            self.processes.take_reading(&reading, self.offset.us());
            let strangers = self.processes.strangers(STRANGERS);
            if !strangers.is_empty() {
                let introductions = hot.introduce(&strangers).await?;
                suspects = introductions.iter().filter(|one| others::may_be(one)).map(|one| one.pid.clone()).collect();
                self.processes.take_names(introductions);
            }
            Ok::<(), HotError>(())
        };
        let read = read.await;
        self.cost.hot.is_now(hot.own_work_us());
        for helper in self.others.take(&self.connection, suspects).await {
            self.processes.leave_out(&helper);
        }
        if let Err(error) = read {
            log(&error);
            if matches!(error, HotError::Ended(_) | HotError::Unasked(_)) {
                self.hot = None;
            }
        }
    }

    async fn read_functions(&mut self, tick: &NodeTick) {
        self.functions.tick(self.n_ticks, tick, &self.vm);
        if self.functions.is_due(self.n_ticks) {
            match functions::look(&self.connection, tick, self.processes.pids()).await {
                Ok(reading) => {
                    self.cost.once.add(reading.work_us.unwrap_or(0));
                    let seen = functions::wire(&reading, self.offset.us());
                    self.shared.say(|said| said.vm.active_functions = Some(seen));
                }
                Err(error) => log(&error),
            }
        }
        if self.functions.is_over(self.n_ticks) {
            self.shared.say(|said| said.vm.active_functions = None);
        }
    }

    async fn read_links(&mut self) {
        if self.n_ticks % LINKS_EVERY != 1 {
            return;
        }
        let Some(links) = &mut self.links else { return };
        match links.read().await {
            Ok(reading) => {
                reading.helper_us.into_iter().for_each(|us| self.cost.links.is_now(us));
                let links = fold::links(&reading, self.offset.us());
                self.shared.say(|said| said.vm.links = Some(links));
            }
            Err(error) if has_ended(&error) => self.links = None,
            Err(_) => {}
        }
    }

    async fn read_events(&mut self) {
        let Some(events) = &mut self.events else { return };
        match events.read().await {
            Ok(reading) => {
                reading.helper_us.into_iter().for_each(|us| self.cost.events.is_now(us));
                let notes = self.notes.take(&self.vm.name, &reading.events, self.shared.clock.mono_us());
                let owner = fold::monitor_owner(&reading.slot);
                self.shared.say(|said| {
                    said.vm.monitor_owner = owner;
                    said.happened.extend(notes);
                });
            }
            Err(error) if has_ended(&error) => self.events = None,
            Err(_) => {}
        }
    }

    async fn read_lists(&mut self) {
        if self.n_ticks % ALLOCATION_EVERY == 3 {
            match allocation(&self.connection, WITHIN).await {
                Ok(reading) => {
                    self.cost.once.add(reading.took_us.unwrap_or(0));
                    self.shared.say(|said| fold::allocation(&reading, &mut said.vm));
                }
                Err(error) => log(&error),
            }
        }
        if self.n_ticks < self.lists_at {
            return;
        }
        let before_us = self.cost.all();
        let (home, offset_us) = (self.vm.name.clone(), self.offset.us());
        if let Some(ports) = &mut self.ports {
            match ports.read().await {
                Ok(reading) => {
                    reading.helper_us.into_iter().for_each(|us| self.cost.ports.is_now(us));
                    self.shared.say(|said| said.vm.ports = Some(fold::ports(&reading, &home, offset_us)));
                }
                Err(error) if has_ended(&error) => self.ports = None,
                Err(_) => {}
            }
        }
        match tables(&self.connection, &self.vm, fold::MOST_ROWS as u32, WITHIN).await {
            Ok(reading) => {
                self.cost.once.add(reading.took_us.unwrap_or(0));
                self.own.take_tables(&reading);
                self.shared.say(|said| said.vm.tables = Some(fold::tables(&reading, &home)));
            }
            Err(error) => log(&error),
        }
        match sockets(&self.connection, fold::MOST_ROWS as u32, WITHIN).await {
            Ok(reading) => {
                self.cost.once.add(reading.took_us.unwrap_or(0));
                // On most VMs there are none, and nothing is said of them.
                let seen = (reading.n_sockets != Some(0)).then(|| fold::sockets(&reading, &home, offset_us));
                self.shared.say(|said| said.vm.sockets = seen);
            }
            Err(error) => log(&error),
        }
        let took_us = self.cost.all().saturating_sub(before_us);
        self.lists_at = self.n_ticks.saturating_add(LISTS_EVERY.max(took_us.saturating_mul(LISTS_SHARE) / 1_000_000));
    }

    /// What we hold there, and what looks took.
    async fn read_own(&mut self) {
        let looks = self.looks.helpers();
        // Looks end when nobody wants them any more: what they took is asked for more often.
        let every = if looks.is_empty() { LISTS_EVERY } else { LOOKS_EVERY };
        if self.n_ticks % every != 2 % every {
            return;
        }
        match self.own.read(&self.connection, &self.helpers(), &looks).await {
            Ok(()) => {
                let bytes = self.own.bytes();
                self.shared.say(|said| said.vm.own_bytes = bytes);
                self.cost.asked.add(self.own.take_looks_us(self.node_us));
            }
            Err(error) => log(&error),
        }
    }

    /// Who holds the sweep up now, as far as anybody does.
    fn say_stuck(&self) {
        let Some(sweep) = &self.sweep else { return };
        let stuck = sweep.stuck().borrow().clone();
        self.shared.say(|said| {
            if let Some(stuck) = stuck {
                let sweep = said.vm.sweep.get_or_insert_default();
                sweep.stuck_at = stuck.behind.first().map(pids::text).or(sweep.stuck_at.take());
                sweep.stuck_ms = u32::try_from(stuck.lasting.as_millis()).ok(); // Weeks fit.
            } else if let Some(sweep) = said.vm.sweep.as_mut().filter(|sweep| sweep.stuck_ms.is_some()) {
                (sweep.stuck_at, sweep.stuck_ms) = (None, None);
            }
        });
    }

    /// Looks and requests that somebody wants, and all that is known of processes.
    fn serve(&mut self, served: &mut Served) {
        self.say_stuck();
        let asked = self.shared.asked();
        let (node, creation) = {
            let helper = self.node.process();
            (helper.node.clone(), helper.creation)
        };
        let pid_of = |number: u64| pids::of_number(number, &node, creation);
        let release = self.vm.otp_release.unwrap_or(25);
        let wanted: Vec<Pid> = asked.looks.iter().filter_map(|number| pid_of(*number)).collect();
        let from = From { connection: self.connection.clone(), clock: self.shared.clock.clone(), release };
        self.looks.want(wanted, &from);
        let at = At { shared: &self.shared, connection: &self.connection, release };
        served.trace(&asked.traces, &at, &pid_of);
        served.inspect(&asked.inspections, &at, &pid_of);
        self.cost.asked.add(served.take_spent_us());
        let traffic = self.connection.traffic();
        let mut looks = self.looks.seen();
        for look in &mut looks {
            // The row that is read each second knows it for longer.
            if let (Some(row), Some(known)) = (&mut look.row, self.processes.row(look.number)) {
                row.name = row.name.take().or(known.name);
                row.initial_call = row.initial_call.take().or(known.initial_call);
            }
        }
        let ended: Vec<said::Ended> = self.processes.ended().iter().copied().chain(self.looks.ended()).collect();
        let (rows, cost_us) = (self.processes.rows(), self.cost.all());
        self.shared.say(|said| {
            said.vm.cost_us = Some(cost_us);
            said.vm.wire_bytes = Some(traffic.received + traffic.sent);
            (said.rows, said.looks) = (rows, looks);
            said.end(ended);
        });
    }
}

fn event_options(config: &BeamConfig) -> EventOptions {
    EventOptions { long_schedule_ms: config.long_schedule_ms.map(u64::from), ..EventOptions::default() }
}

fn sweep_options(config: &BeamConfig) -> SweepOptions {
    let mut options = SweepOptions::default();
    if let Some(milli) = config.vm_budget_milli {
        let share = f64::from(milli) / 1000.0;
        (options.budget.share, options.budget.share_beyond) = (share, share);
    }
    options
}

/// Whether a part has ended, and is to be started again: one that is only late answers the next time.
fn has_ended(error: &WatchError) -> bool {
    log(error);
    matches!(error, WatchError::Ended(_) | WatchError::Call(_))
}

fn log(error: impl std::fmt::Display) {
    tracing::debug!(%error, "a part of the watch of a VM");
}
