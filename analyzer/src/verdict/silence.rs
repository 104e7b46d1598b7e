//! How the case ends when no cause leads: calm, partly covered, or honestly not determined.

use std::cmp::Reverse;

use super::{CannotTell, Found, Outcome, events, rank};
use crate::{
    facts::{Facts, Value},
    finding::{Finding, Role},
    words::Bilingual,
};

/// Most candidates named when the cause is not determined.
pub(super) const CANDIDATES_MAX: usize = 2;

/// The end of the case and the sentence for it.
pub(super) struct Silence {
    pub(super) outcome: Outcome,
    pub(super) headline: Bilingual,
    pub(super) candidates: Vec<CannotTell>,
}

pub(super) fn outcome(
    root: Option<&Finding>,
    rest: &[Found],
    facts: &Facts,
    cannot_tell: &[CannotTell],
) -> Silence {
    if let Some(root) = root {
        return Silence {
            outcome: Outcome::RootCause,
            headline: root.says.clone(),
            candidates: Vec::new(),
        };
    }
    let short = cannot_tell.iter().any(|c| c.role == Role::Cause);
    let failure = failure(rest, facts, short);
    let (outcome, headline) = match &failure {
        Some(says) => (Outcome::NotDetermined, says.clone()),
        None if covers_the_boot(facts) => (Outcome::NothingSinceBoot, and_stands_out(calm(), rest)),
        None => (
            Outcome::NothingInWhatWasRead,
            and_stands_out(calm_so_far(facts), rest),
        ),
    };
    let candidates = match outcome {
        Outcome::NotDetermined => candidates(cannot_tell, rest, facts),
        _ => Vec::new(),
    };
    Silence {
        outcome,
        headline,
        candidates,
    }
}

/// The sentence about a failure whose cause no rule names; `None` when nothing failed.
fn failure(rest: &[Found], facts: &Facts, facts_are_short: bool) -> Option<Bilingual> {
    let events = events::all(facts).len();
    if events > 0 {
        let s = if events == 1 { "" } else { "s" };
        let (why_en, why_zh) = if facts_are_short {
            (
                "the rules that could name it lack facts",
                "可能给出结论的规则缺少所需的事实",
            )
        } else {
            (
                "no rule of the catalogue explains it",
                "规则库中没有规则能解释它",
            )
        };
        return Some(Bilingual::new(
            format!("{events} OOM event{s} found, but the cause is not determined: {why_en}."),
            format!("发现 {events} 个 OOM 事件，但无法确定根因：{why_zh}。"),
        ));
    }
    if let Some(kills) = facts.root.int("vmstat.oom_kill_count").filter(|n| *n > 0) {
        return Some(Bilingual::new(
            format!(
                "The kernel has counted {kills} kill(s) for memory since boot, but none of them is in the logs that were read: the cause is not determined."
            ),
            format!(
                "内核计数器显示开机以来因内存不足杀过 {kills} 个任务，但所读日志中一条记录也没有：无法确定根因。"
            ),
        ));
    }
    let symptom = rest.iter().find(|f| f.role == Role::Symptom)?;
    Some(Bilingual::new(
        format!(
            "The cause is not determined. What was seen: {}",
            symptom.finding.says.en
        ),
        format!("无法确定根因。观察到的现象：{}", symptom.finding.says.zh),
    ))
}

/// Whether the kernel log proves that nothing happened since boot.
fn covers_the_boot(facts: &Facts) -> bool {
    let whole = facts.root.flag("kernel_log.whole_boot") == Some(true);
    let cut = facts.root.int("kernel_log.lost_records_count").unwrap_or(0) > 0;
    let partial = matches!(
        facts.get(events::LIST).map(|f| &f.value),
        Some(Value::List(list)) if list.partial.is_some()
    );
    whole && !cut && !partial
}

/// Adds the weightiest policy or circumstance that was found: where nothing has failed yet, it is
/// what the reader can still change.
fn and_stands_out(calm: Bilingual, rest: &[Found]) -> Bilingual {
    let context = rest
        .iter()
        .filter(|f| f.role == Role::Context)
        .map(|f| &f.finding)
        .min_by(|a, b| rank::by_weight(a, b));
    let Some(finding) = context else { return calm };
    Bilingual::new(
        format!("{} What stands out: {}.", calm.en, finding.title.en),
        format!("{}值得注意：{}。", calm.zh, finding.title.zh),
    )
}

fn calm() -> Bilingual {
    Bilingual::new(
        "No memory failure since boot: the kernel log still holds everything since boot, and there is no OOM kill in it.",
        "开机以来没有发生内存不足：内核日志自开机起完整，其中没有 OOM 杀进程记录。",
    )
}

fn calm_so_far(facts: &Facts) -> Bilingual {
    let stretches = stretches(facts);
    if stretches.len() > 1 {
        let of = |between: &str, join: &str| {
            let all: Vec<String> = stretches
                .iter()
                .map(|(from, to)| format!("{from}{between}{to}"))
                .collect();
            all.join(join)
        };
        return Bilingual::new(
            format!(
                "No memory failure in what was read ({}). Nothing can be said about the time between and outside these.",
                of(" to ", ", and ")
            ),
            format!(
                "所读内容（{}）中没有内存不足的记录；其间的空档和此范围以外的时间无法判断。",
                of(" 至 ", "，以及 ")
            ),
        );
    }
    match span(facts) {
        Some((from, to)) => Bilingual::new(
            format!(
                "No memory failure in what was read (from {from} to {to}). Nothing can be said about the time outside it."
            ),
            format!("所读内容（{from} 至 {to}）中没有内存不足的记录；此范围以外的时间无法判断。"),
        ),
        None if facts.root.flag("kernel_log.present") == Some(true) => Bilingual::new(
            "No memory failure in what was read. The log does not say which time it covers, so nothing can be said about the rest.",
            "所读内容中没有内存不足的记录。日志未说明其覆盖的时间，其余时间无法判断。",
        ),
        None => Bilingual::new(
            "No kernel log was read, so it cannot be told whether memory ran out.",
            "没有读到内核日志，因此无法判断是否发生过内存不足。",
        ),
    }
}

/// The stretches of time that all logs together cover.
fn stretches(facts: &Facts) -> Vec<(String, String)> {
    let told = |record: &crate::facts::Record, edge: &str| {
        let wall = record
            .int(&format!("{edge}_time"))
            .and_then(|seconds| i64::try_from(seconds).ok())
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
            .map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        wall.or_else(|| record.text(&format!("{edge}_text")).map(str::to_owned))
    };
    events::records(&facts.root, "log_spans")
        .into_iter()
        .filter_map(|span| Some((told(span, "from")?, told(span, "to")?)))
        .collect()
}

/// First and last stamp of what was read, when one log alone was read: stamps of different logs
/// cannot be put in order without knowing their clocks.
fn span(facts: &Facts) -> Option<(String, String)> {
    let pair = |record: &crate::facts::Record, prefix: &str| {
        let first = record.text(&format!("{prefix}first_text"))?;
        let last = record.text(&format!("{prefix}last_text"))?;
        Some((first.to_owned(), last.to_owned()))
    };
    pair(&facts.root, "kernel_log.").or_else(|| {
        match events::records(&facts.root, "logs").as_slice() {
            [one] => pair(one, ""),
            _ => None,
        }
    })
}

/// The causes that are closest to being decided: those that fit what was seen, then those that lack
/// the fewest facts.
fn candidates(cannot_tell: &[CannotTell], rest: &[Found], facts: &Facts) -> Vec<CannotTell> {
    let mut causes: Vec<&CannotTell> = cannot_tell
        .iter()
        .filter(|c| c.role == Role::Cause)
        .collect();
    causes.sort_by(|a, b| {
        let key = |c: &CannotTell| {
            (
                Reverse(fits(c, rest, facts)),
                c.missing.len(),
                Reverse(c.severity),
            )
        };
        key(a).cmp(&key(b)).then_with(|| a.rule.cmp(&b.rule))
    });
    causes.into_iter().take(CANDIDATES_MAX).cloned().collect()
}

/// Whether a cause would be about what was seen: it explains a symptom that was found, or it looked
/// at the OOM events, none of its comparisons was false, and only figures of the events are missing.
fn fits(cause: &CannotTell, rest: &[Found], facts: &Facts) -> bool {
    let of_events = format!("{}[]", events::LIST);
    let explains = rest
        .iter()
        .any(|f| f.role == Role::Symptom && cause.explains.contains(&f.finding.rule));
    let about_events = !events::all(facts).is_empty()
        && cause.missing.iter().any(|m| m.path.starts_with(&of_events));
    explains || about_events
}
