//! Kills by user-space killers: systemd-oomd, earlyoom, oomd, nohang, the controller of Talos, and
//! Android's lmkd with the kernel driver that came before it.

use super::{
    line::{Line, Origin},
    pattern::{number, owned, pattern, text},
    said::Said,
};
use crate::facts::{Evidence, Record};

/// One kill.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct UserKill {
    pub(super) killer: &'static str,
    /// Process name or cgroup; empty when the killer did not say.
    pub(super) target: String,
    pub(super) pid: Option<u64>,
    signal: Option<String>,
    rss_bytes: Option<u64>,
    score: Option<u64>,
    oom_score_adj: Option<i64>,
    reason: Option<String>,
    /// Pressure that was measured and its limit, percent.
    pressure_percent: Option<f64>,
    pressure_limit_percent: Option<f64>,
    memory_used_bytes: Option<u64>,
    memory_total_bytes: Option<u64>,
    swap_used_bytes: Option<u64>,
    swap_total_bytes: Option<u64>,
}

/// Reads the kills of one log.
#[derive(Debug, Default)]
pub(super) struct Killers {
    pub(super) kills: Vec<Said<UserKill>>,
    /// What came before the kill: limits that earlyoom met, the victim that nohang describes.
    before: Option<Said<UserKill>>,
}

/// How far the lines of one kill lie apart.
const LINES_MAX: u64 = 60;
const SECONDS_MAX: f64 = 60.0;
/// How far the lines lie apart that mark a cgroup and that say it was killed.
const MARKED_LINES_MAX: u64 = 20;
const MARKED_SECONDS_MAX: f64 = 5.0;
const MIB: f64 = 1_048_576.0;

pattern!(
    OOMD,
    r"^(?:Killed|Marked) (?P<target>[/…]\S+) (?:for killing )?due to (?P<reason>[a-z ]{0,18}>|memory (?:used \(?(?P<used>\d+)\)? / total \(?(?P<total>\d+)\)? and swap used \(?(?P<swap_used>\d+)\)? / total \(?(?P<swap_total>\d+)\)?|pressure|used).*)$"
);
pattern!(
    PRESSURE,
    r"being (?P<measured>\d+(?:\.\d+)?)% > (?P<limit>\d+(?:\.\d+)?)%"
);
pattern!(
    EARLYOOM,
    r#"^sending (?P<signal>SIG(?:TERM|KILL)) to process (?P<pid>\d+)(?: uid \d+)? "(?P<target>.*?)": (?:badness|oom_score) (?P<score>\d+)(?:, oom_score_adj (?P<adj>-?\d+))?(?:, VmRSS (?P<mib>\d+) MiB)?"#
);
pattern!(
    EARLYOOM_OLD,
    r#"^[Kk]illing process (?:(?P<pid_first>\d+) "(?P<quoted>.*?)" with signal (?P<number>\d+).*|(?P<pid>\d+) (?P<target>.+?)|'(?P<name>.*?)' with signal '(?P<signal>[^']*)'.*|'(?P<apart>.*?)' with signal \d+, pid: (?P<pid_apart>\d+).*|(?P<named>\S+), pid: (?P<pid_last>\d+).*)$"#
);
pattern!(
    EARLYOOM_LIMITS,
    r"^(?:low memory! at or below |Low Memory! At or below |Out of memory! avail: ).*$"
);
pattern!(
    META_OOMD,
    r"^oomd kill: (?:[0-9.]+ )+(?P<target>/?\S+) (?P<bytes>\d+) (?:ruleset|detector)\S* ?(?P<rest>.*)$"
);
pattern!(
    TALOS,
    r#"^(?:\[talos\] )?Sending (?P<signal>SIG(?:TERM|KILL)) to cgroup \{.*"cgroup": ?"(?P<target>/[^"]+)""#
);
pattern!(
    NOHANG_SENDS,
    r"^\s*(?:Sending|Send) (?P<signal>SIG(?:TERM|KILL)) to (?:the )?victim"
);
// Its choice in one line, before it looks again whether memory is still short.
pattern!(
    NOHANG_CHOICE,
    r"^\s*PID: (?P<pid>\d+), [Nn]ame: (?P<target>.*), badness: (?P<score>\d+)"
);
pattern!(
    NOHANG_FIELD,
    r"^\s*(?P<key>Name|PID|VmRSS|badness|oom_score|oom_score_adj):\s*(?P<value>-?[^\s,]+)(?P<mib> ?M(?:iB)?\b)?"
);
// Android: the daemon, the driver of 3.x and 4.x, the driver of 2.6.
pattern!(
    LMKD,
    r"^(?:lowmemorykiller: )?(?:Kill|Killing|kill) '(?P<target>[^']*)' \((?P<pid>\d+)\)(?: \(tgid \d+\))?,(?: uid \d+,)? (?:oom_score_)?adj (?P<adj>-?\d+)(?:,? to free (?P<kb>\d+)kB)?(?:.*?reason: (?P<reason>.*))?"
);
pattern!(
    LMK_OLD,
    r"^(?:lowmemorykiller: )?send sigkill to (?P<pid>\d+) \((?P<target>[^)]*)\), adj (?P<adj>-?\d+), size (?P<pages>\d+)"
);

impl Killers {
    /// Reads one line.
    pub(super) fn feed(&mut self, line: &Line<'_>, index: u64) {
        let bare = line.bare();
        let program = match line.origin {
            Origin::Program(program) => program,
            _ => "",
        };
        let kill = match program {
            "systemd-oomd" => oomd(bare),
            "earlyoom" => self.earlyoom(line, index),
            "nohang" | "nohang-desktop" => self.nohang(line, index),
            "lmkd" | "lowmemorykiller" => android(bare),
            _ if bare.starts_with("oomd kill:") => meta_oomd(bare),
            _ if bare.starts_with("lowmemorykiller: ") => android(bare),
            _ if bare.starts_with("[talos] Sending ") || program == "talos" => talos(bare),
            // Run by hand, or the carrier's prefix was cut off: the words are nobody else's.
            "" if line.origin == Origin::Unknown => self.unnamed(line, index),
            _ => None,
        };
        let Some(mut kill) = kill else {
            return;
        };
        let mut evidence = vec![line.evidence()];
        if let Some(before) = self.before.take()
            && before.value.killer == kill.killer
            && before.is_near(line, index, LINES_MAX, SECONDS_MAX)
        {
            evidence.extend(before.evidence);
            kill.take_over(before.value);
        }
        if self.again(&kill, line, index, &evidence) {
            return;
        }
        let mut said = Said::at(kill, line, index);
        said.evidence = evidence;
        self.kills.push(said);
    }

    /// A second signal to the same process is no second kill, nor is what follows the line that
    /// marks a cgroup.
    fn again(&mut self, kill: &UserKill, line: &Line<'_>, index: u64, lines: &[Evidence]) -> bool {
        let cgroup = kill.pid.is_none() && !kill.target.is_empty();
        let (lines_max, seconds_max) = match cgroup {
            true if kill.killer == "systemd-oomd" => (MARKED_LINES_MAX, MARKED_SECONDS_MAX),
            true => return false,
            false => (u64::MAX, SECONDS_MAX),
        };
        let known = self.kills.iter_mut().rev().find(|k| {
            k.value.killer == kill.killer
                && (kill.pid.is_none() || k.value.pid == kill.pid)
                && (!cgroup || k.value.target == kill.target)
                && k.is_near(line, index, lines_max, seconds_max)
        });
        let Some(known) = known else {
            return false;
        };
        known.value.signal = kill.signal.clone().or(known.value.signal.take());
        known.evidence.extend_from_slice(lines);
        true
    }

    /// A line that does not say which program wrote it.
    fn unnamed(&mut self, line: &Line<'_>, index: u64) -> Option<UserKill> {
        let bare = line.bare();
        if bare.starts_with("Killed /") || bare.starts_with("Marked /") {
            return oomd(bare);
        }
        let sizes = bare.contains("badness") || bare.contains("oom_score");
        if EARLYOOM_LIMITS.is_match(bare) || (sizes && bare.contains("VmRSS")) {
            return self.earlyoom(line, index);
        }
        let words = [
            "Victim status (",
            "Memory status that requires corrective action",
        ];
        let begun = self.before.as_ref().is_some_and(|b| {
            b.value.killer == "nohang" && b.is_near(line, index, LINES_MAX, SECONDS_MAX)
        });
        if begun || words.iter().any(|words| bare.starts_with(words)) {
            return self.nohang(line, index);
        }
        None
    }

    fn earlyoom(&mut self, line: &Line<'_>, index: u64) -> Option<UserKill> {
        let bare = line.bare();
        if EARLYOOM_LIMITS.is_match(bare) {
            let limits = UserKill {
                killer: "earlyoom",
                reason: Some(bare.trim_end().to_owned()),
                ..UserKill::default()
            };
            self.before = Some(Said::at(limits, line, index));
            return None;
        }
        if bare.starts_with("escalating to SIGKILL")
            && let Some(last) = self.kills.last_mut()
            && last.value.killer == "earlyoom"
        {
            last.value.signal = Some("SIGKILL".to_owned());
            last.evidence.push(line.evidence());
            return None;
        }
        if let Some(groups) = EARLYOOM.captures(bare) {
            return Some(UserKill {
                killer: "earlyoom",
                target: owned(&groups, "target"),
                pid: number(&groups, "pid"),
                signal: text(&groups, "signal").map(str::to_owned),
                score: number(&groups, "score"),
                oom_score_adj: number(&groups, "adj"),
                rss_bytes: number::<u64>(&groups, "mib").and_then(|n| n.checked_mul(1 << 20)),
                ..UserKill::default()
            });
        }
        let groups = EARLYOOM_OLD.captures(bare)?;
        let name = ["quoted", "apart", "target", "name", "named"]
            .iter()
            .find_map(|name| text(&groups, name))?;
        Some(UserKill {
            killer: "earlyoom",
            target: name.to_owned(),
            pid: ["pid", "pid_first", "pid_apart", "pid_last"]
                .iter()
                .find_map(|name| number(&groups, name)),
            signal: ["signal", "number"]
                .iter()
                .find_map(|name| text(&groups, name).map(str::to_owned)),
            ..UserKill::default()
        })
    }

    fn nohang(&mut self, line: &Line<'_>, index: u64) -> Option<UserKill> {
        let bare = line.bare();
        if bare.starts_with("Victim status")
            || bare.starts_with("TOP process")
            || bare.starts_with("Memory status that requires corrective action")
        {
            // The choice that was made before stays known: it is told once more, or not at all.
            if let Some(begun) = self.before.as_mut()
                && begun.value.killer == "nohang"
                && begun.is_near(line, index, LINES_MAX, SECONDS_MAX)
            {
                return None;
            }
            let victim = UserKill {
                killer: "nohang",
                ..UserKill::default()
            };
            self.before = Some(Said::at(victim, line, index));
            return None;
        }
        if let Some(groups) = NOHANG_SENDS.captures(bare) {
            return Some(UserKill {
                killer: "nohang",
                signal: text(&groups, "signal").map(str::to_owned),
                pid: self.before.as_ref().and_then(|b| b.value.pid),
                ..UserKill::default()
            });
        }
        let victim = &mut self
            .before
            .as_mut()
            .filter(|b| b.value.killer == "nohang")?;
        if let Some(groups) = NOHANG_CHOICE.captures(bare) {
            victim.value.target = owned(&groups, "target");
            victim.value.pid = number(&groups, "pid");
            victim.value.score = number(&groups, "score");
            victim.evidence.push(line.evidence());
            return None;
        }
        let groups = NOHANG_FIELD.captures(bare)?;
        let value = text(&groups, "value").unwrap_or_default();
        let of = &mut victim.value;
        match text(&groups, "key")? {
            "Name" => value.clone_into(&mut of.target),
            "PID" => of.pid = value.parse().ok(),
            "badness" | "oom_score" => of.score = value.parse().ok().or(of.score),
            "oom_score_adj" => of.oom_score_adj = value.parse().ok(),
            // Printed in MiB, in some versions without the unit.
            _ => of.rss_bytes = value.parse().ok().and_then(mebibytes),
        }
        victim.evidence.push(line.evidence());
        None
    }
}

fn mebibytes(mib: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size of memory, checked to be in range"
    )]
    (0.0..1e12).contains(&mib).then_some((mib * MIB) as u64)
}

fn oomd(bare: &str) -> Option<UserKill> {
    let groups = OOMD.captures(bare)?;
    let pressure = PRESSURE.captures(bare);
    let percent = |name| pressure.as_ref().and_then(|p| number(p, name));
    Some(UserKill {
        killer: "systemd-oomd",
        target: owned(&groups, "target"),
        reason: text(&groups, "reason").map(|r| r.trim_end().to_owned()),
        pressure_percent: percent("measured"),
        pressure_limit_percent: percent("limit"),
        memory_used_bytes: number(&groups, "used"),
        memory_total_bytes: number(&groups, "total"),
        swap_used_bytes: number(&groups, "swap_used"),
        swap_total_bytes: number(&groups, "swap_total"),
        ..UserKill::default()
    })
}

/// A dry run kills nobody.
fn meta_oomd(bare: &str) -> Option<UserKill> {
    let groups = META_OOMD.captures(bare)?;
    if bare.contains("(dry)") {
        return None;
    }
    Some(UserKill {
        killer: "oomd",
        target: owned(&groups, "target"),
        rss_bytes: number(&groups, "bytes"),
        reason: text(&groups, "rest").map(|r| r.trim_end().to_owned()),
        ..UserKill::default()
    })
}

fn talos(bare: &str) -> Option<UserKill> {
    let groups = TALOS.captures(bare)?;
    Some(UserKill {
        killer: "talos",
        target: owned(&groups, "target"),
        signal: text(&groups, "signal").map(str::to_owned),
        ..UserKill::default()
    })
}

fn android(bare: &str) -> Option<UserKill> {
    let groups = LMKD.captures(bare).or_else(|| LMK_OLD.captures(bare))?;
    Some(UserKill {
        killer: "lowmemorykiller",
        target: owned(&groups, "target"),
        pid: number(&groups, "pid"),
        oom_score_adj: number(&groups, "adj"),
        rss_bytes: number::<u64>(&groups, "kb").and_then(|kb| kb.checked_mul(1024)),
        reason: text(&groups, "reason").map(|r| r.trim_end().to_owned()),
        ..UserKill::default()
    })
}

impl UserKill {
    /// What is known from the lines before.
    fn take_over(&mut self, before: Self) {
        if self.target.is_empty() {
            self.target = before.target;
        }
        self.pid = self.pid.or(before.pid);
        self.rss_bytes = self.rss_bytes.or(before.rss_bytes);
        self.score = self.score.or(before.score);
        self.oom_score_adj = self.oom_score_adj.or(before.oom_score_adj);
        self.reason = self.reason.take().or(before.reason);
    }
}

impl Said<UserKill> {
    /// The record of this kill.
    pub(super) fn record(&self) -> Record {
        let (kill, place) = (&self.value, &self.evidence);
        let mut record = Record::new();
        record.put("killer", kill.killer, place.clone());
        record.put("target", kill.target.as_str(), place.clone());
        record.put_some("pid", kill.pid, place);
        record.put_some("signal", kill.signal.clone(), place);
        record.put_some("rss_bytes", kill.rss_bytes, place);
        record.put_some("score", kill.score, place);
        record.put_some("oom_score_adj", kill.oom_score_adj, place);
        record.put_some("reason", kill.reason.clone(), place);
        record.put_some("pressure_percent", kill.pressure_percent, place);
        record.put_some("pressure_limit_percent", kill.pressure_limit_percent, place);
        record.put_some("memory_used_bytes", kill.memory_used_bytes, place);
        record.put_some("memory_total_bytes", kill.memory_total_bytes, place);
        record.put_some("swap_used_bytes", kill.swap_used_bytes, place);
        record.put_some("swap_total_bytes", kill.swap_total_bytes, place);
        record
    }
}

#[cfg(test)]
mod tests;
