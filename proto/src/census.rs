//! The rows of a census by column, and back: of thousands that are alike so they take a third of the bytes.

use crate::{
    gains::STEP_US,
    v1::{Census, CensusColumns, Task, TaskId},
};

/// Memory is told in steps of so many bytes.
const STEP_BYTES: u64 = 1 << 10;

impl CensusColumns {
    /// Rows by column: of each who it is, CPU time, run delay and memory, and nothing else. They take the fewest bytes in
    /// the order of their numbers.
    pub fn of(rows: &[Task]) -> Self {
        let id = |task: &Task| task.id.unwrap_or_default();
        let known = |value: Option<u64>, step: u64| value.map_or(0, |value| (value / step).saturating_add(1));
        let plain = |value: fn(&Task) -> Option<u64>| rows.iter().map(|task| known(value(task), STEP_US)).collect();
        Self {
            numbers: differences(rows.iter().map(|task| id(task).number())),
            starts: differences(rows.iter().map(|task| id(task).start())),
            runtimes: rows.iter().map(|task| id(task).runtime()).collect(),
            kinds: rows.iter().map(|task| task.kind.unwrap_or(0)).collect(),
            processes: differences(rows.iter().map(|task| known(task.process, 1))),
            names: differences(rows.iter().map(|task| known(task.name.map(u64::from), 1))),
            cpu: plain(|task| task.cpu_us),
            run_delay: plain(|task| task.run_delay_us),
            rss_kib: differences(rows.iter().map(|task| known(task.rss_bytes, STEP_BYTES))),
        }
    }

    /// The rows again. Columns may say anything: what cannot be is unknown.
    pub fn rows(&self) -> Vec<Task> {
        let known = |value: u64, step: u64| value.checked_sub(1).map(|value| value.saturating_mul(step));
        let mut starts = sums(&self.starts);
        let (mut processes, mut names, mut rss) = (sums(&self.processes), sums(&self.names), sums(&self.rss_kib));
        let at = |column: &[u64], n: usize| column.get(n).and_then(|value| known(*value, STEP_US));
        let row = |(n, number): (usize, u64)| Task {
            id: Some(TaskId {
                runtime: Some(self.runtimes.get(n).copied().unwrap_or(0)),
                number: Some(number),
                start: Some(starts.next().unwrap_or(0)),
            }),
            kind: self.kinds.get(n).copied(),
            process: processes.next().and_then(|value| known(value, 1)),
            name: names.next().and_then(|value| known(value, 1)).and_then(|value| u32::try_from(value).ok()),
            cpu_us: at(&self.cpu, n),
            run_delay_us: at(&self.run_delay, n),
            rss_bytes: rss.next().and_then(|value| known(value, STEP_BYTES)),
            ..Task::default()
        };
        sums(&self.numbers).enumerate().map(row).collect()
    }
}

impl Census {
    /// How many rows it tells, whichever way; of columns the longest counts. Known before any memory is taken for them.
    pub fn n_rows(&self) -> usize {
        let of_columns = self.columns.as_ref().map_or(0, |columns| {
            let CensusColumns { numbers, starts, runtimes, kinds, processes, names, cpu, run_delay, rss_kib } = columns;
            let signed = [numbers, starts, processes, names, rss_kib].map(Vec::len);
            let plain = [cpu.len(), run_delay.len(), runtimes.len(), kinds.len()];
            signed.into_iter().chain(plain).max().unwrap_or(0)
        });
        self.tasks.len().saturating_add(of_columns)
    }

    /// Puts its rows into `tasks`, whichever way they were told.
    pub fn unfold(&mut self) {
        if let Some(columns) = self.columns.take() {
            self.tasks.extend(columns.rows());
        }
    }
}

/// Each as the difference to the one before, the first to 0. They wrap: all 64 bits come back.
fn differences(values: impl Iterator<Item = u64>) -> Vec<i64> {
    let mut before = 0;
    values.map(|value| value.wrapping_sub(std::mem::replace(&mut before, value)).cast_signed()).collect()
}

fn sums(differences: &[i64]) -> impl Iterator<Item = u64> {
    differences.iter().scan(0_u64, |sum, by| {
        *sum = sum.wrapping_add_signed(*by);
        Some(*sum)
    })
}
