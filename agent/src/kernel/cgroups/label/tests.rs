use super::*;
use CgroupKind::{Container, Other, Pod, Session, Slice, Unit};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const UID: &str = "5f8e2c1a-1b2c-4d3e-8f90-a1b2c3d4e5f6";

/// In paths `ID` stands for a container's id, `UID` for a pod's and `U_D` for that with underscores.
#[track_caller]
fn check(path: &str, kind: CgroupKind, name: &str) {
    let path = path.replace("U_D", &UID.replace('-', "_")).replace("UID", UID).replace("ID", ID);
    let expected = Label { name: Some(name.to_owned()).filter(|n| !n.is_empty()), kind };
    assert_eq!(label(&path), expected, "{path}");
}

#[test]
fn docker() {
    check("/docker/ID", Container, "docker 0123456789ab");
    check("/system.slice/docker-ID.scope", Container, "docker 0123456789ab");
    check("/system.slice/docker.service", Unit, "docker.service");
    check("/docker/ID/system.slice/nginx.service", Container, "docker 0123456789ab/nginx.service");
    check("/docker/ID/init.scope", Container, "docker 0123456789ab");
    check("/docker", Other, "");
}

#[test]
fn kubernetes_with_systemd() {
    let slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU_D.slice";
    check(slice, Pod, &format!("pod {UID}"));
    check(&format!("{slice}/cri-containerd-ID.scope"), Container, "pod 5f8e2c1a/0123456789ab");
    check(&format!("{slice}/crio-ID.scope"), Container, "pod 5f8e2c1a/0123456789ab");
    check(&format!("{slice}/crio-ID.scope/container"), Container, "pod 5f8e2c1a/0123456789ab");
    check(&format!("{slice}/docker-ID.scope"), Container, "pod 5f8e2c1a/0123456789ab");
    check("/kubepods.slice/kubepods-podU_D.slice/cri-containerd-ID.scope", Container, "pod 5f8e2c1a/0123456789ab");
    check("/kubepods.slice/kubepods-burstable.slice", Slice, "kubepods-burstable.slice");
}

#[test]
fn kubernetes_with_cgroupfs() {
    check("/kubepods/burstable/podUID", Pod, &format!("pod {UID}"));
    check("/kubepods/burstable/podUID/ID", Container, "pod 5f8e2c1a/0123456789ab");
    check("/kubepods/podUID/ID", Container, "pod 5f8e2c1a/0123456789ab");
    check("/kubepods/besteffort/pod0123456789abcdef0123456789abcdef/ID", Container, "pod 01234567/0123456789ab");
    check("/kubepods/burstable", Other, "");
    let mixed = "/system.slice/containerd.service/kubepods-burstable-podU_D.slice:cri-containerd:ID";
    check(mixed, Container, "pod 5f8e2c1a/0123456789ab");
}

#[test]
fn a_node_that_is_itself_a_container_tells_the_inner_one() {
    let path = "/docker/ID/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podU_D.slice/cri-containerd-ID.scope";
    check(path, Container, "pod 5f8e2c1a/0123456789ab");
    check("/docker/ID/kubelet.slice/kubelet.service", Container, "docker 0123456789ab/kubelet.service");
}

#[test]
fn podman() {
    check("/machine.slice/libpod-ID.scope", Container, "podman 0123456789ab");
    check("/machine.slice/libpod-ID.scope/container", Container, "podman 0123456789ab");
    check("/libpod_parent/libpod-ID", Container, "podman 0123456789ab");
    check("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope", Container, "podman 0123456789ab");
    let monitor = format!("libpod-conmon-{ID}.scope");
    check(&format!("/machine.slice/{monitor}"), Unit, &monitor);
}

#[test]
fn other_runtimes() {
    check("/system.slice/nerdctl-ID.scope", Container, "containerd 0123456789ab");
    check("/ecs/4e1f/ID", Container, "container 0123456789ab");
    check("/actions_job/ID", Container, "container 0123456789ab");
}

#[test]
fn machines() {
    check("/lxc/web1", Container, "lxc web1");
    check("/lxc.payload.web1/system.slice/nginx.service", Container, "lxc web1/nginx.service");
    check("/lxc.payload/web1/init.scope", Container, "lxc web1");
    check("/lxc.monitor.web1", Other, "");
    check(r"/machine.slice/machine-qemu\x2d1\x2dbuild.scope", Container, "machine qemu-1-build");
}

#[test]
fn systemd() {
    check("/init.scope", Unit, "init.scope");
    check("/system.slice", Slice, "system.slice");
    check("/system.slice/chat.service", Unit, "chat.service");
    check("/system.slice/chat.service/worker/3", Unit, "chat.service");
    check("/system.slice/system-getty.slice/getty@tty1.service", Unit, "getty@tty1.service");
    check("/backup.slice", Slice, "backup.slice");
    check("/user.slice/user-1000.slice/session-3.scope", Session, "session-3.scope");
    check("/user.slice/user-1000.slice/user@1000.service/init.scope", Unit, "user@1000.service");
    check("/user.slice/user-1000.slice/user@1000.service/app.slice", Slice, "app.slice");
    check("/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", Unit, "app-x.scope");
}

#[test]
fn what_follows_no_custom_has_no_name() {
    check("/", Other, "");
    check("", Other, "");
    check("/chat/web", Other, "");
    check("/jobs/0123456789abcdef0123456789abcdef", Other, "");
    check("/..", Other, "");
    check("/podcast", Other, "");
    check("/podcast.slice", Slice, "podcast.slice");
    check("/docker/0123", Other, "");
    check("/ᚠ:ᚢ:ᚦ/-/:/pod", Other, "");
}

#[test]
fn a_neighbour_of_a_cgroup_namespace_is_named_all_the_same() {
    check("/../../kubepods-podU_D.slice/cri-containerd-ID.scope", Container, "pod 5f8e2c1a/0123456789ab");
    check("/../sshd.service", Unit, "sshd.service");
}
