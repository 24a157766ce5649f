use super::*;

fn points(mountinfo: &str) -> Vec<String> {
    on_disks(mountinfo.as_bytes()).iter().map(|mount| mount.point.display().to_string()).collect()
}

#[test]
fn each_disk_once_and_only_such_as_answer() {
    let text = "27 1 254:0 / / rw - ext4 /dev/vda rw
28 27 254:0 /containers/1/hosts /etc/hosts rw - ext4 /dev/vda rw
29 27 254:16 /part /data/part rw - xfs /dev/vdb rw
30 27 254:16 / /long/way/to/data rw - xfs /dev/vdb rw
31 27 0:40 / /tmp rw - tmpfs tmpfs rw
32 27 0:41 / /net rw - nfs4 server:/x rw
33 32 254:32 / /net/disk rw - ext4 /dev/vdc rw
34 27 8:1 / /usb rw - fuseblk /dev/sda1 rw
35 27 254:48 / /network rw - ext4 /dev/vdd rw
";
    assert_eq!(points(text), ["/", "/network", "/long/way/to/data"], "what lies below a mount that may hang is let be");
}

#[test]
fn a_container_shows_the_disk_behind_its_files() {
    let text = "1 0 0:50 / / rw - overlay overlay rw\n2 1 254:0 /c/1/hosts /etc/hosts rw - ext4 /dev/vda rw\n";
    assert_eq!(points(text), ["/etc/hosts"]);
}

#[test]
fn the_filesystem_of_this_machine_is_looked_at_every_ten_seconds() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("self")).unwrap();
    let mut filesystems = Filesystems::new(root.path());
    assert_eq!(filesystems.read(0), []);
    let mount = format!("27 1 254:0 / {} rw - ext4 /dev/vda rw\n", root.path().display());
    std::fs::write(root.path().join("self/mountinfo"), mount).unwrap();
    assert_eq!(filesystems.read(EVERY_US - 1), []);
    let found = filesystems.read(EVERY_US).to_vec();
    assert_eq!(found.len(), 1);
    let total = found[0].total_bytes.unwrap();
    assert!(total >= found[0].available_bytes.unwrap() && total > 0, "{found:?}");
    assert_eq!(found[0].n_inodes.is_some(), found[0].n_inodes_free.is_some());
}
