//! Prints all facts as indented JSON by several threads: a case with hundreds of reports has tens of
//! megabytes of it. The text is the one that [`super::to_json`] gives.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::ser::{Formatter as _, PrettyFormatter, Serializer};

use self::pen::Pen;
use super::{Below, names, sorted_gaps};
use crate::facts::{Fact, Facts, List, Value};

mod pen;

/// Items of a list that are drawn at once.
const ITEMS: usize = 2;
/// Parts that may be drawn ahead of the one that is written: enough that nobody waits, few enough
/// that their sheets stay in the processor's cache.
const AHEAD: usize = 8;
/// Most threads: by then the writing is the limit.
const THREADS_MAX: usize = 8;

/// Writes what `serde_json::to_writer_pretty` makes of [`super::to_json`], and a newline.
///
/// # Errors
/// What `out` refuses.
pub fn print(facts: &Facts, out: &mut dyn Write) -> io::Result<()> {
    let parts = parts(facts)?;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS_MAX));
    let desk = Desk::default();
    std::thread::scope(|scope| {
        for _ in 1..threads.min(parts.len()) {
            // Where the system gives no thread, this one draws all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, || desk.help(&parts));
        }
        let mut out = BufWriter::new(out);
        let written = desk.write(&parts, &mut out).and_then(|()| out.flush());
        desk.close();
        written
    })
}

/// A part of the text that is drawn in one go. It ends with a line: standard output holds what
/// comes after the last newline back, and would need a second write for it.
struct Part<'f> {
    /// What stands before the value.
    before: String,
    value: What<'f>,
    /// What stands after it.
    after: String,
}

/// What a [`Part`] draws.
enum What<'f> {
    /// A fact of the first level.
    Fact(&'f Fact, Below),
    /// Some items of a list of the first level.
    Items(&'f [Fact], Below),
    /// What could not be read.
    Gaps(&'f Facts),
}

/// All of the text, in order.
fn parts(facts: &Facts) -> io::Result<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut before = "{\n  \"facts\": {".to_owned();
    let mut left = facts.root.fields.len();
    if left > 0 {
        before.push('\n');
    }
    for (name, fact) in &facts.root.fields {
        left -= 1;
        let below = names::tree().get(name);
        let before = format!("{}    {}: ", std::mem::take(&mut before), text(name)?);
        let after = if left > 0 { ",\n" } else { "\n" };
        match &fact.value {
            Value::List(list) if list.items.len() > ITEMS => {
                items(list, below, [&before, after], &mut parts)?;
            }
            _ => parts.push(Part {
                before,
                value: What::Fact(fact, below),
                after: after.to_owned(),
            }),
        }
    }
    let end = if facts.root.fields.is_empty() {
        "}"
    } else {
        "  }"
    };
    let version = names::VERSION;
    parts.push(Part {
        before: format!("{before}{end},\n  \"facts_version\": {version},\n  \"gaps\": "),
        value: What::Gaps(facts),
        after: "\n}\n".to_owned(),
    });
    Ok(parts)
}

/// A list of the first level, in as many parts as it is worth.
fn items<'f>(
    list: &'f List,
    below: Below,
    [before, after]: [&str; 2],
    parts: &mut Vec<Part<'f>>,
) -> io::Result<()> {
    let names = below.and_then(|below| below.get("[]"));
    let mut before = format!("{before}{{\n      \"items\": [\n");
    for some in list.items.chunks(ITEMS) {
        parts.push(Part {
            before: std::mem::take(&mut before),
            value: What::Items(some, names),
            after: ",\n".to_owned(),
        });
    }
    let partial = text(&list.partial.as_ref().map(|why| &why.en))?;
    let unit = text(&below.and_then(|below| below.kind))?;
    if let Some(last) = parts.last_mut() {
        last.after = format!(
            "\n      ],\n      \"partial\": {partial},\n      \"unit\": {unit}\n    }}{after}"
        );
    }
    Ok(())
}

/// A value of one line.
fn text(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}

impl Part<'_> {
    /// Draws on an empty sheet.
    fn draw(&self, mut sheet: Vec<u8>) -> io::Result<Vec<u8>> {
        sheet.extend_from_slice(self.before.as_bytes());
        match self.value {
            What::Fact(fact, names) => Pen::new(&mut sheet).fact(fact, names, 2)?,
            What::Items(items, names) => Pen::new(&mut sheet).items(items, names, 4)?,
            What::Gaps(facts) => gaps(facts, &mut sheet)?,
        }
        sheet.extend_from_slice(self.after.as_bytes());
        Ok(sheet)
    }
}

/// Draws what could not be read, one level inside.
fn gaps(facts: &Facts, to: &mut Vec<u8>) -> io::Result<()> {
    let mut inside = PrettyFormatter::new();
    inside.begin_object(&mut io::sink())?;
    sorted_gaps(facts).serialize(&mut Serializer::with_formatter(to, inside))?;
    Ok(())
}

/// Where parts lie until they are written.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The next part that nobody draws yet.
    next: usize,
    /// Parts that were written.
    written: usize,
    drawn: BTreeMap<usize, io::Result<Vec<u8>>>,
    /// Sheets whose text was written. The next parts are drawn on them: a new sheet of some
    /// hundred kilobytes is memory that the kernel must first find and clear, page by page.
    spare: Vec<Vec<u8>>,
    /// Bytes of the largest sheet that was written: the next new one begins with as many, rather
    /// than to grow and to be copied.
    largest_bytes: usize,
}

impl State {
    /// An empty sheet.
    fn sheet(&mut self) -> Vec<u8> {
        let new = || Vec::with_capacity(self.largest_bytes);
        self.spare.pop().unwrap_or_else(new)
    }

    /// Takes a sheet back whose text was written.
    fn give_back(&mut self, mut sheet: Vec<u8>) {
        self.largest_bytes = self.largest_bytes.max(sheet.len());
        sheet.clear();
        self.spare.push(sheet);
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        // No thread panics while it holds this.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws parts until none is left, never too many ahead of the writer.
    fn help(&self, parts: &[Part<'_>]) {
        loop {
            let mut state = self.state();
            while state.next < parts.len() && state.next >= state.written + AHEAD {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let at = state.next;
            let Some(part) = parts.get(at) else {
                return;
            };
            state.next += 1;
            let sheet = state.sheet();
            drop(state);
            // Whoever waits for a part must hear that it will not come.
            let drawn = catch_unwind(AssertUnwindSafe(|| part.draw(sheet)));
            let drawn = drawn.unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
            self.state().drawn.insert(at, drawn);
            self.changed.notify_all();
        }
    }

    /// Writes all parts in order, and draws while the next one is not there.
    fn write(&self, parts: &[Part<'_>], out: &mut dyn Write) -> io::Result<()> {
        let mut state = self.state();
        while state.written < parts.len() {
            let turn = state.written;
            if let Some(drawn) = state.drawn.remove(&turn) {
                state.written += 1;
                drop(state);
                self.changed.notify_all();
                let sheet = drawn?;
                out.write_all(&sheet)?;
                state = self.state();
                state.give_back(sheet);
                continue;
            }
            let at = state.next;
            let ahead = (at < turn + AHEAD).then(|| parts.get(at)).flatten();
            let Some(part) = ahead else {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.next += 1;
            let sheet = state.sheet();
            drop(state);
            let drawn = part.draw(sheet);
            state = self.state();
            state.drawn.insert(at, drawn);
        }
        Ok(())
    }

    /// Nothing more is drawn: all is written, or nobody reads on.
    fn close(&self) {
        self.state().next = usize::MAX;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
