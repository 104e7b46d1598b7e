//! What container runtimes and the kubelet say about memory.

use super::{
    line::{Line, Origin},
    pattern::{number, owned, pattern, text},
    said::Said,
};
use crate::facts::Record;

/// OOM notice of a container runtime.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ContainerOom {
    pub(super) container_id: String,
    pub(super) runtime: &'static str,
}

// containerd 1.x quotes a Go struct, 2.x a field.
pattern!(
    TASK_OOM,
    r#"TaskOOM event (?:&TaskOOM\{ContainerID:|(?:container_id|containerID)[:=]\\?"?)(?P<id>[0-9a-f]{12,64})"#
);
// dockerd passes on the topic of containerd; `docker events` has a line of its own.
pattern!(
    DOCKER_TOPIC,
    r"\bcontainer=(?P<id>[0-9a-f]{12,64})\b.*\btopic=/tasks/oom\b"
);
pattern!(DOCKER_EVENT, r"\bcontainer oom (?P<id>[0-9a-f]{12,64})\b");
pattern!(
    CONMON,
    r"^conmon (?P<id>[0-9a-f]{12,64}) <n\w+>: (?:OOM event received|OOM received)"
);
pattern!(
    CRIO,
    r"\bOOM(?:Killed)?\b.*?(?:id|container|containerID|container_id)[=:] ?\\?.?(?P<id>[0-9a-f]{64})\b"
);

/// Reads an OOM notice.
pub(super) fn container_oom(line: &Line<'_>) -> Option<ContainerOom> {
    let program = match line.origin {
        Origin::Program(program) => program,
        Origin::Unknown => "",
        Origin::Kernel => return None,
    };
    let told = |runtime, groups: &regex::Captures<'_>| {
        Some(ContainerOom {
            container_id: owned(groups, "id"),
            runtime,
        })
    };
    let line = line.bare();
    if let Some(groups) = TASK_OOM.captures(line) {
        return told(runtime_of(program), &groups);
    }
    if let Some(groups) = DOCKER_TOPIC
        .captures(line)
        .or_else(|| DOCKER_EVENT.captures(line))
    {
        return told("dockerd", &groups);
    }
    if let Some(groups) = CONMON.captures(line) {
        return told("cri-o", &groups);
    }
    if matches!(program, "crio" | "cri-o")
        && let Some(groups) = CRIO.captures(line)
    {
        return told("cri-o", &groups);
    }
    None
}

fn runtime_of(program: &str) -> &'static str {
    match program {
        "dockerd" => "dockerd",
        "crio" | "cri-o" => "cri-o",
        _ => "containerd",
    }
}

impl Said<ContainerOom> {
    /// The record of this notice.
    pub(super) fn record(&self) -> Record {
        let place = &self.evidence;
        let mut record = Record::new();
        let id = self.value.container_id.as_str();
        record.put("container_id", id, place.clone());
        record.put("runtime", self.value.runtime, place.clone());
        record
    }
}

/// What the kubelet says, or the events that it makes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KubeletNotice {
    kind: &'static str,
    /// `namespace/name`, or the name alone.
    pod: Option<String>,
    container: Option<String>,
    comm: Option<String>,
    pid: Option<u64>,
    threshold_bytes: Option<u64>,
    available_bytes: Option<u64>,
    used_bytes: Option<u64>,
    request_bytes: Option<u64>,
}

pattern!(
    SYSTEM_OOM,
    r"System OOM encountered, victim process: (?P<comm>.*?), pid: (?P<pid>\d+)"
);
pattern!(
    LOW_ON_MEMORY,
    r"[Tt]he node was low on resource: memory\.(?: Threshold quantity: (?P<threshold>[0-9.]+[A-Za-z]*), available: (?P<available>[0-9.]+[A-Za-z]*)\.)?(?: Container (?P<container>\S+) was using (?P<used>[0-9.]+[A-Za-z]*), (?:request is|which exceeds its request of) (?P<request>[0-9.]+[A-Za-z]*))?"
);
pattern!(
    EVICTED,
    r#"[Ee]viction manager: pod (?:(?P<pod>\S+?)(?:\((?P<uid>[0-9a-f-]{36})\))? )?(?:is|was) evicted successfully"?(?:.*\bpod=\\?"(?P<named>[^"\\]+))?"#
);
pattern!(
    RECLAIM,
    r"[Ee]viction manager: (?:attempting to reclaim|must evict pod\(s\) to reclaim|pods? ranked for eviction|unexpected error when attempting to reduce|unable to evict any pods|cannot evict a critical)"
);
pattern!(
    PRESSURE,
    r"(?:has insufficient memory available|NodeHasInsufficientMemory|EvictionThresholdMet.*memory)"
);
pattern!(
    KILLED,
    r#"\breason[=:] ?\\?"?OOMKilled\b|\bOOMKilled\b.*\b[Ee]xit ?[Cc]ode[=:" ]+137\b"#
);
pattern!(POD, r#"\bpod=\\?"(?P<pod>[^"\\]+)"#);
pattern!(
    CONTAINER,
    r#"\b(?:containerName|container)=\\?"(?P<container>[^"\\]+)"#
);

/// Reads a line of the kubelet, or an event as `kubectl` prints it.
pub(super) fn kubelet(line: &Line<'_>) -> Option<KubeletNotice> {
    if line.origin == Origin::Kernel {
        return None;
    }
    let line = line.bare();
    let pod = || {
        POD.captures(line)
            .and_then(|g| text(&g, "pod").map(str::to_owned))
    };
    if let Some(groups) = SYSTEM_OOM.captures(line) {
        return Some(KubeletNotice {
            kind: "system oom",
            comm: text(&groups, "comm").map(str::to_owned),
            pid: number(&groups, "pid"),
            ..KubeletNotice::default()
        });
    }
    if let Some(groups) = LOW_ON_MEMORY.captures(line) {
        let bytes = |name| text(&groups, name).and_then(quantity_bytes);
        return Some(KubeletNotice {
            kind: "evicted for memory",
            pod: pod(),
            container: text(&groups, "container").map(str::to_owned),
            threshold_bytes: bytes("threshold"),
            available_bytes: bytes("available"),
            used_bytes: bytes("used"),
            request_bytes: bytes("request"),
            ..KubeletNotice::default()
        });
    }
    if let Some(groups) = EVICTED.captures(line) {
        let named = text(&groups, "named").or_else(|| text(&groups, "pod"));
        return Some(KubeletNotice {
            kind: "pod evicted",
            pod: named.map(|p| p.trim_matches('"').to_owned()),
            ..KubeletNotice::default()
        });
    }
    let kind = if RECLAIM.is_match(line) {
        // The same words are used for disks.
        let other = ["ephemeral-storage", "inodes", "nodefs", "imagefs", "pids"];
        if other.iter().any(|word| line.contains(word)) {
            return None;
        }
        "eviction threshold met"
    } else if PRESSURE.is_match(line) {
        "memory pressure"
    } else if KILLED.is_match(line) {
        "container killed"
    } else {
        return None;
    };
    Some(KubeletNotice {
        kind,
        pod: pod(),
        container: CONTAINER
            .captures(line)
            .and_then(|g| text(&g, "container").map(str::to_owned)),
        ..KubeletNotice::default()
    })
}

/// Bytes of a quantity of Kubernetes: `100Mi`, `1Gi`, `512M`, `1234`.
pub(super) fn quantity_bytes(quantity: &str) -> Option<u64> {
    let digits = quantity
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at_checked(digits)?;
    let factor: u64 = match unit {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl Said<KubeletNotice> {
    /// The record of this notice.
    pub(super) fn record(&self) -> Record {
        let (notice, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("kind", notice.kind, place.clone());
        record.put_some("pod", notice.pod.clone(), place);
        record.put_some("container", notice.container.clone(), place);
        record.put_some("comm", notice.comm.clone(), place);
        record.put_some("pid", notice.pid, place);
        record.put_some("threshold_bytes", notice.threshold_bytes, place);
        record.put_some("available_bytes", notice.available_bytes, place);
        record.put_some("used_bytes", notice.used_bytes, place);
        record.put_some("request_bytes", notice.request_bytes, place);
        record
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::said::testing::{kept, line},
        *,
    };

    #[test]
    fn runtimes_name_the_container() {
        let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        for (program, text, runtime) in [
            (
                "containerd",
                format!(
                    r#"time="x" level=info msg="TaskOOM event &TaskOOM{{ContainerID:{id},XXX_unrecognized:[],}}""#
                ),
                "containerd",
            ),
            (
                "containerd",
                format!(r#"msg="TaskOOM event container_id:\"{id}\"""#),
                "containerd",
            ),
            (
                "dockerd",
                format!(
                    r#"level=info msg="ignoring event" container={id} module=libcontainerd namespace=moby topic=/tasks/oom type="*events.TaskOOM""#
                ),
                "dockerd",
            ),
            (
                "",
                format!("container oom {id} (image=a, name=b)"),
                "dockerd",
            ),
            (
                "conmon",
                format!("conmon {} <ninfo>: OOM event received", &id[..20]),
                "cri-o",
            ),
            (
                "crio",
                format!("level=info msg=\"OOM event\" id={id}"),
                "cri-o",
            ),
        ] {
            let notice = container_oom(&line(program, &text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(notice.runtime, runtime, "{text}");
            assert!(kept(program, &text), "{text}");
            assert!(id.starts_with(&notice.container_id) && notice.container_id.len() >= 20);
        }
        assert_eq!(
            container_oom(&line("dockerd", "topic=/tasks/exit container=0123456789ab")),
            None
        );
    }

    #[test]
    fn the_kubelet_evicts() {
        let read = |text: &str| {
            let read = kubelet(&line("kubelet", text));
            assert!(read.is_none() || kept("kubelet", text), "{text}");
            read
        };
        let oom = read("System OOM encountered, victim process: a, b, pid: 4242").unwrap();
        assert_eq!((oom.comm.as_deref(), oom.pid), (Some("a, b"), Some(4242)));
        let low = read("The node was low on resource: memory. Threshold quantity: 100Mi, available: 52428Ki. Container c was using 3Gi, request is 1Gi, has larger consumption of memory. ").unwrap();
        assert_eq!(low.threshold_bytes, Some(100 << 20));
        assert_eq!(low.available_bytes, Some(52_428 << 10));
        assert_eq!(
            (low.used_bytes, low.request_bytes),
            (Some(3 << 30), Some(1 << 30))
        );
        let evicted =
            read(r#""Eviction manager: pod is evicted successfully" pod="ns/web-1""#).unwrap();
        assert_eq!(evicted.pod.as_deref(), Some("ns/web-1"));
        let old = read(
            "eviction manager: pod web-1_ns(01234567-89ab-cdef-0123-456789abcdef) is evicted successfully",
        );
        assert_eq!(old.unwrap().pod.as_deref(), Some("web-1_ns"));
        let reclaim =
            read(r#""Eviction manager: attempting to reclaim" resourceName="memory""#).unwrap();
        assert_eq!(reclaim.kind, "eviction threshold met");
        assert_eq!(
            read(r#""Eviction manager: attempting to reclaim" resourceName="ephemeral-storage""#),
            None
        );
        assert_eq!(
            read("failed to garbage collect required amount of images. Wanted to free 5 bytes"),
            None
        );
    }

    #[test]
    fn quantities() {
        assert_eq!(quantity_bytes("100Gi"), Some(100 << 30));
        assert_eq!(quantity_bytes("512M"), Some(512_000_000));
        assert_eq!(quantity_bytes("10"), Some(10));
        assert_eq!(quantity_bytes("500m"), None);
    }
}
