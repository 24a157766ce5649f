use super::*;

#[test]
fn a_page_has_each_number_under_its_name() {
    let counts = Counts { n_samples: 11, n_unusable: 12, n_bytes: 13, n_connects: 14 };
    let numbers = Numbers {
        n_nodes: [1, 2, 3, 4],
        counts,
        n_lost: 5,
        n_batches_lost: 6,
        cpu_us: 1_500_000,
        rss_bytes: 4_096,
        ..Numbers::default()
    };
    let text = text(&numbers);
    for line in [
        "midair_hub_nodes{state=\"silent\"} 4",
        "midair_hub_samples_total 11",
        "midair_hub_samples_unusable_total 12",
        "midair_hub_received_bytes_total 13",
        "midair_hub_connects_total 14",
        "midair_hub_samples_lost_total 5",
        "midair_hub_batches_lost_total 6",
        "process_cpu_seconds_total 1.5",
        "process_resident_memory_bytes 4096",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}
