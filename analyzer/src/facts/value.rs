//! The tree of facts: values in base units, and the lines they come from.

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap, sync::Arc};

use crate::words::Bilingual;

/// One line of evidence. It is shared: thousands of processes have facts from one line each, and
/// many lines come from one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence(Arc<Quote>);

/// What a piece of [`Evidence`] quotes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quote {
    /// Entry of the bundle, or the name of the file as given.
    pub entry: Arc<str>,
    /// Line in it, counted from 1; 0 when it is about the whole entry.
    pub line: u32,
    /// The line's text, cut at [`TEXT_CHARS_MAX`] characters.
    pub text: Box<str>,
}

/// Longest text of one evidence line, in characters: a report quotes, it does not copy.
pub const TEXT_CHARS_MAX: usize = 300;

impl Evidence {
    /// Evidence for `text` at `entry:line`.
    pub fn new(entry: impl AsRef<str>, line: u32, text: &str) -> Self {
        // A text has no more characters than bytes.
        let cut = (text.len() > TEXT_CHARS_MAX)
            .then(|| text.char_indices().nth(TEXT_CHARS_MAX))
            .flatten();
        let text = match cut {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
            None => text.into(),
        };
        Self(Arc::new(Quote {
            entry: shared(entry.as_ref()),
            line,
            text,
        }))
    }
}

impl std::ops::Deref for Evidence {
    type Target = Quote;

    fn deref(&self) -> &Quote {
        &self.0
    }
}

/// The name of an entry, held once for the lines that are read from it one after another.
fn shared(entry: &str) -> Arc<str> {
    thread_local! {
        static LAST: RefCell<Arc<str>> = RefCell::new(Arc::from(""));
    }
    LAST.with_borrow_mut(|last| {
        if **last != *entry {
            *last = Arc::from(entry);
        }
        Arc::clone(last)
    })
}

/// A value in base units: bytes, seconds, counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number: bytes, pages, counts, pids.
    Int(i128),
    /// A number with a fraction: seconds, percent.
    Number(f64),
    /// Text as the machine wrote it.
    Text(String),
    /// Records or values in order.
    List(List),
    /// Named facts.
    Record(Record),
}

/// A known fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What is known.
    pub value: Value,
    /// The lines that say it. Empty for records and for what is counted over many lines.
    pub evidence: Vec<Evidence>,
}

/// Items in order, and whether there may be more of them outside the evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// The items that the evidence shows.
    pub items: Vec<Fact>,
    /// Why there may be more than these (a wrapped ring buffer, a log excerpt); `None` when the
    /// list is whole. A rule that finds nothing in a partial list cannot tell.
    pub partial: Option<Arc<Bilingual>>,
}

/// Named facts; a name that is absent is unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Facts by name. Most names are written in this program and need no memory of their own.
    pub fields: BTreeMap<Cow<'static, str>, Fact>,
}

impl Record {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A record of the values that are known, all said by the same lines. Names in order are put
    /// without a search for their places; each has one part.
    #[must_use]
    pub fn of_sorted<const N: usize>(
        values: [(&'static str, Option<Value>); N],
        evidence: &[Evidence],
    ) -> Self {
        let known = |(name, value): (&'static str, Option<Value>)| {
            let fact = Fact {
                value: value?,
                evidence: evidence.to_vec(),
            };
            Some((Cow::Borrowed(name), fact))
        };
        let mut fields = Vec::with_capacity(N);
        fields.extend(values.into_iter().filter_map(known));
        Self {
            fields: fields.into_iter().collect(),
        }
    }

    /// The fact at a dotted path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Fact> {
        let (head, rest) = match path.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (path, None),
        };
        let fact = self.fields.get(head)?;
        match (rest, &fact.value) {
            (None, _) => Some(fact),
            (Some(rest), Value::Record(record)) => record.get(rest),
            (Some(_), _) => None,
        }
    }

    /// The whole number at a dotted path.
    #[must_use]
    pub fn int(&self, path: &str) -> Option<i128> {
        match self.get(path)?.value {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }

    /// The number at a dotted path, whole or not.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        match self.get(path)?.value {
            #[expect(
                clippy::cast_precision_loss,
                reason = "figures for people, not for sums"
            )]
            Value::Int(n) => Some(n as f64),
            Value::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The text at a dotted path.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        match &self.get(path)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The flag at a dotted path.
    #[must_use]
    pub fn flag(&self, path: &str) -> Option<bool> {
        match self.get(path)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The items of the list at a dotted path; empty when it is unknown.
    #[must_use]
    pub fn items(&self, path: &str) -> &[Fact] {
        match self.get(path).map(|f| &f.value) {
            Some(Value::List(list)) => &list.items,
            _ => &[],
        }
    }

    /// Puts a value at a dotted path, making the records on the way. A later value replaces an
    /// earlier one.
    pub fn put(&mut self, path: &str, value: impl Into<Value>, evidence: Vec<Evidence>) {
        self.place(
            path,
            Fact {
                value: value.into(),
                evidence,
            },
        );
    }

    /// [`Record::put`] when there is a value.
    pub fn put_some<V: Into<Value>>(
        &mut self,
        path: &str,
        value: Option<V>,
        evidence: &[Evidence],
    ) {
        if let Some(value) = value {
            self.put(path, value, evidence.to_vec());
        }
    }

    /// Appends a record to the list at a dotted path, making the list if need be.
    pub fn push(&mut self, path: &str, record: Self) {
        self.list(path).items.push(Fact {
            value: Value::Record(record),
            evidence: Vec::new(),
        });
    }

    /// Says why the list at a dotted path may go on outside the evidence.
    pub fn set_partial(&mut self, path: &str, reason: Bilingual) {
        self.list(path).partial = Some(Arc::new(reason));
    }

    /// The list at a dotted path, made empty and whole if need be.
    pub fn list(&mut self, path: &str) -> &mut List {
        if !matches!(self.get(path).map(|f| &f.value), Some(Value::List(_))) {
            self.put(path, Value::List(List::default()), Vec::new());
        }
        match self.slot(path).map(|f| &mut f.value) {
            Some(Value::List(list)) => list,
            // The list was put just above.
            _ => unreachable!("a list was just put at {path}"),
        }
    }

    fn slot(&mut self, path: &str) -> Option<&mut Fact> {
        match path.split_once('.') {
            None => self.fields.get_mut(path),
            Some((head, rest)) => match &mut self.fields.get_mut(head)?.value {
                Value::Record(record) => record.slot(rest),
                _ => None,
            },
        }
    }

    fn place(&mut self, path: &str, fact: Fact) {
        let Some((head, rest)) = path.split_once('.') else {
            self.fields.insert(Cow::Owned(path.to_owned()), fact);
            return;
        };
        // Most often it is there already: a name of its own is made only for a new one.
        if let Some(inner) = self.fields.get_mut(head) {
            inner.place(rest, fact);
            return;
        }
        let mut inner = Self::new();
        inner.place(rest, fact);
        let inner = Fact {
            value: Value::Record(inner),
            evidence: Vec::new(),
        };
        self.fields.insert(Cow::Owned(head.to_owned()), inner);
    }
}

impl Fact {
    /// Puts a fact inside this one, which becomes a record if it is none.
    fn place(&mut self, path: &str, fact: Self) {
        if !matches!(self.value, Value::Record(_)) {
            self.value = Value::Record(Record::new());
        }
        if let Value::Record(record) = &mut self.value {
            record.place(path, fact);
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}
impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Record> for Value {
    fn from(value: Record) -> Self {
        Self::Record(value)
    }
}
impl From<List> for Value {
    fn from(value: List) -> Self {
        Self::List(value)
    }
}

macro_rules! whole {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::Int(i128::from(value))
            }
        }
    )*};
}
whole!(u8, u16, u32, u64, i8, i16, i32, i64, i128);

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(value as i128)
    }
}

#[cfg(test)]
mod tests;
