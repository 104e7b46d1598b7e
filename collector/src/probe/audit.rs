//! Which lines of the audit log tell about memory.

/// Record types that do: abnormal ends, and the failed calls that the site audits. The arguments of
/// commands (EXECVE, PROCTITLE) are left out; they may hold secrets.
const TYPES: &[&str] = &[
    "type=ANOM_ABEND ",
    "type=SYSCALL ",
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
    fn commands_stay_out() {
        let log = b"type=EXECVE msg=audit(1.0:1): a1=\"--password=x\"\ntype=ANOM_ABEND msg=audit(1.0:2): pid=7\nnode=a type=SYSCALL msg=audit(1.0:3): exit=-12\n";
        assert_eq!(relevant(log).split(|b| *b == b'\n').count(), 3);
    }
}
