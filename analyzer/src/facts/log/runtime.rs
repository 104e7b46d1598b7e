//! What container runtimes and user-space killers say about memory.

use super::{
    line::{Line, Origin},
    pattern::{owned, pattern},
    stamp::Stamp,
};
use crate::facts::{Evidence, Record};

/// OOM notice of a container runtime.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ContainerOom {
    pub(super) container_id: String,
    pub(super) runtime: &'static str,
    pub(super) stamp: Option<Stamp>,
    pub(super) evidence: Evidence,
}

/// A kill by a user-space killer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UserKill {
    pub(super) killer: &'static str,
    pub(super) target: String,
    pub(super) stamp: Option<Stamp>,
    pub(super) evidence: Evidence,
}

// containerd 1.x quotes a Go struct, 2.x a field.
pattern!(
    TASK_OOM,
    r#"TaskOOM event (?:&TaskOOM\{ContainerID:|(?:container_id|containerID)[:=]\\?"?)(?P<id>[0-9a-f]{12,64})"#
);

/// Reads an OOM notice.
pub(super) fn container_oom(line: &Line<'_>) -> Option<ContainerOom> {
    let Origin::Program(program) = line.origin else {
        return None;
    };
    if !line.text.contains("TaskOOM") {
        return None;
    }
    let groups = TASK_OOM.captures(line.text)?;
    Some(ContainerOom {
        container_id: owned(&groups, "id"),
        runtime: match program {
            "dockerd" => "dockerd",
            "crio" | "cri-o" => "cri-o",
            _ => "containerd",
        },
        stamp: line.stamp.cloned(),
        evidence: line.evidence(),
    })
}

pattern!(
    OOMD,
    r"^Killed (?P<target>/\S+) due to memory (?:used|pressure)"
);
pattern!(
    EARLYOOM,
    r#"^sending SIG(?:TERM|KILL) to process (?P<pid>\d+)(?: uid \d+)? "(?P<target>.*?)": "#
);
pattern!(
    META_OOMD,
    r"^oomd kill: [0-9. ]+(?P<target>/?\S+) \d+ ruleset:"
);
pattern!(NOHANG, r"^\s*Sending SIG(?:TERM|KILL) to the victim");

/// Reads a kill of a user-space killer.
pub(super) fn user_kill(line: &Line<'_>) -> Option<UserKill> {
    let bare = line.bare();
    let program = match line.origin {
        Origin::Program(program) => program,
        _ => "",
    };
    let (killer, target) = match program {
        "systemd-oomd" => ("systemd-oomd", owned(&OOMD.captures(bare)?, "target")),
        "earlyoom" => ("earlyoom", owned(&EARLYOOM.captures(bare)?, "target")),
        "nohang" | "nohang-desktop" => {
            NOHANG.find(bare)?;
            ("nohang", String::new())
        }
        _ if bare.starts_with("oomd kill:") => {
            ("oomd", owned(&META_OOMD.captures(bare)?, "target"))
        }
        _ => return None,
    };
    Some(UserKill {
        killer,
        target,
        stamp: line.stamp.cloned(),
        evidence: line.evidence(),
    })
}

impl ContainerOom {
    /// The record of this notice.
    pub(super) fn record(&self) -> Record {
        let place = vec![self.evidence.clone()];
        let mut record = Record::new();
        record.put("container_id", self.container_id.as_str(), place.clone());
        record.put("runtime", self.runtime, place.clone());
        record.put_some(
            "time_text",
            self.stamp.as_ref().map(|s| s.text.clone()),
            &place,
        );
        record
    }
}

impl UserKill {
    /// The record of this kill.
    pub(super) fn record(&self) -> Record {
        let place = vec![self.evidence.clone()];
        let mut record = Record::new();
        record.put("killer", self.killer, place.clone());
        record.put("target", self.target.as_str(), place.clone());
        record.put_some(
            "time_text",
            self.stamp.as_ref().map(|s| s.text.clone()),
            &place,
        );
        record
    }
}
