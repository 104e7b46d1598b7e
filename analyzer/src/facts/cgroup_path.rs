//! What the path of a cgroup tells: pod, container, quality of service, systemd unit.
//!
//! Paths are made by the kubelet (`kubepods…`, with the systemd or the cgroupfs driver), by the
//! container runtimes and by systemd; see the kubelet's `pkg/kubelet/cm/cgroup_manager_linux.go`.

/// Parts of a cgroup path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CgroupPath {
    /// Kubernetes pod, with `-` as in the API.
    pub(crate) pod_uid: Option<String>,
    /// Container id in full.
    pub(crate) container_id: Option<String>,
    /// `guaranteed`, `burstable` or `besteffort`.
    pub(crate) qos: Option<&'static str>,
    /// systemd unit, when no container is meant.
    pub(crate) unit: Option<String>,
}

/// Decodes `path`, a cgroup path or the whole path of a file in the hierarchy.
pub(crate) fn decode(path: &str) -> CgroupPath {
    let mut found = CgroupPath::default();
    for part in path.split('/') {
        // containerd with the systemd driver and a cgroupfs path: `slice:prefix:id`.
        for piece in part.split(':') {
            if let Some(uid) = pod_uid(piece) {
                found.pod_uid = Some(uid);
            }
            if let Some(id) = container_id(piece) {
                found.container_id = Some(id.to_owned());
            }
        }
    }
    if path.contains("kubepods") {
        found.qos = if path.contains("burstable") {
            Some("burstable")
        } else if path.contains("besteffort") {
            Some("besteffort")
        } else {
            // The parent of all classes is no pod of this one.
            found.pod_uid.is_some().then_some("guaranteed")
        };
    }
    if found.container_id.is_none() {
        found.unit = unit(path);
    }
    found
}

/// `pod<UID>` or `…-pod<UID with _>.slice`. Static pods have a hash of 32 digits without dashes.
fn pod_uid(piece: &str) -> Option<String> {
    let piece = piece.strip_suffix(".slice").unwrap_or(piece);
    let uid = match piece.rfind("-pod") {
        Some(at) => piece.get(at + 4..)?,
        None => piece.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    let digits = uid.chars().filter(char::is_ascii_hexdigit).count();
    let dashes = uid.chars().filter(|c| *c == '-').count();
    (digits == 32 && digits + dashes == uid.len() && (dashes == 4 || dashes == 0)).then_some(uid)
}

/// 64 hexadecimal digits, alone or between a prefix such as `docker-` and `.scope`.
fn container_id(piece: &str) -> Option<&str> {
    let piece = piece.strip_suffix(".scope").unwrap_or(piece);
    let id = piece.rsplit('-').next()?;
    (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}

/// The deepest service, else scope, else slice.
fn unit(path: &str) -> Option<String> {
    [".service", ".scope", ".slice"].iter().find_map(|kind| {
        let part = path
            .rsplit('/')
            .find(|part| part.len() > kind.len() && part.ends_with(kind))?;
        Some(part.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(
        path: &str,
        pod: Option<&str>,
        container: bool,
        qos: Option<&str>,
        unit: Option<&str>,
    ) {
        let found = decode(&path.replace("CID", CID));
        assert_eq!(found.pod_uid.as_deref(), pod, "{path}");
        assert_eq!(found.container_id.is_some(), container, "{path}");
        assert_eq!(found.qos, qos, "{path}");
        assert_eq!(found.unit.as_deref(), unit, "{path}");
    }

    #[test]
    fn paths_of_the_field() {
        let uid = "11111111-2222-3333-4444-555555555555";
        let under = uid.replace('-', "_");
        check(
            &format!(
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{under}.slice/cri-containerd-CID.scope"
            ),
            Some(uid),
            true,
            Some("burstable"),
            None,
        );
        check(
            &format!("/kubepods/besteffort/pod{uid}/CID"),
            Some(uid),
            true,
            Some("besteffort"),
            None,
        );
        check(
            &format!("/kubepods.slice/kubepods-pod{under}.slice"),
            Some(uid),
            false,
            Some("guaranteed"),
            Some(&format!("kubepods-pod{under}.slice")),
        );
        check(
            &format!(
                "/system.slice/containerd.service/kubepods-burstable-pod{under}.slice:cri-containerd:CID"
            ),
            Some(uid),
            true,
            Some("burstable"),
            None,
        );
        check(
            "/kubepods/burstable/pod00112233445566778899aabbccddeeff/CID",
            Some("00112233445566778899aabbccddeeff"),
            true,
            Some("burstable"),
            None,
        );
        check("/docker/CID", None, true, None, None);
        check("/system.slice/docker-CID.scope", None, true, None, None);
        check(
            "/machine.slice/libpod-CID.scope/container",
            None,
            true,
            None,
            None,
        );
        check(
            "/system.slice/db.service",
            None,
            false,
            None,
            Some("db.service"),
        );
        check(
            "/user.slice/user-0.slice/session-3.scope",
            None,
            false,
            None,
            Some("session-3.scope"),
        );
        check("/kubepods.slice", None, false, None, Some("kubepods.slice"));
        check("/podcast", None, false, None, None);
        check("/", None, false, None, None);
        check("", None, false, None, None);
    }
}
