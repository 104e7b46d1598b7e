//! OOM events as rows.

use super::text;
use crate::{
    facts::{Facts, Record, Value},
    report::{figures, shown::Shown, view},
    verdict::events::{LIST, all, records},
    words::Lang,
};

/// Most events in the table; the rest is counted.
pub(super) const ROWS_MAX: usize = 50;

/// The table of events.
pub(super) fn events(facts: &Facts, lang: Lang) -> view::Events {
    let all = all(facts);
    let partial = match facts.get(LIST).map(|f| &f.value) {
        Some(Value::List(list)) => list.partial.as_ref().map(|p| Shown::new(p.get(lang))),
        _ => None,
    };
    let groups = records(&facts.root, "oom_groups");
    view::Events {
        total_count: all.len(),
        not_shown_count: all.len().saturating_sub(ROWS_MAX),
        partial,
        rows: all
            .iter()
            .take(ROWS_MAX)
            .map(|event| self::event(event, lang))
            .collect(),
        groups: groups
            .into_iter()
            .filter(|g| g.int("events_count").unwrap_or(0) > 1)
            .map(group)
            .collect(),
        notices: notices(&facts.root),
    }
}

/// Lists of what other programs logged, with the field whose line tells it.
const NOTICES: &[(&str, &str)] = &[
    ("container_ooms", "container_id"),
    ("unit_exits", "unit"),
    ("user_kills", "target"),
];

/// Most lines of other programs.
const NOTICES_MAX: usize = 12;

fn notices(root: &Record) -> Vec<view::EvidenceLine> {
    let lines: Vec<_> = NOTICES
        .iter()
        .flat_map(|(list, field)| {
            records(root, list)
                .into_iter()
                .filter_map(|item| item.get(field))
        })
        .flat_map(|fact| fact.evidence.iter().take(1).cloned())
        .collect();
    super::evidence_up_to(&lines, NOTICES_MAX)
}

fn group(g: &Record) -> view::Group {
    view::Group {
        key: text(g, "key").unwrap_or_default(),
        comm: text(g, "comm"),
        events_count: g.int("events_count"),
        containers_count: g.int("containers_count"),
        containers_text: text(g, "containers_text"),
        victims_text: text(g, "victims_text"),
        first_text: text(g, "first_text"),
        last_text: text(g, "last_text"),
        span_seconds: g.number("span_seconds"),
        limit_bytes: g.int("limit_bytes"),
    }
}

/// One event, with who asked, who was killed and what ran out kept apart.
pub(super) fn event(e: &Record, lang: Lang) -> view::Event {
    view::Event {
        time_text: text(e, "time_text"),
        time_utc: e.number("time").and_then(figures::utc),
        constraint: text(e, "constraint"),
        asked: view::Asked {
            comm: text(e, "invoker.comm"),
            pid: e.int("invoker.pid"),
            same_program: e.flag("invoker.same_program"),
            allocation_path: e
                .text("allocation_path")
                .map(|path| Shown::new(crate::facts::told(path, lang))),
            order: e.number("order"),
            request_bytes: e.int("request_bytes"),
            gfp_flags: text(e, "gfp_flags").or_else(|| text(e, "gfp_mask")),
        },
        killed: killed(e),
        ran_out: ran_out(e),
        missing: e
            .text("missing_text")
            .filter(|parts| !parts.is_empty())
            .map(|parts| Shown::new(crate::facts::told(parts, lang))),
    }
}

fn killed(e: &Record) -> view::Killed {
    view::Killed {
        comm: text(e, "victim.comm"),
        pid: e.int("victim.pid"),
        pids_text: text(e, "victim.pids_text")
            .filter(|_| e.flag("victim.pids_disagree") == Some(true)),
        program: text(e, "victim.program"),
        rss_bytes: e.int("victim.rss_bytes"),
        rss_pages: e.int("victim.rss_pages"),
        page_size_bytes: e.int("page_size_bytes"),
        anon_bytes: e.int("victim.anon_bytes"),
        swap_bytes: e.int("victim.swap_bytes"),
        oom_score_adj: e.number("victim.oom_score_adj"),
        source: text(e, "victim.source"),
        inferred: e.flag("victim.inferred"),
        killed_count: e.int("killed_count"),
    }
}

/// The pod as `kubectl` writes it: `namespace/name`.
pub(super) fn pod(e: &Record) -> Option<String> {
    let name = e.text("memcg.pod_name")?;
    Some(match e.text("memcg.pod_namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    })
}

fn ran_out(e: &Record) -> view::RanOut {
    let cgroup = text(e, "memcg.path");
    let of_victim = text(e, "memcg.task_path").filter(|p| Some(p) != cgroup.as_ref());
    view::RanOut {
        cgroup,
        victim_cgroup: of_victim,
        limit_bytes: e.int("memcg.limit_bytes"),
        usage_bytes: e.int("memcg.usage_bytes"),
        failcnt_count: e.int("memcg.failcnt_count"),
        pod_uid: text(e, "memcg.pod_uid"),
        container_id: text(e, "memcg.container_id"),
        pod_name: pod(e).map(|name| Shown::new(&name)),
        container_name: text(e, "memcg.container_name"),
        image: text(e, "memcg.image"),
        qos: text(e, "memcg.qos"),
        ram_bytes: e.int("memory.ram_bytes"),
        free_bytes: e.int("memory.free_bytes"),
        swap_total_bytes: e.int("memory.swap_total_bytes"),
        swap_free_bytes: e.int("memory.swap_free_bytes"),
    }
}
