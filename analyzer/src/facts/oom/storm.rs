//! A log may hold nothing but kills, a hundred thousand of them: the first and the last events of a
//! log are kept whole, those between are counted, so that memory stays bounded. What was only counted
//! is said in a gap and makes the list partial; nothing goes silently.

use super::{event::OomEvent, facts};
use crate::facts::{Evidence, Facts};
use crate::words::Bilingual;

/// Events of one log that are kept from its beginning.
pub(super) const FIRST_EVENTS: usize = 2_000;
/// Events of one log that are kept up to its end, at least.
pub(super) const LAST_EVENTS: usize = 2_000;

/// Events of one log that were only counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Passed {
    /// How many.
    pub events: u64,
    /// Kills that their lines show: a lower bound.
    pub kills: u64,
    /// Events of a cgroup's limit.
    pub memcg: u64,
    /// Events of the whole machine.
    pub global: u64,
    /// First line of the first and of the last of them.
    pub span: Option<(Evidence, Evidence)>,
}

impl Passed {
    /// Takes the events between the first and the last ones out of `events` when there are so many
    /// that it is worth it. They stand in the order in which they ended.
    pub(super) fn thin(&mut self, events: &mut Vec<OomEvent>) {
        if events.len() < FIRST_EVENTS + 2 * LAST_EVENTS {
            return;
        }
        for event in events.drain(FIRST_EVENTS..FIRST_EVENTS + LAST_EVENTS) {
            self.count(&event);
        }
    }

    fn count(&mut self, event: &OomEvent) {
        self.events += 1;
        self.kills += facts::killed_count(event);
        match facts::constraint_value(event) {
            "memcg" => self.memcg += 1,
            "none" => self.global += 1,
            _ => {}
        }
        let Some(place) = event.places.first() else {
            return;
        };
        let first = self
            .span
            .take()
            .map_or_else(|| place.clone(), |(first, _)| first);
        self.span = Some((first, place.clone()));
    }
}

/// What the logs of a case only counted, once it is known which events are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::facts) struct Storm {
    logs: Vec<Passed>,
    /// Whether one log alone shows events: in another one, those that were counted may be kept.
    alone: bool,
}

impl Storm {
    /// Of each log: how many events it kept, and what it only counted.
    pub(in crate::facts) fn of(logs: Vec<(usize, Passed)>) -> Self {
        let with_events = logs.iter().filter(|(kept, _)| *kept > 0).count();
        let passed = logs.into_iter().map(|(_, passed)| passed);
        Self {
            logs: passed.filter(|passed| passed.events > 0).collect(),
            alone: with_events <= 1,
        }
    }

    /// What is to be added to the sums over the events that are kept.
    pub(super) fn counted(&self) -> Passed {
        self.logs
            .first()
            .filter(|_| self.alone)
            .cloned()
            .unwrap_or_default()
    }

    /// Says what was only counted; gives the reason why the list of events is partial.
    pub(super) fn tell(&self, facts: &mut Facts) -> Option<Bilingual> {
        let sums = if self.alone {
            Bilingual::new(
                "they are in the sums of `oom_summary`, and in no list, group or rule",
                "它们计入 `oom_summary` 的总数，但不出现在任何列表、分组和规则中",
            )
        } else {
            Bilingual::new(
                "they are in no sum, because other logs may show them too, and in no list, group or rule",
                "由于其他日志可能也记录了它们，未计入总数，也不出现在任何列表、分组和规则中",
            )
        };
        for passed in &self.logs {
            let Some((first, last)) = &passed.span else {
                continue;
            };
            let (events, kills) = (passed.events, passed.kills);
            let what = Bilingual::new(
                format!(
                    "too many OOM events to keep: {events} of them (at least {kills} kills), from line {} to line {}, were only counted; {}",
                    first.line, last.line, sums.en
                ),
                format!(
                    "OOM 事件过多：第 {} 行至第 {} 行的 {events} 个事件（至少 {kills} 次杀进程）只做了计数；{}",
                    first.line, last.line, sums.zh
                ),
            );
            let entry = first.entry.clone();
            facts.gap(&entry, first.line, what);
        }
        let events: u64 = self.logs.iter().map(|passed| passed.events).sum();
        (events > 0).then(|| {
            Bilingual::new(
                format!("{events} further events were too many to keep and were only counted"),
                format!("另有 {events} 个事件因数量过多只做了计数"),
            )
        })
    }
}
