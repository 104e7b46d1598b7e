//! Why a fact is unknown, and how to get it, in the reader's words.

use oomscene_bundle::{Line, Outcome};

use super::source::matches;
use super::{Facts, names};
use crate::words::Bilingual;

/// What the names table calls the origin of system calls; no collector takes it.
const STRACE: &str = "an strace file";

/// Why the fact `name` is unknown, and how to get it. The ledger decides; without a line in it the
/// kind of the input does.
#[must_use]
pub fn why_missing(facts: &Facts, name: &names::Name) -> Bilingual {
    let from = name.from;
    if from == "kernel log" && facts.root.flag("kernel_log.present") == Some(true) {
        return Bilingual::new(
            "the kernel log that was given does not say it; give the whole log of that time (`dmesg`, `journalctl -k`, /var/log/messages)",
            "所提供的内核日志里没有这一项；请提供该时间段的完整日志（`dmesg`、`journalctl -k` 或 /var/log/messages）",
        );
    }
    let item = if from == "kernel log" {
        "scene/kmsg"
    } else {
        from
    };
    match line_of(facts, item) {
        // Found for some processes, so the kernel writes it: those of the others were not taken.
        Some(line) if line.outcome == Outcome::Captured && from.starts_with("proc/*/") => {
            Bilingual::new(
                format!(
                    "{item} is taken of the largest and the stuck processes only; for another one read /proc/PID/{} on the machine",
                    item.trim_start_matches("proc/*/")
                ),
                format!(
                    "{item} 只采集占用最大和卡住的进程；其他进程请在机器上直接查看 /proc/PID/{}",
                    item.trim_start_matches("proc/*/")
                ),
            )
        }
        Some(line) => by_outcome(item, line),
        None => by_input(facts, item),
    }
}

/// The ledger line about an item; one that tells of a loss before one that tells of a capture.
fn line_of<'f>(facts: &'f Facts, item: &str) -> Option<&'f Line> {
    let about = |line: &&Line| {
        line.item == item
            || line.path == item
            || matches(item, &line.path)
            // A packed entry has a number: `proc/all/status.000`.
            || line.path.strip_prefix(item).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('/'))
            || line.item.replace("[pid]", "all") == item
            || line.item.replace("[top]", "*") == item
    };
    let lines = || facts.ledger.iter().filter(about);
    lines()
        .find(|l| l.is_hole())
        .or_else(|| lines().find(|l| l.outcome == Outcome::Captured))
        .or_else(|| lines().next())
}

fn by_outcome(item: &str, line: &Line) -> Bilingual {
    let reason = if line.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", line.reason)
    };
    let reason_zh = if line.reason.is_empty() {
        String::new()
    } else {
        format!("（{}）", line.reason)
    };
    if line.is_removed() {
        return Bilingual::new(
            format!(
                "{item} was in the bundle and the customer took it, or a part of it, out before sending{reason}: ask for it"
            ),
            format!("{item} 原本已采集，客户在发送前移除了全部或部分内容{reason_zh}：请向客户索取"),
        );
    }
    match line.outcome {
        Outcome::Denied => Bilingual::new(
            format!(
                "{item} could not be read for lack of rights{reason}: run oomscene-collect as root"
            ),
            format!("无权读取 {item}{reason_zh}：请以 root 身份运行 oomscene-collect"),
        ),
        Outcome::Absent => Bilingual::new(
            format!(
                "this machine does not have {item}{reason}: its kernel is too old, built without it, or the service is not installed"
            ),
            format!("该机器上没有 {item}{reason_zh}：内核版本较旧、未编译此功能，或未安装相应服务"),
        ),
        Outcome::TimedOut => Bilingual::new(
            format!(
                "{item} did not answer in time{reason}: collect again when the load is lower, with a longer --deadline"
            ),
            format!("读取 {item} 超时{reason_zh}：请在负载降低后加大 --deadline 重新采集"),
        ),
        Outcome::Truncated => Bilingual::new(
            format!("only a part of {item} was taken{reason}: collect again with --deep"),
            format!("{item} 只采集了一部分{reason_zh}：请用 --deep 重新采集"),
        ),
        Outcome::Skipped => Bilingual::new(
            format!("{item} was left out on purpose{reason}{}", remedy(line)),
            format!("采集时有意略过了 {item}{reason_zh}{}", remedy_zh(line)),
        ),
        Outcome::Failed => Bilingual::new(
            format!("reading {item} failed{reason}{}", remedy(line)),
            format!("读取 {item} 失败{reason_zh}{}", remedy_zh(line)),
        ),
        Outcome::Captured => Bilingual::new(
            format!("{item} was taken, but does not hold this value: not every kernel writes it"),
            format!("已采集 {item}，但其中没有这一项：并非所有内核版本都输出此信息"),
        ),
    }
}

fn remedy(line: &Line) -> String {
    if line.remedy.is_empty() {
        String::new()
    } else {
        format!(": {}", line.remedy)
    }
}

fn remedy_zh(line: &Line) -> String {
    if line.remedy.is_empty() {
        String::new()
    } else {
        format!("：{}", line.remedy)
    }
}

fn by_input(facts: &Facts, item: &str) -> Bilingual {
    if item == STRACE {
        return Bilingual::new(
            "no strace was given; if it happens again: `strace -f -tt -e trace=memory,process -o FILE -p PID`",
            "没有提供 strace 记录；若可复现：`strace -f -tt -e trace=memory,process -o FILE -p PID`",
        );
    }
    if item == "the input" {
        return Bilingual::new("the input does not say it", "输入中没有这一项");
    }
    match (facts.root.text("input.kind"), facts.root.flag("input.torn")) {
        (Some("bundle"), Some(true)) => Bilingual::new(
            format!(
                "the bundle is torn before {item}: the collector was stopped; run it again and let it finish"
            ),
            format!(
                "采集包不完整，在 {item} 之前就中断了：采集程序被提前终止；请重新运行并等待其结束"
            ),
        ),
        (Some("bundle"), _) => Bilingual::new(
            format!(
                "the bundle does not hold {item}: collect again with the current oomscene-collect, as root"
            ),
            format!("采集包中没有 {item}：请以 root 身份用最新的 oomscene-collect 重新采集"),
        ),
        (Some("folder"), _) => Bilingual::new(
            format!(
                "the folder does not hold {item}: add that file, or run oomscene-collect on the machine as root"
            ),
            format!(
                "该目录中没有 {item}：请补充该文件，或在故障机上以 root 身份运行 oomscene-collect"
            ),
        ),
        // One step brings all of these, so it is said once, whatever the item.
        _ => Bilingual::new(
            "the input is a bare log: run oomscene-collect on the machine as root and give its bundle too",
            "输入只是一份日志：请在故障机上以 root 身份运行 oomscene-collect，并一并提供采集包",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(kind: &str, torn: bool, line: Option<(&str, &str, Outcome)>, fact: &str) -> Bilingual {
        let mut facts = Facts::default();
        facts.put("input.kind", kind, Vec::new());
        if kind == "bundle" {
            facts.put("input.torn", torn, Vec::new());
        }
        facts
            .ledger
            .extend(line.map(|(item, path, outcome)| Line::new(item, path, outcome)));
        why_missing(&facts, names::find(fact).unwrap())
    }

    #[test]
    fn each_reason_has_its_remedy() {
        let denied = Some(("proc/slabinfo", "proc/slabinfo", Outcome::Denied));
        assert!(
            why("bundle", false, denied, "memory.slabs[].name")
                .en
                .contains("as root")
        );
        let packed = Some((
            "proc/[pid]/status",
            "proc/all/status.000",
            Outcome::TimedOut,
        ));
        assert!(
            why("bundle", false, packed, "processes[].uid")
                .en
                .contains("in time")
        );
        let top = Some(("proc/[top]/maps", "proc/5/maps", Outcome::Denied));
        assert!(
            why("bundle", false, top, "processes[].maps_count")
                .zh
                .contains("root")
        );
        let kmsg = Some(("scene/kmsg", "scene/kmsg", Outcome::Denied));
        assert!(
            why("bundle", false, kmsg, "oom_events[].order")
                .en
                .starts_with("scene/kmsg could not")
        );
        assert!(
            why("bundle", true, None, "memory.total_bytes")
                .en
                .contains("torn")
        );
        assert!(
            why("log", false, None, "memory.total_bytes")
                .en
                .contains("bare log")
        );
        assert!(
            why("folder", false, None, "memory.total_bytes")
                .en
                .contains("add that file")
        );
        let old = Some(("proc/meminfo", "proc/meminfo", Outcome::Captured));
        assert!(
            why("bundle", false, old, "memory.available_bytes")
                .en
                .contains("does not hold this value")
        );
    }

    #[test]
    fn every_name_has_an_answer_in_both_languages() {
        for name in names::all() {
            for kind in ["bundle", "folder", "log"] {
                let text = why(kind, false, None, name.path);
                assert!(!text.en.is_empty() && !text.zh.is_empty(), "{}", name.path);
            }
        }
    }
}
