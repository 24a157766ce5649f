use super::*;

const TEXT: &str = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
   8       0 sda 10 0 80 30 20 0 160 50 1 70 90 0 0 0 0 0 0
   8       1 sda1 10 0 80 30 20 0 160 50 0 70 90 0 0 0 0 0 0
 259       0 nvme0n1 5 0 8 3 2 0 16 5 0 700 9
 259       1 nvme0n1p1 5 0 8 3 2 0 16 5 0 700 9
 253       0 dm-0 1 0 8 3 2 0 16 5 0 7 9
 253      10 dm-01 1 0 8 3 2 0 16 5 0 6 9
   9       0 broken
";

#[test]
fn whole_disks_that_were_used_the_busiest_first() {
    let disks = parse_diskstats(TEXT.as_bytes());
    assert_eq!(disks.iter().map(|disk| &*disk.name).collect::<Vec<_>>(), ["nvme0n1", "sda", "dm-0", "dm-01"]);
    let sda = Disk {
        name: "sda".into(),
        n_reads: Some(10),
        n_writes: Some(20),
        read_bytes: Some(80 * 512),
        write_bytes: Some(160 * 512),
        busy_us: Some(70_000),
        waited_us: Some(90_000),
        in_flight: Some(1),
    };
    assert_eq!(disks[1], sda);
}

#[test]
fn a_disk_that_ends_in_a_number_has_partitions_with_a_letter() {
    let is = |name: &str, disk: &str| is_partition_of(name.as_bytes(), disk.as_bytes());
    assert!(is("sda1", "sda") && is("nvme0n1p12", "nvme0n1") && is("mmcblk0p1", "mmcblk0"));
    assert!(!is("sda", "sda") && !is("sdaa", "sda") && !is("nvme0n11", "nvme0n1") && !is("dm-10", "dm-1"));
    assert!(!is("mmcblk0boot0", "mmcblk0"));
}

#[test]
fn so_many_disks_are_cut_off() {
    let text: String = (0..100).map(|n| format!("8 0 sd{}x 1 0 8 3 2 0 16 5 0 {n} 9\n", "a".repeat(n))).collect();
    let disks = parse_diskstats(text.as_bytes());
    assert_eq!((disks.len(), disks[0].busy_us), (16, Some(99_000)));
}
