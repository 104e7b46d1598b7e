//! What the parsers' tests share: a source from a text, a parser's facts, a record of a list.

use std::borrow::Cow;

use super::gather::Parse;
use super::source::Source;
use super::{Facts, Record, Value};

/// A loose file.
pub(crate) fn source<'a>(path: &'a str, text: &'a str) -> Source<'a> {
    Source {
        path: path.to_owned(),
        entry: path,
        first_line: 1,
        content: Cow::Borrowed(text.as_bytes()),
    }
}

/// Facts of one parser on one file.
pub(crate) fn parse(parser: Parse, path: &str, text: &str) -> Facts {
    let mut facts = Facts::default();
    parse_into(parser, path, text, &mut facts);
    facts
}

/// Runs one parser on one file; all its facts must be declared.
pub(crate) fn parse_into(parser: Parse, path: &str, text: &str, facts: &mut Facts) {
    parser(&[&source(path, text)], facts);
    assert_eq!(super::names::undeclared(&facts.root), Vec::<String>::new());
}

/// The record at `index` of the list at `path`.
pub(crate) fn record<'a>(facts: &'a Facts, path: &str, index: usize) -> &'a Record {
    match &facts.root.items(path)[index].value {
        Value::Record(record) => record,
        other => panic!("{path}[{index}] is {other:?}"),
    }
}
