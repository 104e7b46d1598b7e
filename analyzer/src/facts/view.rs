//! What the collector could not see: namespaces and `hidepid` hide processes and cgroups.

use crate::words::Bilingual;
use oomscene_bundle::Outcome;
use procfs_core::process::MountInfo;

use super::Facts;
use super::source::Source;

/// `PROC_PID_INIT_INO` of `include/linux/proc_ns.h`: the pid namespace of the machine itself.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
/// `PROC_CGROUP_INIT_INO`.
const FIRST_CGROUP_NAMESPACE: &str = "cgroup:[4026531835]";

/// Why there may be more processes than the files show.
pub(super) fn hidden_processes(sources: &[&Source<'_>], facts: &Facts) -> Option<Bilingual> {
    lost(facts, |item| {
        item == "proc/[pid]/stat" || item == "proc/[pid]/status"
    })
    .or_else(|| foreign(sources, "pid", FIRST_PID_NAMESPACE))
    .or_else(|| hidepid(sources, facts))
}

/// Why there may be more cgroups than the files show.
pub(super) fn hidden_cgroups(sources: &[&Source<'_>], facts: &Facts) -> Option<Bilingual> {
    lost(facts, |item| {
        item.starts_with("sys/fs/cgroup/") && !item.contains("cpuset")
    })
    .or_else(|| foreign(sources, "cgroup", FIRST_CGROUP_NAMESPACE))
}

/// What the ledger says about the first reading of these items.
fn lost(facts: &Facts, is_item: impl Fn(&str) -> bool) -> Option<Bilingual> {
    let line = facts.ledger.iter().find(|l| {
        is_item(&l.item)
            && !l.path.starts_with("scene/second/")
            && l.is_hole()
            && !is_one_gone(l.outcome, &l.path)
    })?;
    let reason = if line.reason.is_empty() {
        Bilingual::new("not taken whole", "未完整采集")
    } else {
        Bilingual::as_written(&line.reason)
    };
    Some(Bilingual::new(
        format!("{}: {}", line.path, reason.en),
        format!("{}：{}", line.path, reason.zh),
    ))
}

/// One process that ended while it was read does not make the list partial.
fn is_one_gone(outcome: Outcome, path: &str) -> bool {
    outcome == Outcome::Failed
        && path
            .split('/')
            .nth(1)
            .is_some_and(|p| p.parse::<u32>().is_ok())
}

fn foreign(sources: &[&Source<'_>], kind: &str, first: &str) -> Option<Bilingual> {
    let view = sources.iter().find(|s| s.path == "scene/view.json")?;
    let view: serde_json::Value = serde_json::from_slice(&view.content).ok()?;
    let namespace = view.get("namespaces")?.get(kind)?.as_str()?;
    (namespace != first).then(|| {
        Bilingual::new(
            format!("collected inside a container ({namespace}): what lies outside is not visible"),
            format!("在容器内采集（{namespace}）：看不到容器之外的内容"),
        )
    })
}

/// `proc(5)`: without root, 1 hides the content of other users' processes, 2 and more hides them.
fn hidepid(sources: &[&Source<'_>], facts: &Facts) -> Option<Bilingual> {
    if facts.root.int("host.effective_uid") == Some(0) {
        return None;
    }
    let mounts = sources.iter().find(|s| s.path == "proc/self/mountinfo")?;
    mounts.lines().find_map(|line| {
        let mount = MountInfo::from_line(&line.text).ok()?;
        let hidden = mount.super_options.get("hidepid")?.as_deref().unwrap_or_default();
        let hides = mount.fs_type == "proc" && !matches!(hidden, "0" | "off");
        hides.then(|| Bilingual::new(
            format!("/proc is mounted with hidepid={hidden}: processes of other users are hidden; run oomscene-collect as root"),
            format!("/proc 以 hidepid={hidden} 挂载：其他用户的进程不可见；请以 root 身份运行 oomscene-collect"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing::source;

    #[test]
    fn what_hides_processes() {
        let mut facts = Facts::default();
        let host = source(
            "scene/view.json",
            r#"{"namespaces": {"pid": "pid:[4026531836]", "cgroup": "cgroup:[4026532999]"}}"#,
        );
        assert_eq!(hidden_processes(&[&host], &facts), None);
        assert!(
            hidden_cgroups(&[&host], &facts)
                .unwrap()
                .en
                .contains("container")
        );
        let mounts = source(
            "proc/self/mountinfo",
            "22 1 0:20 / /proc rw - proc proc rw,hidepid=2\n",
        );
        assert!(
            hidden_processes(&[&mounts], &facts)
                .unwrap()
                .en
                .contains("hidepid=2")
        );
        facts.put("host.effective_uid", 0, Vec::new());
        assert_eq!(hidden_processes(&[&mounts], &facts), None);
    }
}
