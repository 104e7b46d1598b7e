//! How the kernel was built: `/proc/config.gz`, or the file that the distribution ships.

use oomscene_bundle::Outcome;
use rustix::io::Errno;

use crate::capture::errno::Trouble;
use crate::item::Made;
use crate::visit::Visit;

/// Most bytes; a whole configuration has about 300 KiB.
const BYTES_MAX: usize = 512 * 1024;

/// `proc/config.gz` as it is, or the text of `/boot/config-RELEASE`.
pub fn take(visit: &mut Visit) -> Vec<Made> {
    let host = &visit.host;
    if let Ok(bytes) = host.read("proc/config.gz", BYTES_MAX) {
        return vec![Made::captured("proc/config.gz", bytes)];
    }
    let release = host.line("proc/sys/kernel/osrelease").unwrap_or_default();
    let mut last = Errno::NOENT;
    for path in [
        format!("boot/config-{release}"),
        format!("lib/modules/{release}/config"),
        format!("usr/lib/modules/{release}/config"),
    ] {
        match host.read(&path, BYTES_MAX) {
            Ok(bytes) => return vec![Made::captured(&path, bytes)],
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(errno) => last = errno,
        }
    }
    let trouble = Trouble::from(last);
    let reason = match trouble.outcome() {
        Outcome::Absent => format!("neither /proc/config.gz nor /boot/config-{release} exists"),
        _ => trouble.reason(),
    };
    let mut made = Made::missing("scene/kernel-config", trouble.outcome(), reason);
    made.errno = trouble.errno();
    vec![made]
}
