//! The kubelet: names of log folders and links tell pod, namespace and container, also of containers
//! that are gone.

use super::{Fields, Found, put};
use crate::host::Host;

pub(super) fn read(host: &Host, found: &mut Found) {
    // NAMESPACE_POD_UID; Kubernetes names have no underscore.
    for folder in found.paths(host, "var/log/pods/*") {
        let name = folder.rsplit('/').next().unwrap_or_default();
        let parts: Vec<&str> = name.split('_').collect();
        if let [namespace, pod, uid] = parts.as_slice() {
            let mut fields = Fields::new();
            put(&mut fields, "namespace", namespace);
            put(&mut fields, "pod", pod);
            found.pods.insert((*uid).to_owned(), fields);
        }
    }
    // POD_NAMESPACE_CONTAINER-ID.log
    for link in found.paths(host, "var/log/containers/*.log") {
        let name = link.rsplit('/').next().unwrap_or_default();
        let parts: Vec<&str> = name.trim_end_matches(".log").split('_').collect();
        let [pod, namespace, rest] = parts.as_slice() else {
            continue;
        };
        let Some((container, id)) = rest.rsplit_once('-') else {
            continue;
        };
        let mut fields = Fields::new();
        put(&mut fields, "pod", pod);
        put(&mut fields, "namespace", namespace);
        put(&mut fields, "container", container);
        put(&mut fields, "runtime", "kubelet");
        found.add(id, fields);
    }
    // Without logs the pod's own hosts file still has its name.
    for folder in found.paths(host, "var/lib/kubelet/pods/*") {
        let uid = folder.rsplit('/').next().unwrap_or_default().to_owned();
        if found.pods.contains_key(&uid) {
            continue;
        }
        let mut fields = Fields::new();
        if let Some(pod) = hosts(host, &folder) {
            put(&mut fields, "pod", &pod);
        }
        found.pods.insert(uid, fields);
    }
}

/// The kubelet writes the pod's address and name last (its `ensureHostsFile`); a pod on the host's
/// network has the host's file instead.
fn hosts(host: &Host, folder: &str) -> Option<String> {
    let text = host.read(&format!("{folder}/etc-hosts"), 64 * 1024).ok()?;
    let text = String::from_utf8_lossy(&text);
    if !text.contains("Kubernetes-managed hosts file.") {
        return None;
    }
    let last = text
        .lines()
        .take_while(|line| !line.contains("Entries added by HostAliases"))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .last()?;
    let mut words = last.split_whitespace();
    let address = words.next()?;
    let is_own = !address.starts_with("127.") && !address.starts_with("fe00") && address != "::1";
    words.next().filter(|_| is_own).map(str::to_owned)
}
