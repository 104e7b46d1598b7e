//! The three figures under the verdict.

use crate::{
    facts::{Facts, Record, told},
    report::{
        figures::{bytes, count},
        shown::Shown,
        view::KeyFact,
        words::word,
    },
    verdict::{Outcome, Verdict, events},
    words::Lang,
};

/// What ran out, who was killed and how often; without an event, what was read and checked.
pub(super) fn of(
    verdict: &Verdict,
    facts: &Facts,
    leading: Option<&Record>,
    lang: Lang,
) -> Vec<KeyFact> {
    let tell = Tell { facts, lang };
    let found = match leading {
        Some(event) => vec![
            tell.ran_out(event),
            tell.killed(event),
            tell.how_often(verdict),
        ],
        None if verdict.outcome == Outcome::RootCause => {
            vec![tell.host(), tell.memory(), Some(tell.no_events())]
        }
        None => vec![
            Some(tell.no_events()),
            tell.covers(),
            Some(tell.checked(verdict)),
        ],
    };
    found.into_iter().flatten().collect()
}

struct Tell<'a> {
    facts: &'a Facts,
    lang: Lang,
}

impl Tell<'_> {
    fn fact(
        &self,
        label: &'static str,
        value: impl AsRef<str>,
        detail: impl AsRef<str>,
    ) -> KeyFact {
        KeyFact {
            label: Shown::new(word(label, self.lang)),
            value: Shown::new(value),
            detail: Shown::new(detail),
        }
    }

    fn ran_out(&self, event: &Record) -> Option<KeyFact> {
        let is_limit = event.text("constraint") == Some("memcg");
        if let Some(limit) = event.int("memcg.limit_bytes").filter(|_| is_limit) {
            let value = format!("{} {}", word("limit", self.lang), bytes(limit));
            let detail = self.whose(event);
            return Some(self.fact("ran_out", value, detail));
        }
        if is_limit {
            let detail = self.whose(event);
            return Some(self.fact("ran_out", word("limit_lost", self.lang), detail));
        }
        if event.text("constraint") != Some("none") {
            return None;
        }
        let detail = match (
            event.int("memory.ram_bytes"),
            event.int("memory.swap_total_bytes"),
        ) {
            (Some(ram), Some(swap)) => format!(
                "{} {} · {} {}",
                word("ram", self.lang),
                bytes(ram),
                word("swap", self.lang),
                bytes(swap)
            ),
            (Some(ram), None) => format!("{} {}", word("ram", self.lang), bytes(ram)),
            _ => String::new(),
        };
        Some(self.fact("ran_out", word("constraint_none", self.lang), detail))
    }

    /// Whose limit it is, by the shortest name that a reader can look for.
    fn whose(&self, event: &Record) -> String {
        if let Some(pod) = super::events::pod(event) {
            let container = event.text("memcg.container_name");
            let container = container.map_or_else(String::new, |name| format!(" · {name}"));
            return format!("{} {pod}{container}", word("pod", self.lang));
        }
        if let Some(name) = event.text("memcg.container_name") {
            return format!("{} {name}", word("container", self.lang));
        }
        if let Some(pod) = event.text("memcg.pod_uid") {
            return format!("{} {pod}", word("pod", self.lang));
        }
        ["memcg.unit", "memcg.path", "memcg.container_id"]
            .iter()
            .find_map(|path| event.text(path))
            .unwrap_or_default()
            .to_owned()
    }

    fn killed(&self, event: &Record) -> Option<KeyFact> {
        let comm = event.text("victim.comm")?;
        let value = match event.int("victim.pid") {
            Some(pid) => format!("{comm} ({pid})"),
            None => comm.to_owned(),
        };
        let detail = event
            .int("victim.rss_bytes")
            .map(|rss| format!("{} {}", word("resident", self.lang), bytes(rss)));
        Some(self.fact("killed", value, detail.unwrap_or_default()))
    }

    fn how_often(&self, verdict: &Verdict) -> Option<KeyFact> {
        let all = events::all(self.facts);
        let of_root = events::of(verdict.root.as_ref(), self.facts).len();
        let first = all.first().and_then(|e| e.text("time_text"));
        let last = all.last().and_then(|e| e.text("time_text"));
        let mut detail = match (first, last) {
            (Some(first), Some(last)) if first != last => format!("{first} … {last}"),
            (Some(only), _) | (None, Some(only)) => only.to_owned(),
            (None, None) => String::new(),
        };
        if of_root < all.len() {
            let of_this_cause =
                word("of_this_cause", self.lang).replace("{n}", &of_root.to_string());
            detail = format!("{of_this_cause} · {detail}");
        }
        let seen = count(i128::try_from(all.len()).ok()?);
        Some(self.fact("events_seen", seen, detail))
    }

    fn no_events(&self) -> KeyFact {
        let seen = events::all(self.facts).len();
        let detail = self
            .facts
            .root
            .int("vmstat.oom_kill_count")
            .map(|n| format!("{} {}", word("kernel_counted", self.lang), count(n)));
        self.fact("events_seen", seen.to_string(), detail.unwrap_or_default())
    }

    fn host(&self) -> Option<KeyFact> {
        let name = self.facts.root.text("host.name")?;
        let release = self.facts.root.text("host.kernel_release");
        Some(self.fact("host", name, release.unwrap_or_default()))
    }

    fn memory(&self) -> Option<KeyFact> {
        let total = self.facts.root.int("memory.total_bytes")?;
        let available = self.facts.root.int("memory.available_bytes");
        let detail = available.map(|n| format!("{} {}", word("available", self.lang), bytes(n)));
        Some(self.fact("ram", bytes(total), detail.unwrap_or_default()))
    }

    fn covers(&self) -> Option<KeyFact> {
        let root = &self.facts.root;
        let spans = events::records(root, "log_spans");
        if spans.len() > 1 {
            let stretch = |span: &Record| {
                let (from, to) = (span.text("from_text")?, span.text("to_text")?);
                let logs = span.text("logs_text").unwrap_or_default();
                let (open, close) = (word("open", self.lang), word("close", self.lang));
                Some(format!("{from} … {to}{open}{logs}{close}"))
            };
            let all: Vec<String> = spans.into_iter().filter_map(stretch).collect();
            let text = all.join(word("comma", self.lang));
            return Some(self.fact("log_covers", text, ""));
        }
        let first = root.text("kernel_log.first_text")?;
        let last = root.text("kernel_log.last_text")?;
        let source = root.text("kernel_log.source").unwrap_or_default();
        let detail = told(source, self.lang);
        Some(self.fact("log_covers", format!("{first} … {last}"), detail))
    }

    fn checked(&self, verdict: &Verdict) -> KeyFact {
        let detail = format!(
            "{} {} · {} {}",
            word("ruled_out", self.lang),
            verdict.ruled_out.len(),
            word("cannot_tell", self.lang),
            verdict.cannot_tell.len()
        );
        self.fact("rules_checked", verdict.rules_count.to_string(), detail)
    }
}
