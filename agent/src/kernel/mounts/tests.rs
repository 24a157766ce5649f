use super::*;

#[test]
fn a_mount_has_device_root_point_kind_and_options() {
    let text = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n\
        31 23 0:28 / /sys/fs/cgroup/cpu\\040and\\134more rw - cgroup cgroup rw,cpu,cpuacct\n\
        32 23 0:29 / /x rw - tmpfs  rw,size=4k\nbroken\n33 1 a:b / / rw - x y z\n";
    let all: Vec<Mount> = mounts(text).collect();
    assert_eq!(all.len(), 3);
    assert_eq!((all[0].device, all[0].root.to_str(), all[0].point.to_str()), ((98, 0), Some("/mnt1"), Some("/mnt2")));
    assert_eq!((all[0].id, all[1].id), (36, 31));
    assert_eq!((&*all[0].kind, &*all[0].options), ("ext3", "rw,errors=continue"));
    assert_eq!(all[1].point.to_str(), Some(r"/sys/fs/cgroup/cpu and\more"));
    assert_eq!(&*all[1].options, "rw,cpu,cpuacct");
    assert_eq!((&*all[2].kind, &*all[2].options), ("tmpfs", "rw,size=4k"));
}

#[test]
fn a_backslash_that_starts_no_number_stays() {
    assert_eq!(path(br"a\04").to_str(), Some(r"a\04"));
    assert_eq!(path(br"\777").to_str(), Some(r"\777"));
}
