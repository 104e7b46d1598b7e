//! Which lines of the audit log tell about memory.

/// Record types that do: abnormal ends, the failed calls that the site audits, and what was run with
/// which arguments.
const TYPES: &[&str] = &[
    "type=ANOM_ABEND ",
    "type=SYSCALL ",
    "type=EXECVE ",
    "type=PROCTITLE ",
    "type=DAEMON_",
    "type=SYSTEM_",
    "type=SERVICE_",
];

/// Lines of those types.
#[must_use]
pub fn relevant(log: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in log.split_inclusive(|b| *b == b'\n') {
        // A record may begin with `node=NAME `.
        let head = String::from_utf8_lossy(line.get(..line.len().min(200)).unwrap_or_default());
        if TYPES.iter().any(|kind| head.contains(kind)) {
            out.extend_from_slice(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_stay_out() {
        let log = b"type=USER_AUTH msg=audit(1.0:1): acct=\"x\"\ntype=ANOM_ABEND msg=audit(1.0:2): pid=7\nnode=a type=SYSCALL msg=audit(1.0:3): exit=-12\ntype=EXECVE msg=audit(1.0:3): argc=1 a0=\"java\"\n";
        let kept = String::from_utf8(relevant(log)).unwrap();
        assert_eq!(kept.lines().count(), 3);
        assert!(!kept.contains("USER_AUTH"));
    }
}
