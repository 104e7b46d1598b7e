//! The task table: rows, the largest one, the largest name, the largest that may not be killed.

use crate::words::Bilingual;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{View, badness};
use crate::facts::{
    Evidence, Fact, List, Record, Value,
    oom::{event::Seen, tasks::Task},
};

/// Why the list lacks rows of the table, if it does: the log lacks one end of it, or only the
/// largest rows were kept.
fn cut(view: &View<'_>, left_out: Option<(usize, usize)>) -> Option<Arc<Bilingual>> {
    let event = view.event;
    if !event.headless_table && !event.cut_end && lacks_victim(view) {
        return Some(Arc::new(Bilingual::new(
            "the row of the killed process is lost",
            "被杀进程所在的行已丢失",
        )));
    }
    let reason = match (event.headless_table, event.cut_end, left_out) {
        (true, _, _) => Bilingual::new(
            "the beginning of the task table is lost",
            "任务表的开头部分已丢失",
        ),
        (false, true, _) => {
            Bilingual::new("the log ends inside the task table", "日志在任务表中间结束")
        }
        (false, false, Some((kept, all))) => Bilingual::new(
            format!(
                "of {all} rows the {kept} largest: the case has too many reports for all rows of all"
            ),
            format!("共 {all} 行，仅保留最大的 {kept} 行：报告太多，无法全部保留"),
        ),
        (false, false, None) => return None,
    };
    Some(Arc::new(reason))
}

/// Whether a process was killed that the table does not list: then it has lost rows.
fn lacks_victim(view: &View<'_>) -> bool {
    view.victim.as_ref().is_some_and(|v| v.row.is_none())
}

/// Puts everything that comes from the table.
pub(super) fn put(view: &View<'_>, record: &mut Record) {
    let event = view.event;
    if event.columns.is_none() {
        return;
    }
    // A table that the end of the log cuts may lack rows.
    let torn = event.cut_end || event.headless_table || lacks_victim(view);
    let scale = badness::scale(view);
    let victim = view.victim.as_ref().and_then(|v| v.row.as_ref());
    let kept = largest_rows(&event.tasks, victim, view.rows_max);
    let left_out = (kept.len() < event.tasks.len()).then_some((kept.len(), event.tasks.len()));
    let list = List {
        items: kept
            .into_iter()
            .map(|row| fact(view, row, scale.as_ref()))
            .collect(),
        partial: cut(view, left_out),
    };
    record.put("tasks", list, Vec::new());
    let rows = &event.tasks;
    if rows.is_empty() || torn {
        return;
    }
    let header = event.columns.as_ref().map(|c| c.evidence.clone());
    let header = header.unwrap_or_default();
    record.put("tasks_count", rows.len(), header.clone());
    let all: u64 = rows.iter().filter_map(|r| r.value.total_pages()).sum();
    record.put_some("tasks_total_bytes", view.bytes(Some(all)), &header);
    if let Some(largest) = rows.iter().max_by_key(|r| r.value.total_pages()) {
        one(view, "largest_task", largest, record);
        record.put_some(
            "largest_task.oom_score_adj",
            largest.value.oom_score_adj,
            &largest.evidence,
        );
        share(view, largest, all, record);
    }
    let exempt = rows.iter().filter(|r| r.value.oom_score_adj == Some(-1000));
    if let Some(exempt) = exempt.max_by_key(|r| r.value.total_pages()) {
        one(view, "exempt_largest", exempt, record);
    }
    group(view, record);
    if let Some(scale) = &scale {
        badness::put(view, scale, record);
    }
}

/// The rows that are put, in the order of the table: the largest ones, and the victim's.
fn largest_rows<'v>(
    rows: &'v [Seen<Task>],
    victim: Option<&Seen<Task>>,
    rows_max: usize,
) -> Vec<&'v Seen<Task>> {
    if rows.len() <= rows_max {
        return rows.iter().collect();
    }
    let killed = |row: &Seen<Task>| victim.is_some() && Some(row) == victim;
    let key = |row: &Seen<Task>| Reverse((killed(row), row.value.total_pages()));
    // Of equal ones the first. Which rows are kept is all that matters, so they are not sorted.
    let mut order: Vec<_> = rows.iter().map(key).zip(0..).collect();
    order.select_nth_unstable(rows_max);
    order.truncate(rows_max);
    order.sort_unstable_by_key(|(_, at)| *at);
    order.iter().filter_map(|(_, at)| rows.get(*at)).collect()
}

fn fact(view: &View<'_>, row: &Seen<Task>, scale: Option<&badness::Scale>) -> Fact {
    let (task, place) = (&row.value, &row.evidence);
    let tables = task
        .page_tables_bytes
        .or_else(|| view.bytes(task.page_tables_pages));
    let adj = task.oom_score_adj;
    // In the order of the names: a case has thousands of rows.
    let record = Record::of_sorted(
        [
            ("comm", Some(task.comm.as_str().into())),
            ("exempt", adj.map(|adj| (adj == -1000).into())),
            ("oom_score_adj", adj.map(Value::from)),
            ("page_tables_bytes", tables.map(Value::from)),
            ("pid", Some(task.pid.into())),
            ("rss_bytes", view.bytes(task.rss_pages).map(Value::from)),
            ("rss_pages", task.rss_pages.map(Value::from)),
            ("score", scale.and_then(|s| s.score(task)).map(Value::from)),
            ("swap_bytes", view.bytes(task.swap_pages).map(Value::from)),
            ("uid", task.uid.map(Value::from)),
            (
                "virtual_bytes",
                view.bytes(task.virtual_pages).map(Value::from),
            ),
        ],
        place,
    );
    Fact {
        value: record.into(),
        evidence: place.clone(),
    }
}

fn one(view: &View<'_>, path: &str, row: &Seen<Task>, record: &mut Record) {
    let place = &row.evidence;
    record.put(&format!("{path}.pid"), row.value.pid, place.clone());
    record.put(
        &format!("{path}.comm"),
        row.value.comm.as_str(),
        place.clone(),
    );
    let bytes = view.bytes(row.value.total_pages());
    record.put_some(&format!("{path}.total_bytes"), bytes, place);
}

fn share(view: &View<'_>, largest: &Seen<Task>, all: u64, record: &mut Record) {
    let row = view.victim.as_ref().and_then(|v| v.row.as_ref());
    let Some((row, own)) = row.and_then(|r| Some((r, r.value.total_pages()?))) else {
        return;
    };
    let most = largest.value.total_pages().unwrap_or(0);
    record.put("victim.largest", own >= most, row.evidence.clone());
    if all > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let percent = (own as f64 / all as f64 * 1000.0).round() / 10.0;
        record.put("victim.share_percent", percent, row.evidence.clone());
    }
}

fn group(view: &View<'_>, record: &mut Record) {
    let mut by_name: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for row in &view.event.tasks {
        let (pages, rows) = by_name.entry(row.value.comm.as_str()).or_default();
        *pages += row.value.total_pages().unwrap_or(0);
        *rows += 1;
    }
    let Some((comm, (pages, rows))) = by_name.into_iter().max_by_key(|(_, (pages, _))| *pages)
    else {
        return;
    };
    // A few rows show it; the rest are in `tasks`.
    let shown = view.event.tasks.iter().filter(|r| r.value.comm == comm);
    let places: Vec<Evidence> = shown.take(3).flat_map(|r| r.evidence.clone()).collect();
    record.put("largest_group.comm", comm, places.clone());
    record.put("largest_group.tasks_count", rows, places.clone());
    record.put_some(
        "largest_group.total_bytes",
        view.bytes(Some(pages)),
        &places,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row((line, rss_pages): (u32, Option<u64>)) -> Seen<Task> {
        let task = Task {
            pid: line.into(),
            rss_pages,
            ..Task::default()
        };
        Seen::new(task, Evidence::new("messages", line, "a row"))
    }

    #[test]
    fn the_largest_rows_and_the_victim_stay_in_their_order() {
        let sizes = [5, 9, 1, 9, 7, 7, 7, 3].map(Some);
        let rows: Vec<_> = (0..).zip(sizes).chain([(8, None)]).map(row).collect();
        let kept = |victim: Option<usize>, rows_max| -> Vec<u64> {
            let victim = victim.and_then(|at| rows.get(at));
            let kept = largest_rows(&rows, victim, rows_max);
            kept.into_iter().map(|row| row.value.pid).collect()
        };
        assert_eq!(kept(None, 2), [1, 3]);
        // Of equal ones the first.
        assert_eq!(kept(None, 4), [1, 3, 4, 5]);
        assert_eq!(kept(Some(2), 4), [1, 2, 3, 4]);
        assert_eq!(kept(Some(8), 3), [1, 3, 8]);
        assert_eq!(kept(None, 9), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
