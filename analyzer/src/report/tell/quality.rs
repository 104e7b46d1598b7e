//! How far the evidence can be trusted.

use super::{Case, items, text};
use crate::{
    facts::{Facts, Record},
    report::{shown::Shown, view},
    verdict::{Verdict, events::records},
    words::Lang,
};

/// Most gaps and most holes in the list; the rest is counted.
const LISTED_MAX: usize = 40;

pub(super) fn of(verdict: &Verdict, facts: &Facts, case: &Case, lang: Lang) -> view::Quality {
    let holes: Vec<&oomscene_bundle::Line> =
        facts.ledger.iter().filter(|line| line.is_hole()).collect();
    view::Quality {
        notes: items(&verdict.evidence_notes, lang),
        torn: case.torn.iter().map(Shown::new).collect(),
        changed: case.changed.iter().map(Shown::new).collect(),
        kernel_log: kernel_log(&facts.root),
        logs: records(&facts.root, "logs").into_iter().map(log).collect(),
        gaps: facts
            .gaps
            .iter()
            .take(LISTED_MAX)
            .map(|gap| view::Gap {
                file: Shown::new(&gap.entry),
                line: Some(gap.line).filter(|l| *l > 0),
                what: Shown::new(gap.what.get(lang)),
            })
            .collect(),
        gaps_not_shown_count: facts.gaps.len().saturating_sub(LISTED_MAX),
        holes: holes.iter().take(LISTED_MAX).map(|l| hole(l)).collect(),
        holes_not_shown_count: holes.len().saturating_sub(LISTED_MAX),
    }
}

fn hole(line: &oomscene_bundle::Line) -> view::Hole {
    view::Hole {
        path: Shown::new(&line.path),
        outcome: line.outcome,
        reason: Shown::new(&line.reason),
        remedy: Shown::new(&line.remedy),
    }
}

fn kernel_log(root: &Record) -> Option<view::KernelLog> {
    root.get("kernel_log")?;
    let log = view::KernelLog {
        source: text(root, "kernel_log.source"),
        whole_boot: root.flag("kernel_log.whole_boot"),
        first_text: text(root, "kernel_log.first_text"),
        last_text: text(root, "kernel_log.last_text"),
        covers_seconds: root.number("kernel_log.covers_seconds"),
        lost_records_count: root.int("kernel_log.lost_records_count"),
        suppressed_count: root.int("kernel_log.suppressed_count"),
    };
    Some(log).filter(|log| *log != view::KernelLog::default())
}

fn log(log: &Record) -> view::Log {
    view::Log {
        file: text(log, "entry").unwrap_or_default(),
        format: text(log, "format"),
        lines_count: log.int("lines_count"),
        first_text: text(log, "first_text"),
        last_text: text(log, "last_text"),
        cut: log.flag("cut"),
    }
}
