use super::*;

#[test]
fn threads_of_every_release_name_their_scheduler() {
    let normal = Some((SchedulerKind::Normal, 12));
    for (comm, is) in [
        ("12_scheduler", normal),
        ("erts_sched_12", normal),
        ("1024_scheduler", Some((SchedulerKind::Normal, 1024))),
        ("1_dirty_cpu_sch", Some((SchedulerKind::DirtyCpu, 1))),
        ("10_dirty_io_sch", Some((SchedulerKind::DirtyIo, 10))),
        ("erts_dcpus_3", Some((SchedulerKind::DirtyCpu, 3))),
        ("erts_dios_10", Some((SchedulerKind::DirtyIo, 10))),
        ("1_aux", None),
        ("erts_aux_1", None),
        ("erts_poll_0", None),
        ("0_poller", None),
        ("beam.smp", None),
        ("x_scheduler", None),
        ("", None),
    ] {
        assert_eq!(scheduler(comm), is, "{comm}");
    }
}
