//! Which rows follow from what a recording tells: of the node, of its queues, tasks and VMs, of marks and gaps.

use std::collections::BTreeSet;

use midair_vitals::{Unit, vm::SchedulerKind};

use super::{
    Options,
    columns::{Column, Row},
    tasks::{self, Wanted},
};
use crate::{
    event::{Event, Gap, Mark, NodeId, Rollup, Sample, Stamp},
    model::{Model, Node, Vital, Vm, node::Latest},
    out::{source::Source, telling::Told},
};

/// Takes rows.
pub(super) type Take<'t> = dyn FnMut(&Row<'_>) -> anyhow::Result<()> + 't;

/// Which rows are asked for.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    nodes: Vec<String>,
    pub(super) task: Option<Wanted>,
    pub(super) vital: Option<Vital>,
    /// Names of the nodes that were told of, for who asks for another one.
    seen: BTreeSet<String>,
    has_met: bool,
}

impl Rows {
    /// Those that were asked for.
    ///
    /// # Errors
    /// When the recording says that it holds no such node.
    pub(super) fn new(options: &Options, source: &Source) -> anyhow::Result<Self> {
        let rows = Self {
            nodes: options.nodes.clone(),
            task: options.task.as_deref().map(Wanted::new),
            vital: options.vital,
            seen: BTreeSet::new(),
            has_met: false,
        };
        let listed = source.nodes();
        let is_listed = |asked: &String| {
            listed.iter().any(|node| node.node.as_ref() == Some(asked) || node.name.as_ref() == Some(asked))
        };
        if source.is_closed()
            && !listed.is_empty()
            && let Some(unknown) = rows.nodes.iter().find(|asked| !is_listed(asked))
        {
            let names = listed.iter().filter_map(|node| node.name.as_deref().or(node.node.as_deref()));
            anyhow::bail!("no node is called {unknown:?} in it; it holds {}", names.collect::<Vec<_>>().join(", "));
        }
        Ok(rows)
    }

    /// Takes in which nodes another has met, who was told another part of the same.
    pub(super) fn join(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.has_met |= other.has_met;
    }

    /// The rows that follow from something told at a moment.
    pub(super) fn of(&mut self, model: &Model, at: Stamp, told: Told<'_>, take: &mut Take<'_>) -> anyhow::Result<()> {
        match told {
            Told::Event(stamped) => self.of_event(model, at, &stamped.event, take),
            Told::Note(mark) => self.of_mark(model, at, mark, take),
            Told::Rollup(node, rollup) => self.of_details(model, at, (node, rollup), take),
            Told::Mark(recorded) => {
                let Some(mark) = &recorded.mark else { return Ok(()) };
                let node = recorded.node.as_deref().map(NodeId::new);
                let Some(mut row) = self.begin(model, at, "mark", node.as_ref()) else { return Ok(()) };
                row.moment(Column::NodeTime, mark.wall_us);
                row.text(Column::Text, mark.text.as_deref());
                row.text(Column::Author, mark.author.as_deref());
                row.text(Column::Focus, mark.focus.as_deref());
                row.flag(Column::Automatic, mark.automatic.unwrap_or(false));
                take(&row)
            }
        }
    }

    /// Says, when all is told, that what was asked for was not met.
    ///
    /// # Errors
    /// When none of the nodes that were asked for was met.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.nodes.is_empty() || self.has_met {
            return Ok(());
        }
        let (asked, seen) =
            (self.nodes.join(", "), self.seen.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        anyhow::bail!("no node is called {asked:?} in this range; it holds {seen}")
    }

    fn of_event(&mut self, model: &Model, at: Stamp, event: &Event, take: &mut Take<'_>) -> anyhow::Result<()> {
        match event {
            Event::Sample(sample) => self.of_sample(model, at, sample, take),
            Event::Mark(mark) => self.of_mark(model, at, mark, take),
            Event::Rollup(rollup) => self.of_rollup(model, at, rollup, take),
            Event::Lost { node, n_samples } => {
                let Some(mut row) = self.begin(model, at, "lost", Some(node)) else { return Ok(()) };
                row.count(Column::LostSamples, *n_samples);
                take(&row)
            }
            Event::Gap(gap) => self.of_gap(model, at, gap, take),
            Event::Tick
            | Event::Reset
            | Event::Link(_)
            | Event::Described(_)
            | Event::Rows(_)
            | Event::Details(_)
            | Event::Traced(_)
            | Event::Inspected(_)
            | Event::Refused { .. }
            | Event::Clock { .. }
            | Event::Malformed { .. }
            | Event::Fleet(_) => Ok(()),
        }
    }

    /// A row of the node that it is about, or of all; `None` where it is not asked for.
    pub(super) fn begin<'a>(
        &mut self,
        model: &'a Model,
        at: Stamp,
        kind: &'static str,
        id: Option<&'a NodeId>,
    ) -> Option<Row<'a>> {
        let name = id.map(|id| (&*id.0, model.node(id).map_or(&*id.0, |node| node.name())));
        if let Some((id, name)) = name.filter(|_| !self.nodes.is_empty()) {
            if !self.nodes.iter().any(|asked| asked == id || asked == name) {
                if !self.seen.contains(name) {
                    self.seen.insert(name.to_owned());
                }
                return None;
            }
            self.has_met = true;
        }
        // Whoever asks for tasks asks for nothing else.
        if self.task.is_some() && !matches!(kind, "node" | "task" | "task rollup") {
            return None;
        }
        let mut row = Row::new(self.vital);
        row.about(at, kind, name);
        Some(row)
    }

    fn of_mark(&mut self, model: &Model, at: Stamp, mark: &Mark, take: &mut Take<'_>) -> anyhow::Result<()> {
        let Some(mut row) = self.begin(model, at, "mark", mark.node.as_ref()) else { return Ok(()) };
        row.moment(Column::NodeTime, Some(mark.wall_us));
        row.text(Column::Text, Some(&mark.text));
        row.text(Column::Author, mark.author.as_deref());
        row.text(Column::Focus, mark.focus.as_deref());
        row.flag(Column::Automatic, mark.is_automatic);
        take(&row)
    }

    fn of_gap(&mut self, model: &Model, at: Stamp, gap: &Gap, take: &mut Take<'_>) -> anyhow::Result<()> {
        let kind = if gap.n_lost.is_some() { "lost" } else { "gap" };
        let Some(mut row) = self.begin(model, at, kind, gap.node.as_ref()) else { return Ok(()) };
        match gap.n_lost {
            Some(n_lost) => row.count(Column::LostEntries, Some(n_lost)),
            None => row.number(Column::Window, Some(gap.to.since_us(gap.from) as f64 / 1e6)),
        }
        row.text(Column::Text, Some(&gap.why));
        take(&row)
    }

    fn of_rollup(&mut self, model: &Model, at: Stamp, rollup: &Rollup, take: &mut Take<'_>) -> anyhow::Result<()> {
        for (vital, summary) in Vital::FOUR.into_iter().zip(&rollup.summaries) {
            let Some(summary) = summary.filter(|_| self.vital.is_none_or(|asked| asked == vital)) else { continue };
            let Some(mut row) = self.begin(model, at, "rollup", Some(&rollup.node)) else { return Ok(()) };
            row.moment(Column::NodeTime, Some(rollup.wall_us));
            row.text(Column::Vital, Some(vital.word()));
            row.number(Column::Window, Some(rollup.window_us as f64 / 1e6));
            for (column, severity) in [Column::Min, Column::Mean, Column::Max].into_iter().zip(summary) {
                row.severity(column, Some(severity));
            }
            take(&row)?;
        }
        Ok(())
    }

    fn of_sample(&mut self, model: &Model, at: Stamp, sample: &Sample, take: &mut Take<'_>) -> anyhow::Result<()> {
        let Some(row) = self.begin(model, at, "node", Some(&sample.node)) else { return Ok(()) };
        let Some(node) = model.node(&sample.node) else { return Ok(()) };
        // A second agent under the id of another is not folded in.
        let Some(latest) = node.latest.as_ref().filter(|latest| latest.at == at && latest.epoch == sample.epoch) else {
            return Ok(());
        };
        if self.task.is_none() {
            take(&of_node(row, node, latest))?;
            if self.vital.is_none_or(|vital| vital == Vital::Queue) {
                self.of_sums(model, at, node, latest, take)?;
            }
            for vm in sample.vms.iter().filter_map(|vm| node.vms.get(&vm.runtime)) {
                let Some(row) = self.begin(model, at, "vm", Some(&sample.node)) else { return Ok(()) };
                take(&of_vm(row, node, latest, vm))?;
            }
        }
        let mut row = Row::new(self.vital);
        for reading in &sample.tasks {
            let Some(task) = node.tasks.get(&reading.id) else { continue };
            if self.task.as_ref().is_some_and(|wanted| !wanted.is_met(task)) {
                continue;
            }
            row.about(at, tasks::kind(task.reading.kind), Some((&node.id.0, node.name())));
            row.moment(Column::NodeTime, Some(latest.wall_us));
            tasks::fill(&mut row, node, task);
            take(&row)?;
        }
        Ok(())
    }

    fn of_sums(
        &mut self,
        model: &Model,
        at: Stamp,
        node: &Node,
        latest: &Latest,
        take: &mut Take<'_>,
    ) -> anyhow::Result<()> {
        for (sum, vitals) in latest.reading.sums.iter().zip(&latest.sums) {
            let Some(mut row) = self.begin(model, at, "queue", Some(&node.id)) else { return Ok(()) };
            row.moment(Column::NodeTime, Some(latest.wall_us));
            row.severity(Column::QueueSeverity, vitals.severity);
            row.text(Column::QueueKind, Some(sum.kind.word()));
            row.text(Column::QueueUnit, Some(unit_word(sum.unit)));
            row.count(Column::QueueDepth, sum.depth);
            row.count(Column::QueueLimit, sum.limit);
            row.number(Column::QueueGrowth, vitals.growth);
            row.number(Column::QueueIn, vitals.rate_in);
            row.number(Column::QueueOut, vitals.rate_out);
            row.count(Column::QueueDrops, vitals.drops);
            take(&row)?;
        }
        Ok(())
    }
}

fn of_node<'a>(mut row: Row<'a>, node: &'a Node, latest: &'a Latest) -> Row<'a> {
    let (reading, vitals) = (&latest.reading, &latest.vitals);
    row.moment(Column::NodeTime, Some(latest.wall_us));
    row.severities(vitals.severities);
    row.severity(Column::RateSeverity, vitals.severities.rate);
    let causes = &vitals.causes;
    for (column, value) in [
        (Column::Cpu, vitals.cpu),
        (Column::Delay, vitals.delay),
        (Column::WorstDelay, vitals.worst_delay),
        (Column::Steal, vitals.steal),
        (Column::Throttled, vitals.throttled),
        (Column::Iowait, vitals.iowait),
        (Column::MissedOwn, causes.own),
        (Column::MissedNeighbour, causes.neighbour),
        (Column::MissedQuota, causes.quota),
        (Column::MissedHypervisor, causes.hypervisor),
        (Column::PsiCpu, vitals.psi_cpu),
        (Column::PsiIo, vitals.psi_io),
        (Column::PsiMem, vitals.psi_mem),
        (Column::Load, reading.load1_milli.map(|milli| milli as f64 / 1000.0)),
        (Column::Switches, vitals.switches),
        (Column::Forks, vitals.forks),
        (Column::MemGrowth, latest.mem_growth),
        (Column::MemFullIn, latest.mem_full_in),
        (Column::RateIn, vitals.tcp_in),
        (Column::RateOut, vitals.tcp_out),
        (Column::TcpRetrans, vitals.tcp_retrans),
        (Column::UdpIn, vitals.udp_in),
        (Column::UdpOut, vitals.udp_out),
        (Column::NetRx, vitals.net_rx),
        (Column::NetTx, vitals.net_tx),
        (Column::AgentCpu, latest.cost_share),
        (Column::AgentDelay, latest.agent_delay),
    ] {
        row.number(column, value);
    }
    of_node_counts(&mut row, node, latest);
    row
}

fn of_node_counts<'a>(row: &mut Row<'a>, node: &'a Node, latest: &'a Latest) {
    let (reading, vitals) = (&latest.reading, &latest.vitals);
    let swap = reading.swap_total_bytes.zip(reading.swap_free_bytes);
    for (column, value) in [
        (Column::Running, reading.n_running),
        (Column::Blocked, reading.n_blocked),
        (Column::MemUsed, vitals.mem_used_bytes),
        (Column::MemLimit, node.mem_limit_bytes()),
        (Column::SwapUsed, swap.map(|(all, free)| all.saturating_sub(free))),
        (Column::MemAnon, reading.mem_anon_bytes),
        (Column::MemFile, reading.mem_file_bytes),
        (Column::AgentRss, latest.cost.as_ref().and_then(|cost| cost.rss_bytes)),
    ] {
        row.count(column, value);
    }
    row.text(Column::RateUnit, Some(unit_word(Unit::Segments)));
    let worst = reading.worst_queue.as_ref();
    let queue = worst.map(|worst| &worst.queue);
    row.text(Column::QueueKind, queue.map(|queue| queue.kind.word()));
    row.text(Column::QueueUnit, queue.map(|queue| unit_word(queue.unit)));
    row.text(Column::QueueLabel, queue.and_then(|queue| queue.label.as_deref()));
    row.id(Column::QueueTask, worst.and_then(|worst| worst.task));
    row.count(Column::QueueDepth, queue.and_then(|queue| queue.depth));
    row.count(Column::QueueLimit, queue.and_then(|queue| queue.limit));
    row.number(Column::QueueGrowth, node.queue_growth());
    row.count(Column::QueueDrops, node.n_drops());
}

fn of_vm<'a>(mut row: Row<'a>, node: &'a Node, latest: &Latest, vm: &'a Vm) -> Row<'a> {
    let (reading, vitals) = (&vm.reading, &vm.vitals);
    row.moment(Column::NodeTime, Some(latest.wall_us));
    row.text(Column::Runtime, Some(vm.name(node)));
    row.text(Column::Name, Some(vm.name(node)));
    row.count(Column::Process, reading.process.map(|process| process.number));
    row.severities(vitals.severities);
    for (column, value) in [
        (Column::Cpu, vitals.cpu),
        (Column::Delay, vitals.delay),
        (Column::Runs, vitals.thread_switches),
        (Column::Switches, vitals.switches),
        (Column::Utilisation, vitals.utilisation_of(SchedulerKind::Normal)),
        (Column::MemGrowth, vitals.mem_growth),
        (Column::RateIn, vitals.rate_in),
        (Column::RateOut, vitals.rate_out),
        (Column::Reductions, vitals.reductions),
        (Column::Gcs, vitals.gcs),
    ] {
        row.number(column, value);
    }
    let memory = &reading.memory;
    for (column, value) in [
        (Column::RunQueue, reading.run_queue),
        (Column::MemUsed, memory.total_bytes),
        (Column::MemBinary, memory.binary_bytes),
        (Column::MemProcesses, memory.processes_bytes),
        (Column::MemEts, memory.ets_bytes),
        (Column::MemCode, memory.code_bytes),
        (Column::MemAtom, memory.atom_bytes),
        (Column::Messages, reading.sweep.as_ref().and_then(|sweep| sweep.n_messages)),
    ] {
        row.count(column, value);
    }
    row.text(Column::RateUnit, Some(unit_word(Unit::Bytes)));
    row
}

/// The word for what is counted.
pub(super) fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Messages => "messages",
        Unit::Bytes => "bytes",
        Unit::Connections => "connections",
        Unit::Waiters => "waiters",
        Unit::Segments => "segments",
        Unit::Reductions => "reductions",
        Unit::Polls => "polls",
        Unit::Events => "events",
    }
}
