//! Rows of what else a window's summary says: the memory of its Erlang VMs, and its top tasks.

use midair_proto::v1::{Rollup, Span, TaskRollup, VmRollup};
use midair_vitals::{TaskId, TaskKind};

use super::{
    columns::{Column, Row},
    rows::{Rows, Take},
};
use crate::{
    event::{NodeId, Stamp},
    model::{Model, Vital},
};

/// A value of a window, under the name of the column that holds it elsewhere; its unit there is so many of the contract's.
type Value = (&'static str, Option<Span>, f64, Vital);

impl Rows {
    /// A row for each value of a VM or task in a window.
    pub(super) fn of_details(
        &mut self,
        model: &Model,
        at: Stamp,
        (node, rollup): (&NodeId, &Rollup),
        take: &mut Take<'_>,
    ) -> anyhow::Result<()> {
        let vms = if self.task.is_none() { &rollup.vms[..] } else { &[] };
        for vm in vms {
            for value in of_vm(vm) {
                let Some(mut row) = self.window(model, at, "vm rollup", (node, rollup), value) else { continue };
                row.text(Column::Runtime, vm.name.as_deref());
                row.text(Column::Name, vm.name.as_deref());
                take(&row)?;
            }
        }
        for task in &rollup.tasks {
            let Some((id, kind)) = identity(task) else { continue };
            let name = task.name.as_deref().unwrap_or_default();
            if self.task.as_ref().is_some_and(|wanted| !wanted.is_named(id, kind, name)) {
                continue;
            }
            for value in of_task(task) {
                let Some(mut row) = self.window(model, at, "task rollup", (node, rollup), value) else { continue };
                let runtime = model.node(node).and_then(|node| node.runtime_name(id.runtime));
                row.text(Column::Runtime, runtime.or((id.runtime == 0).then_some("os")));
                row.task(id, kind);
                row.text(Column::Name, task.name.as_deref());
                take(&row)?;
            }
        }
        Ok(())
    }

    fn window<'a>(
        &mut self,
        model: &'a Model,
        at: Stamp,
        kind: &'static str,
        (node, rollup): (&'a NodeId, &Rollup),
        (word, span, scale, vital): Value,
    ) -> Option<Row<'a>> {
        let span = span.filter(|_| self.vital.is_none_or(|asked| asked == vital))?;
        let mut row = self.begin(model, at, kind, Some(node))?;
        row.moment(Column::NodeTime, rollup.wall_us);
        row.text(Column::Vital, Some(vital.word()));
        row.number(Column::Window, rollup.window_us.map(|us| us as f64 / 1e6));
        row.text(Column::Value, Some(word));
        for (column, value) in [(Column::Lowest, span.min), (Column::Average, span.mean), (Column::Highest, span.max)] {
            row.number(column, value.map(|value| value as f64 * scale));
        }
        Some(row)
    }
}

fn of_vm(vm: &VmRollup) -> [Value; 6] {
    [
        ("mem_used_bytes", vm.total_bytes),
        ("mem_processes_bytes", vm.processes_bytes),
        ("mem_binary_bytes", vm.binary_bytes),
        ("mem_ets_bytes", vm.ets_bytes),
        ("mem_code_bytes", vm.code_bytes),
        ("mem_atom_bytes", vm.atom_bytes),
    ]
    .map(|(word, span)| (word, span, 1.0, Vital::Mem))
}

/// Times are told in microseconds a second, severities in per mille.
fn of_task(task: &TaskRollup) -> [Value; 4] {
    [
        ("cpu_cores", task.cpu, 1e-6, Vital::Sched),
        ("run_delay_s_per_s", task.run_delay, 1e-6, Vital::Sched),
        ("mem_used_bytes", task.mem_bytes, 1.0, Vital::Mem),
        ("queue_severity_percent", task.queue, 0.1, Vital::Queue),
    ]
}

fn identity(task: &TaskRollup) -> Option<(TaskId, TaskKind)> {
    let id = task.task?;
    let id = TaskId { runtime: id.runtime.unwrap_or(0), number: id.number?, start: id.start.unwrap_or(0) };
    // What is no task of the kernel is an Erlang process: only these are summed up beside it.
    let kind = if id.runtime == 0 { TaskKind::Process } else { TaskKind::Erlang };
    Some((id, kind))
}
