//! Who was near the failure and is not to blame: who only asked, and what only fell with the victim.

use super::events;
use crate::{facts::Facts, finding::Finding};

/// What a bystander did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It asked for memory at the moment when there was none left.
    Asked,
    /// A service that ended because its main process was the victim.
    FellWithTheVictim,
}

/// Someone to name and not to blame.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bystander {
    /// What it did.
    pub part: Part,
    /// Program or service.
    pub name: String,
    /// Process id of the first time, for programs.
    pub pid: Option<i128>,
    /// Who was killed instead, or with it.
    pub victim: Option<String>,
    /// Events in which it appears.
    pub events_count: usize,
}

/// The bystanders of the events behind `root`. An invoker is one only when the evidence says that
/// it is not of the victim's program: unknown is not innocent.
pub(super) fn of(root: Option<&Finding>, facts: &Facts) -> Vec<Bystander> {
    let mut found: Vec<Bystander> = Vec::new();
    for event in events::of(root, facts) {
        let victim = event.text("victim.comm").map(str::to_owned);
        if event.flag("invoker.same_program") == Some(false)
            && let Some(name) = event.text("invoker.comm")
        {
            let pid = event.int("invoker.pid");
            add(&mut found, Part::Asked, name, pid, victim.as_deref());
        }
        if let Some(unit) = event.text("failed_unit") {
            add(
                &mut found,
                Part::FellWithTheVictim,
                unit,
                None,
                victim.as_deref(),
            );
        }
    }
    found.sort();
    found
}

fn add(
    found: &mut Vec<Bystander>,
    part: Part,
    name: &str,
    pid: Option<i128>,
    victim: Option<&str>,
) {
    match found
        .iter_mut()
        .find(|b| b.part == part && b.name == name && b.victim.as_deref() == victim)
    {
        Some(known) => known.events_count += 1,
        None => found.push(Bystander {
            part,
            name: name.to_owned(),
            pid,
            victim: victim.map(str::to_owned),
            events_count: 1,
        }),
    }
}
