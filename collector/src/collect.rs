//! One collection: rooms in order, second copies, the end.

use std::io::Write;
use std::time::{Duration, Instant};

use oomscene_bundle::{End, Error, Kind, Line, Outcome, Writer};
use serde_json::json;

use crate::budget::Budget;
use crate::capture::{self, Second};
use crate::host::Host;
use crate::item::Item;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::privacy::{Cleaned, Privacy};
use crate::probe::clocks;
use crate::sources;
use crate::summary::{Hole, Summary};
use crate::visit::Visit;
use crate::{footprint, header};

/// Time between the two copies of an item.
const BETWEEN: Duration = Duration::from_secs(1);
/// A signal is noticed after this long.
const SLICE: Duration = Duration::from_millis(50);
/// What the run itself cost.
const OWN: &str = "scene/collector.json";

/// The machine that `plan` means.
///
/// # Errors
/// Its root cannot be opened.
pub fn host(plan: &Plan) -> Result<Host, Error> {
    Host::new(&plan.root).map_err(|errno| {
        let why = capture::errno::words(errno);
        Error::new(Kind::Io, "", format!("--root {:?}: {why}", plan.root))
    })
}

/// Takes everything that `plan` asks for from `host` and writes it to `out`. `progress` hears which room comes.
///
/// # Errors
/// `out` refuses.
pub fn collect<W: Write>(
    out: W,
    host: Host,
    plan: &Plan,
    progress: &mut dyn FnMut(&str),
) -> Result<(W, Summary), Error> {
    let mut visit = Visit::start(host, plan.depth, plan.deadline);
    visit.since = since(plan);
    let mut privacy = Privacy::new(&visit.host, plan);
    let header = privacy.header(header::of(&visit.host, plan));
    let top = header::top(&header);
    let mut writer = Writer::begin(out, &top, &header)?;
    let mut summary = Summary {
        top,
        ..Summary::default()
    };
    let budget = Budget {
        bytes_max: plan.bytes_max,
        deadline: plan.deadline,
    };
    let mut again = Again::default();
    let mut cuts = Vec::new();
    for (number, room) in sources::ROOMS.iter().enumerate() {
        progress(&format!(
            "{}/{} {}",
            number + 1,
            sources::ROOMS.len(),
            room.question
        ));
        if again.is_due() {
            again.take(&mut visit, &mut writer, &mut privacy, &mut summary)?;
        }
        for item in room.items {
            if item.twice {
                again.started(item.path);
            }
            take_one(
                item,
                &mut visit,
                &mut writer,
                &mut privacy,
                budget,
                &mut cuts,
            )?;
        }
        close(room.name, &mut writer, &mut summary)?;
    }
    if !again.done {
        again.pause(&visit);
        again.take(&mut visit, &mut writer, &mut privacy, &mut summary)?;
    }
    summary.pseudonyms = privacy.into_pseudonyms().map(|names| names.map());
    summary.stopped = visit.over().or_else(|| cuts.into_iter().next());
    let cost = visit.reader.cost();
    let readers = visit.reader.pids();
    let left_behind = visit.reader.end();
    let mut line = Line::new(OWN, OWN, Outcome::Captured);
    if !left_behind.is_empty() {
        let pids: Vec<String> = left_behind
            .iter()
            .map(|left| left.pid.to_string())
            .collect();
        line.reason = format!("readers that could not be ended: {}", pids.join(", "));
        summary.left_behind = left_behind.iter().map(|left| left.pid).collect();
    }
    writer.put(OWN, &footprint::record(&readers, cost, &left_behind), line)?;
    close(sources::OWN_ROOM, &mut writer, &mut summary)?;
    let end = End {
        peak_rss_bytes: footprint::peak_rss_bytes(),
        cpu_micros: Some(footprint::cpu_micros() + cost.0),
        stopped: summary.stopped.clone(),
        ..End::default()
    };
    let out = writer.finish(end)?;
    Ok((out, summary))
}

/// The time before which no log is wanted (seconds since 1970, UTC).
fn since(plan: &Plan) -> Option<i64> {
    let now = i64::try_from(clocks::read().realtime_ns / 1_000_000_000).ok()?;
    let back = i64::try_from(plan.since?.as_secs()).ok()?;
    Some(now.saturating_sub(back))
}

/// Takes `item`, unless something more valuable needs what is left of the time.
fn take_one<W: Write>(
    item: &Item,
    visit: &mut Visit,
    writer: &mut Writer<W>,
    privacy: &mut Privacy,
    budget: Budget,
    cuts: &mut Vec<String>,
) -> Result<(), Error> {
    let spent = budget.deadline.saturating_sub(visit.left());
    if visit.over().is_none()
        && let Some(reason) = budget.too_late(item.path, item.value, spent)
    {
        cuts.push(reason.clone());
        writer.note(Line {
            reason,
            remedy: "a longer --deadline".to_owned(),
            ..Line::new(item.path, item.path, Outcome::Skipped)
        });
        return Ok(());
    }
    let mut ledger = Ledger::new(writer, budget.bytes_for(item.path, item.value));
    let sink = &mut ledger;
    capture::take(item, visit, &mut Cleaned { sink, privacy })?;
    cuts.extend(ledger.cut());
    Ok(())
}

fn close<W: Write>(room: &str, writer: &mut Writer<W>, summary: &mut Summary) -> Result<(), Error> {
    summary
        .holes
        .extend(writer.open_lines().iter().filter_map(Hole::of));
    writer.close_room(room)
}

/// The second copies, for rates.
#[derive(Default)]
struct Again {
    /// Path and moment (`CLOCK_MONOTONIC`) of each first copy.
    first: Vec<(&'static str, i128)>,
    /// When the last first copy was taken.
    last: Option<Instant>,
    done: bool,
}

impl Again {
    fn started(&mut self, path: &'static str) {
        self.first.push((path, clocks::read().monotonic_ns));
        self.last = Some(Instant::now());
    }

    fn wait(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| {
            BETWEEN.saturating_sub(last.elapsed())
        })
    }

    /// Waits for the second look; not when the run is over.
    fn pause(&self, visit: &Visit) {
        while !self.wait().is_zero() && visit.over().is_none() {
            std::thread::sleep(self.wait().min(visit.left()).min(SLICE));
        }
    }

    /// All first copies are taken before the policy room; the rooms after it fill the pause.
    fn is_due(&self) -> bool {
        let twice = sources::all().filter(|(_, item)| item.twice).count();
        !self.done && self.first.len() == twice && self.wait().is_zero()
    }

    fn take<W: Write>(
        &mut self,
        visit: &mut Visit,
        writer: &mut Writer<W>,
        privacy: &mut Privacy,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        self.done = true;
        let mut second = serde_json::Map::new();
        for (_, item) in sources::all().filter(|(_, item)| item.twice) {
            second.insert(
                item.path.to_owned(),
                json!(nanoseconds(clocks::read().monotonic_ns)),
            );
            let sink = &mut Ledger::new(writer, None);
            capture::take(item, visit, &mut Second(&mut Cleaned { sink, privacy }))?;
        }
        let first: serde_json::Map<_, _> = self
            .first
            .iter()
            .map(|(path, ns)| ((*path).to_owned(), json!(nanoseconds(*ns))))
            .collect();
        let path = "scene/second/stamps.json";
        let text =
            json!({"clock": "CLOCK_MONOTONIC", "first_ns": first, "second_ns": second}).to_string();
        writer.put(
            path,
            text.as_bytes(),
            Line::new(path, path, Outcome::Captured),
        )?;
        close(sources::SECOND_ROOM, writer, summary)
    }
}

fn nanoseconds(time: i128) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
