//! Everything of a log that is no report of the kernel: its other lines about memory, what programs
//! say, what was lost. One log is read into one [`Programs`]; those of all logs are joined.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{
    around::Around,
    audit,
    bounded::{self, Passed},
    containers::{self, ContainerOom, KubeletNotice},
    describe::{Describe, PodContainer},
    ends::{self, Ended},
    killers::{Killers, UserKill},
    line::Line,
    losses::{self, Loss},
    notices::{self, Notice},
    refused::{self, Refused},
    said::{self, Placing, Said},
    strace,
    systemd::{self, UnitExit, UnitUsage},
};
use crate::facts::address_maps::{Attached, Given};
use crate::facts::oom::tasks::name_of_row;
use crate::facts::{Facts, List, Record};
use crate::words::Bilingual;

/// What one log says.
#[derive(Debug, Default)]
pub(super) struct Programs {
    pub(super) notices: Vec<Said<Notice>>,
    pub(super) losses: Vec<Said<Loss>>,
    pub(super) exits: Vec<Said<UnitExit>>,
    usages: Vec<Said<UnitUsage>>,
    ooms: Vec<Said<ContainerOom>>,
    kubelet: Vec<Said<KubeletNotice>>,
    killers: Killers,
    ends: Vec<Said<Ended>>,
    refused: Vec<Said<Refused>>,
    calls: Vec<strace::Call>,
    audit: audit::Audit,
    describe: Describe,
    maps: Attached,
    /// What was only counted, by the list that it would be in.
    passed: BTreeMap<&'static str, Passed>,
    /// Starts of a kernel among that.
    boots_passed: usize,
    /// Lines of the kernel that were lost, as what was only counted says.
    pub(super) lost_lines_passed: u64,
}

/// Records between two looks at how long the lists have become.
const LOOK_EVERY_RECORDS: u64 = 512;

/// Words of container runtimes and the kubelet.
const CONTAINER_MARKERS: &[&str] = &[
    "OOM",
    "/tasks/oom",
    "container oom ",
    "low on resource: memory",
    "viction manager",
    "nsufficient memory available",
    "NodeHasInsufficientMemory",
    "EvictionThresholdMet",
];

/// Words of lines that programs write about their own ends and troubles.
const PROGRAM_MARKERS: [&[&str]; 4] = [
    refused::MARKERS,
    ends::MARKERS,
    losses::MARKERS,
    CONTAINER_MARKERS,
];

/// Words that every line has which is read by its words alone, but for a lone `Killed`; those of
/// programs first.
fn words() -> impl Iterator<Item = &'static &'static str> {
    let others = [
        notices::MARKERS,
        notices::CACHE_MARKERS,
        strace::MARKERS,
        audit::MARKERS,
    ];
    PROGRAM_MARKERS.into_iter().chain(others).flatten()
}

// One pass tells whether any of the patterns is worth a look: most lines have nothing to do with
// memory, and the patterns are many.
// A table for each state takes half the time of one that is packed.
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    builder.kind(Some(AhoCorasickKind::DFA)).build(words()).ok()
});

/// Whether one of the words that `text` has is of a program.
fn has_word_of_program(text: &str) -> bool {
    let programs: usize = PROGRAM_MARKERS.iter().map(|words| words.len()).sum();
    FINDER.as_ref().is_none_or(|finder| {
        let mut words = finder.find_overlapping_iter(text);
        words.any(|word| word.pattern().as_usize() < programs)
    })
}

/// Whether a line has one of the words. Of a row of a task table only the name is looked at, with the
/// blank before it: a report has hundreds of rows, and no word is of digits and blanks.
fn has_word(text: &str) -> bool {
    let name = name_of_row(text).and_then(|name| text.get(text.len() - name.len() - 1..));
    FINDER
        .as_ref()
        .is_none_or(|finder| finder.is_match(name.unwrap_or(text)))
}

impl Programs {
    /// Reads one record; `index` is its position among all records.
    pub(super) fn feed(&mut self, line: &Line<'_>, index: u64) {
        if index.is_multiple_of(LOOK_EVERY_RECORDS) {
            self.thin();
        }
        // A lone word, too short for the list of words.
        let lone = line.text == "Killed";
        let worded = lone || has_word(line.text);
        if worded {
            notices::read(line, index, &mut self.notices);
            self.audit.feed(line);
        }
        systemd::read(line, index, &mut self.exits);
        self.killers.feed(line, index);
        self.describe.feed(line);
        self.maps.feed(line);
        let said = |usage| Said::at(usage, line, index);
        self.usages.extend(systemd::usage(line).map(said));
        if !worded {
            return;
        }
        if let Some(call) = strace::call(line) {
            self.calls.push(call);
            return;
        }
        if !(lone || has_word_of_program(line.text)) {
            return;
        }
        refused::read(line, index, &mut self.refused);
        let loss = losses::loss(line).map(|loss| Said::at(loss, line, index));
        self.losses.extend(loss);
        let oom = containers::container_oom(line).map(|oom| Said::at(oom, line, index));
        self.ooms.extend(oom);
        let notice = containers::kubelet(line).map(|notice| Said::at(notice, line, index));
        self.kubelet.extend(notice);
        let end = ends::ended(line).map(|end| Said::at(end, line, index));
        self.ends.extend(end);
    }

    /// Keeps of each list no more than its first and its last entries.
    fn thin(&mut self) {
        fn lines<T>(
            list: &mut Vec<Said<T>>,
            name: &'static str,
            all: &mut BTreeMap<&'static str, Passed>,
            counted: impl FnMut(&Said<T>),
        ) {
            let mut passed = all.remove(name);
            bounded::thin(
                list,
                bounded::LINES,
                &mut passed,
                |said| said.evidence.first(),
                counted,
            );
            all.extend(passed.map(|passed| (name, passed)));
        }
        let all = &mut self.passed;
        let boots = &mut self.boots_passed;
        lines(&mut self.notices, "kernel_notices", all, |notice| {
            *boots += usize::from(notice.value.kind == "boot");
        });
        let lost = &mut self.lost_lines_passed;
        lines(&mut self.losses, "log_losses", all, |loss| {
            if losses::KERNEL_LINES.contains(&loss.value.kind) {
                *lost += loss.value.count.unwrap_or(0);
            }
        });
        lines(&mut self.exits, "unit_exits", all, |_| {});
        lines(&mut self.usages, "unit_usages", all, |_| {});
        lines(&mut self.ooms, "container_ooms", all, |_| {});
        lines(&mut self.kubelet, "kubelet_notices", all, |_| {});
        lines(&mut self.killers.kills, "user_kills", all, |_| {});
        lines(&mut self.ends, "process_ends", all, |_| {});
        lines(&mut self.refused, "memory_errors", all, |_| {});
    }

    /// Offset of local time that the description of a pod shows: who describes a pod together with a
    /// log without a zone sits at the clock that wrote it.
    pub(super) fn utc_offset_seconds(&self) -> Option<i32> {
        self.describe.utc_offset_seconds
    }

    /// Ends the log.
    pub(super) fn finish(&mut self) {
        self.describe.finish();
        self.maps.finish();
    }

    /// Hands stamp and boot of everything that was said to `place`.
    pub(super) fn each(&mut self, place: &mut dyn FnMut(Placing<'_>)) {
        fn of<T>(all: &mut [Said<T>], place: &mut dyn FnMut(Placing<'_>)) {
            for said in all {
                place(Placing {
                    line: said.evidence.first().map_or(0, |e| e.line),
                    stamp: &mut said.stamp,
                    boot: &mut said.boot,
                });
            }
        }
        of(&mut self.notices, place);
        of(&mut self.losses, place);
        of(&mut self.exits, place);
        of(&mut self.usages, place);
        of(&mut self.ooms, place);
        of(&mut self.kubelet, place);
        of(&mut self.killers.kills, place);
        of(&mut self.ends, place);
        of(&mut self.refused, place);
    }
}

/// What all logs of a case say together.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) around: Around,
    pub(super) notices: Vec<Said<Notice>>,
    pub(super) losses: Vec<Said<Loss>>,
    usages: Vec<Said<UnitUsage>>,
    kubelet: Vec<Said<KubeletNotice>>,
    kills: Vec<Said<UserKill>>,
    ends: Vec<Said<Ended>>,
    refused: Vec<Said<Refused>>,
    calls: Vec<strace::Call>,
    containers: Vec<PodContainer>,
    maps: Vec<Given>,
    passed: Vec<(&'static str, Passed)>,
    boots_passed: usize,
}

/// Joins what several logs say: the same line in two logs is one.
pub(super) fn join(logs: Vec<Programs>) -> Joined {
    let mut all = Joined::default();
    let (mut notices, mut losses, mut exits, mut usages) = (vec![], vec![], vec![], vec![]);
    let (mut ooms, mut kubelet, mut kills) = (vec![], vec![], vec![]);
    let (mut ends, mut refused) = (vec![], vec![]);
    for log in logs {
        notices.push(log.notices);
        losses.push(log.losses);
        exits.push(log.exits);
        usages.push(log.usages);
        ooms.push(log.ooms);
        kubelet.push(log.kubelet);
        kills.push(log.killers.kills);
        ends.push(log.ends);
        refused.push(log.refused);
        all.calls.extend(log.calls);
        all.containers.extend(log.describe.containers);
        all.maps.extend(log.maps.maps);
        all.around.execs.extend(log.audit.finish());
        all.passed.extend(log.passed);
        all.boots_passed += log.boots_passed;
    }
    all.notices = said::joined(notices);
    all.losses = said::joined(losses);
    all.around.exits = said::joined(exits);
    all.usages = said::joined(usages);
    all.around.notices = said::joined(ooms);
    all.kubelet = said::joined(kubelet);
    all.kills = said::joined(kills);
    all.ends = said::joined(ends);
    all.refused = said::joined(refused);
    all
}

/// How a list of one kind is put.
struct Lists<'f> {
    zone: Option<i32>,
    partial: Option<Arc<Bilingual>>,
    passed: &'f [(&'static str, Passed)],
    facts: &'f mut Facts,
}

impl Lists<'_> {
    fn put(&mut self, path: &str, records: impl Iterator<Item = Record>) {
        let passed = self.passed.iter().filter(|(list, _)| *list == path);
        let passed = passed.map(|(_, passed)| passed);
        let list = List {
            items: records
                .map(|record| crate::facts::Fact {
                    value: record.into(),
                    evidence: Vec::new(),
                })
                .collect(),
            partial: bounded::tell(path, passed, self.partial.as_ref(), self.facts),
        };
        self.facts.put(path, list, Vec::new());
    }

    fn said<T>(&mut self, path: &str, all: &[Said<T>], record: impl Fn(&Said<T>) -> Record) {
        let zone = self.zone;
        let with_time = |said| {
            let mut record = record(said);
            said.put_when(zone, &mut record);
            record
        };
        self.put(path, all.iter().map(with_time));
    }
}

/// Puts the lists of lines that the kernel wrote.
pub(super) fn put_kernel(
    all: &Joined,
    zone: Option<i32>,
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) {
    let mut lists = Lists {
        zone,
        partial: partial.cloned(),
        passed: &all.passed,
        facts,
    };
    lists.said("kernel_notices", &all.notices, Said::<Notice>::record);
    let boots = all.notices.iter().filter(|n| n.value.kind == "boot");
    let boots = boots.count() + all.boots_passed;
    facts.put("kernel_log.boots_count", boots, Vec::new());
}

/// Puts the lists of what programs say.
pub(super) fn put(
    all: &Joined,
    zone: Option<i32>,
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) {
    // Program lines come from logs of their own, which a whole ring buffer does not make whole.
    let other = Arc::new(Bilingual::new(
        "only the kernel's ring buffer is known to be whole",
        "只能确定内核环形缓冲区是完整的",
    ));
    let mut lists = Lists {
        zone,
        partial: Some(partial.cloned().unwrap_or(other)),
        passed: &all.passed,
        facts,
    };
    lists.said("log_losses", &all.losses, Said::<Loss>::record);
    lists.said("unit_exits", &all.around.exits, Said::<UnitExit>::record);
    lists.said("unit_usages", &all.usages, Said::<UnitUsage>::record);
    lists.said(
        "container_ooms",
        &all.around.notices,
        Said::<ContainerOom>::record,
    );
    lists.said(
        "kubelet_notices",
        &all.kubelet,
        Said::<KubeletNotice>::record,
    );
    lists.said("user_kills", &all.kills, Said::<UserKill>::record);
    lists.said("process_ends", &all.ends, Said::<Ended>::record);
    lists.said("memory_errors", &all.refused, Said::<Refused>::record);
    lists.put("execs", all.around.execs.iter().map(audit::Exec::record));
    if !all.containers.is_empty() {
        let containers = all.containers.iter().map(PodContainer::record);
        lists.put("pod_containers", containers);
    }
    if !all.maps.is_empty() {
        lists.put("address_maps", all.maps.iter().map(Given::record));
    }
    if !all.calls.is_empty() {
        lists.put("syscalls", all.calls.iter().map(strace::Call::record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a row the name is enough: no word has more of what stands before it than a blank.
    #[test]
    fn a_row_has_the_words_of_its_name() {
        let in_row = |b: &u8| matches!(b, b'0'..=b'9' | b' ' | b'-' | b'[' | b']');
        for word in words() {
            let numbers = word.bytes().take_while(in_row).count();
            let blank = word[..numbers].rfind(' ');
            assert!(
                numbers < word.len() && blank.is_none_or(|at| at == 0),
                "{word}"
            );
        }
        let row = "[  500]     0   500     2123      181    54        3       37             0 ";
        assert!(!has_word(&format!("{row}sshd")));
        assert!(has_word(&format!("{row}OOMKiller")) && has_word(&format!("{row}Killed")));
        assert!(has_word(
            "[  500]: x: page allocation stalls for 10001ms, order:0"
        ));
    }
}
