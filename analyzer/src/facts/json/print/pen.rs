//! Draws facts as indented JSON, straight into bytes: what `serde_json` makes of
//! [`super::super::to_json`], at a fraction of the steps. Most of the text is evidence that stood
//! there just before: the fields of a record quote the same few lines.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use serde::Serialize;

use super::super::{Below, names};
use crate::facts::{Evidence, Fact, List, Record, Value};

/// Heads that are remembered: the fields of a row have one, those of a kill a few.
const HEADS: usize = 8;

/// Draws into a buffer; `levels` is how deep the value stands whose text is drawn.
pub(super) struct Pen<'f, 't> {
    text: &'t mut Vec<u8>,
    heads: VecDeque<Head<'f>>,
}

/// A fact's text up to its unit: the same for all facts of the same evidence at the same depth.
struct Head<'f> {
    evidence: &'f [Evidence],
    levels: usize,
    /// Where in the text it stands.
    at: Range<usize>,
}

impl<'f, 't> Pen<'f, 't> {
    /// Draws at the end of `text`.
    pub(super) fn new(text: &'t mut Vec<u8>) -> Self {
        Self {
            text,
            heads: VecDeque::with_capacity(HEADS),
        }
    }

    /// A fact with its unit and evidence; records and lists have none of their own.
    pub(super) fn fact(&mut self, fact: &'f Fact, names: Below, levels: usize) -> io::Result<()> {
        match &fact.value {
            Value::Record(inner) => self.record(inner, names, levels),
            Value::List(list) => self.list(list, names, levels),
            plain => {
                self.head(&fact.evidence, levels)?;
                self.unit(names);
                self.words(",");
                self.line(levels + 1);
                self.words("\"value\": ");
                self.scalar(plain)?;
                self.line(levels);
                self.words("}");
                Ok(())
            }
        }
    }

    /// The lines of some items of a list, without the end of the last.
    pub(super) fn items(
        &mut self,
        items: &'f [Fact],
        names: Below,
        levels: usize,
    ) -> io::Result<()> {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.words(",\n");
            }
            self.blanks(levels);
            match &item.value {
                Value::Record(inner) => self.record(inner, names, levels)?,
                plain => self.scalar(plain)?,
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &'f Record, names: Below, levels: usize) -> io::Result<()> {
        if record.fields.is_empty() {
            self.words("{}");
            return Ok(());
        }
        // Fields and declarations are both in order: one walk beside the fields finds them all,
        // without a search for each.
        let mut declared = names.into_iter().flat_map(names::Tree::parts).peekable();
        let mut before = "{";
        for (name, fact) in &record.fields {
            let name: &str = name;
            while declared.next_if(|(part, _)| *part < name).is_some() {}
            let below = declared.next_if(|(part, _)| *part == name);
            self.words(before);
            self.line(levels + 1);
            match below {
                // Declared names are letters and underscores.
                Some(_) => self.quoted(name),
                None => self.string(name)?,
            }
            self.words(": ");
            self.fact(fact, below.map(|(_, below)| below), levels + 1)?;
            before = ",";
        }
        self.line(levels);
        self.words("}");
        Ok(())
    }

    fn list(&mut self, list: &'f List, names: Below, levels: usize) -> io::Result<()> {
        let below = names.and_then(|names| names.get("[]"));
        self.words("{");
        self.line(levels + 1);
        self.words("\"items\": [");
        if !list.items.is_empty() {
            self.words("\n");
            self.items(&list.items, below, levels + 2)?;
            self.line(levels + 1);
        }
        self.words("],");
        self.line(levels + 1);
        self.words("\"partial\": ");
        match &list.partial {
            Some(why) => self.string(&why.en)?,
            None => self.words("null"),
        }
        self.words(",");
        self.line(levels + 1);
        self.words("\"unit\": ");
        self.unit(names);
        self.line(levels);
        self.words("}");
        Ok(())
    }

    /// A fact's text up to its unit, copied where it was drawn before.
    fn head(&mut self, evidence: &'f [Evidence], levels: usize) -> io::Result<()> {
        let same = |head: &&Head<'_>| head.levels == levels && head.evidence == evidence;
        if let Some(head) = self.heads.iter().find(same) {
            self.text.extend_from_within(head.at.clone());
            return Ok(());
        }
        let from = self.text.len();
        self.words("{");
        self.line(levels + 1);
        self.words("\"evidence\": [");
        let mut before = "";
        for quote in evidence {
            self.words(before);
            self.line(levels + 2);
            self.words("{");
            self.line(levels + 3);
            self.words("\"entry\": ");
            self.string(&quote.entry)?;
            self.words(",");
            self.line(levels + 3);
            self.words("\"line\": ");
            self.plain(&quote.line)?;
            self.words(",");
            self.line(levels + 3);
            self.words("\"text\": ");
            self.string(&quote.text)?;
            self.line(levels + 2);
            self.words("}");
            before = ",";
        }
        if !evidence.is_empty() {
            self.line(levels + 1);
        }
        self.words("],");
        self.line(levels + 1);
        self.words("\"unit\": ");
        self.heads.truncate(HEADS - 1);
        self.heads.push_front(Head {
            evidence,
            levels,
            at: from..self.text.len(),
        });
        Ok(())
    }

    fn unit(&mut self, names: Below) {
        match names.and_then(|names| names.kind) {
            Some(kind) => self.quoted(kind.word()),
            None => self.words("null"),
        }
    }

    fn scalar(&mut self, value: &Value) -> io::Result<()> {
        match value {
            Value::Text(text) => self.string(text),
            other => self.plain(&super::super::Scalar(other)),
        }
    }

    /// A text in quotes. Nearly none has anything to escape, and to know that takes the machine a
    /// step for many bytes, where escaping looks at each.
    fn string(&mut self, text: &str) -> io::Result<()> {
        let escaped = |b: u8| b < b' ' || b == b'"' || b == b'\\';
        // No early end: only then are many bytes looked at together.
        if text.bytes().fold(false, |any, b| any | escaped(b)) {
            return self.plain(text);
        }
        self.quoted(text);
        Ok(())
    }

    /// A text that has nothing to escape.
    fn quoted(&mut self, text: &str) {
        self.words("\"");
        self.words(text);
        self.words("\"");
    }

    /// A value of one line, as the library writes it.
    fn plain<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        Ok(serde_json::to_writer(&mut *self.text, value)?)
    }

    fn words(&mut self, words: &str) {
        self.text.extend_from_slice(words.as_bytes());
    }

    /// Begins a line.
    fn line(&mut self, levels: usize) {
        self.text.push(b'\n');
        self.blanks(levels);
    }

    fn blanks(&mut self, levels: usize) {
        self.text.resize(self.text.len() + 2 * levels, b' ');
    }
}

#[cfg(test)]
mod tests;
