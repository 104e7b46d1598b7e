//! One collection: rooms in order, second copies, the end.

use std::io::Write;
use std::time::{Duration, Instant};

use oomscene_bundle::{End, Error, Kind, Line, Outcome, Writer};
use serde_json::json;

use crate::capture::{self, Second, Sink};
use crate::host::Host;
use crate::item::AS_ROOT;
use crate::plan::Plan;
use crate::privacy::{Cleaned, Privacy};
use crate::probe::clocks;
use crate::sources::{self, Room};
use crate::summary::{Hole, Summary};
use crate::visit::Visit;
use crate::{footprint, header};

/// Time between the two copies of an item.
const BETWEEN: Duration = Duration::from_secs(1);

/// Advice where root was refused.
const REFUSED: &str = "refused even to root: collect on the host, outside any container or sandbox";

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
    let mut again = Again::default();
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
        take_room(room, &mut visit, &mut writer, &mut privacy, &mut again)?;
        close(room.name, &mut writer, &mut summary)?;
    }
    if !again.done {
        std::thread::sleep(again.wait().min(visit.left()));
        again.take(&mut visit, &mut writer, &mut privacy, &mut summary)?;
    }
    summary.pseudonyms = privacy.into_pseudonyms().map(|names| names.map());
    summary.stopped = visit.over();
    let end = End {
        peak_rss_bytes: footprint::peak_rss_bytes(),
        cpu_micros: Some(
            footprint::cpu_micros() + visit.reader.pid().map_or(0, footprint::cpu_micros_of),
        ),
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

fn take_room<W: Write>(
    room: &Room,
    visit: &mut Visit,
    writer: &mut Writer<W>,
    privacy: &mut Privacy,
    again: &mut Again,
) -> Result<(), Error> {
    let mut ledger = Ledger::new(writer);
    for item in room.items {
        if item.twice {
            again.started(item.path);
        }
        let sink = &mut ledger;
        capture::take(item, visit, &mut Cleaned { sink, privacy })?;
    }
    Ok(())
}

fn close<W: Write>(room: &str, writer: &mut Writer<W>, summary: &mut Summary) -> Result<(), Error> {
    summary
        .holes
        .extend(writer.open_lines().iter().filter_map(Hole::of));
    writer.close_room(room)
}

/// The bundle, told that advice must help: root is not told to become root.
struct Ledger<'a, W: Write> {
    writer: &'a mut Writer<W>,
    is_root: bool,
}

impl<'a, W: Write> Ledger<'a, W> {
    fn new(writer: &'a mut Writer<W>) -> Self {
        Self {
            writer,
            is_root: rustix::process::geteuid().is_root(),
        }
    }

    fn advised(&self, mut line: Line) -> Line {
        if self.is_root && line.remedy.starts_with(AS_ROOT) {
            let refused = line.outcome == Outcome::Denied;
            line.remedy = if refused {
                REFUSED.to_owned()
            } else {
                String::new()
            };
        }
        line
    }
}

impl<W: Write> Sink for Ledger<'_, W> {
    fn put(&mut self, path: &str, content: &[u8], line: Line) -> Result<(), Error> {
        let line = self.advised(line);
        self.writer.put(path, content, line)
    }

    fn note(&mut self, line: Line) {
        let line = self.advised(line);
        self.writer.note(line);
    }
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
            let sink = &mut Ledger::new(writer);
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
