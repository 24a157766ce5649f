//! The table that comes out: what each program costs beside each load, and how far that is from where it should be.

/// One program beside one load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The load.
    pub(crate) load: String,
    /// The program.
    pub(crate) what: String,
    /// CPU milliseconds per second, of all its processes.
    pub(crate) cpu_ms: f64,
    /// What they may be.
    pub(crate) cpu_bar: Option<f64>,
    /// Samples a second.
    pub(crate) n_samples_per_s: Option<f64>,
    /// Resident memory of all its processes at the end.
    pub(crate) rss_kib: u64,
    /// What it may be, MiB.
    pub(crate) rss_bar_mib: Option<u64>,
    /// The most that each of its processes ever had resident, added up.
    pub(crate) peak_kib: u64,
    /// What it may be, MiB.
    pub(crate) peak_bar_mib: Option<u64>,
    /// Bytes sent or written per second.
    pub(crate) bytes_per_s: Option<f64>,
    /// Bytes of a sample on the wire.
    pub(crate) bytes_per_sample: Option<f64>,
    /// What else is to be said, a line each.
    pub(crate) notes: Vec<String>,
}

/// Prints all rows.
pub(crate) fn print(rows: &[Row]) {
    println!();
    println!(
        "{:<8} {:<32} {:>9} {:<13} {:>9} {:>9} {:<12} {:>9} {:<12} {:>9} {:>9}",
        "load", "what", "CPU ms/s", "", "ms/sample", "MiB", "", "peak MiB", "", "B/s", "B/sample"
    );
    for row in rows {
        let mib = |kib: u64| kib as f64 / 1024.0;
        println!(
            "{:<8} {:<32} {:>9.1} {:<13} {:>9} {:>9.1} {:<12} {:>9.1} {:<12} {:>9} {:>9}",
            row.load,
            row.what,
            row.cpu_ms,
            verdict(row.cpu_ms, row.cpu_bar),
            row.n_samples_per_s.filter(|n| *n > 0.0).map_or("-".into(), |n| format!("{:.1}", row.cpu_ms / n)),
            mib(row.rss_kib),
            verdict(mib(row.rss_kib), row.rss_bar_mib.map(|mib| mib as f64)),
            mib(row.peak_kib),
            verdict(mib(row.peak_kib), row.peak_bar_mib.map(|mib| mib as f64)),
            row.bytes_per_s.map_or("-".into(), |bytes| format!("{bytes:.0}")),
            row.bytes_per_sample.map_or("-".into(), |bytes| format!("{bytes:.0}")),
        );
    }
}

/// A figure beside what it may be.
fn verdict(figure: f64, bar: Option<f64>) -> String {
    let Some(bar) = bar else { return String::new() };
    format!("bar {bar} {}", if figure <= bar { "ok" } else { "OVER" })
}

/// Prints what a row has to say, as soon as it is known.
pub(crate) fn print_notes(row: &Row) {
    println!("{} {}: {:.1} ms/s, {} KiB", row.load, row.what, row.cpu_ms, row.rss_kib);
    for note in &row.notes {
        println!("    {note}");
    }
}

/// Prints what a million connections more would cost, from two rows of the same program with few and many.
pub(crate) fn print_slope(few: (&Row, u32), many: (&Row, u32)) {
    // Both ends of a connection are here, and both are read.
    let n = 2.0 * f64::from(many.1.saturating_sub(few.1));
    if n <= 0.0 {
        return;
    }
    println!(
        "{}: from {} to {} connections of two ends: {:.1} ms/s of CPU more per million ends, {:.0} bytes of memory per end (bar 64)",
        many.0.what,
        few.1,
        many.1,
        (many.0.cpu_ms - few.0.cpu_ms) / n * 1e6,
        (many.0.rss_kib as f64 - few.0.rss_kib as f64) * 1024.0 / n,
    );
}
