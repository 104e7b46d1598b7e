//! Draws a view with a template, or as JSON.

use minijinja::{
    AutoEscape, Environment, UndefinedBehavior, context,
    syntax::SyntaxConfig,
    value::{Serde, Value},
};

use super::{View, escape, figures, words};
use crate::words::Lang;

/// Columns of plain text.
const COLUMNS: usize = 100;

/// Why a report could not be drawn: the program's fault, never the input's.
#[derive(Debug)]
pub struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the report could not be drawn: {}", self.0)
    }
}

impl std::error::Error for Error {}

/// The view as JSON.
pub(super) fn json(view: &View) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(view).map_err(|e| Error(e.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// The view through a template. Names ending in `.html` are escaped as HTML.
pub(super) fn template(
    name: &'static str,
    source: &'static str,
    view: &View,
    lang: Lang,
) -> Result<String, Error> {
    let fault = |e: minijinja::Error| Error(format!("{e:#}"));
    let mut engine = engine(lang).map_err(fault)?;
    engine.add_template(name, source).map_err(fault)?;
    let mut text = engine
        .get_template(name)
        .and_then(|t| t.render(context! { r => Value::from(Serde(view)), w => words::all(lang) }))
        .map_err(fault)?;
    while text.ends_with("\n\n") {
        text.pop();
    }
    Ok(text)
}

fn engine(lang: Lang) -> Result<Environment<'static>, minijinja::Error> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    engine.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    engine.add_filter("bytes", |n: i128| figures::bytes(n));
    engine.add_filter("count", |n: i128| figures::count(n));
    engine.add_filter("duration", |n: f64| figures::duration(n));
    engine.add_filter("share", figures::share);
    engine.add_filter("md", |text: &str| escape::inline(text));
    engine.add_filter("code", |text: &str| escape::code(text));
    engine.add_filter("cell", |text: &str| escape::code_cell(text));
    engine.add_filter("fenced", |text: &str, language: Option<&str>| {
        escape::fenced(text, language.unwrap_or_default())
    });
    engine.add_filter("hang", |text: &str, prefix: &str| hang(text, prefix));
    // Commands are not wrapped: what is copied must run.
    engine.add_filter("first_sentence", |text: &str| sentences(text).0.to_owned());
    engine.add_filter("other_sentences", |text: &str| sentences(text).1.to_owned());
    engine.add_filter("shift", |text: &str, by: &str| {
        text.lines()
            .map(|line| format!("{by}{line}"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    // A code of the evidence (a constraint, an outcome) in words, or as it is when it has none.
    engine.add_filter("named", move |code: &str, prefix: &str| {
        words::find(&format!("{prefix}{code}"), lang).map_or_else(|| code.to_owned(), str::to_owned)
    });
    Ok(engine)
}

/// The first sentence and the rest: the first is the verdict that a tired person reads. An end is a
/// full stop before a blank and a capital letter, or an ideographic full stop.
fn sentences(text: &str) -> (&str, &str) {
    let ends = text.char_indices().find(|(at, c)| {
        let after = text.get(at + c.len_utf8()..).unwrap_or_default();
        match c {
            '。' => !after.trim().is_empty(),
            '.' => after
                .strip_prefix([' ', '\n'])
                .and_then(|next| next.chars().next())
                .is_some_and(char::is_uppercase),
            _ => false,
        }
    });
    let end = ends.map_or(text.len(), |(at, c)| at + c.len_utf8());
    let (first, rest) = text.split_at(end);
    (first, rest.trim_start())
}

/// Wraps text to the width of a terminal; lines after the first stand under the end of `prefix`.
fn hang(text: &str, prefix: &str) -> String {
    let under = " ".repeat(textwrap::core::display_width(prefix));
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let options = textwrap::Options::new(COLUMNS)
            // A path or command broken at a hyphen looks as if the hyphen was added.
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .initial_indent(if i == 0 { prefix } else { &under })
            .subsequent_indent(&under);
        out.extend(
            textwrap::wrap(line, options)
                .into_iter()
                .map(|l| l.into_owned()),
        );
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn the_first_sentence_ends_where_a_reader_would_end_it() {
        for (text, first, rest) in [
            (
                "3.5 GiB of 4 GiB. Then more. End",
                "3.5 GiB of 4 GiB.",
                "Then more. End",
            ),
            ("killed by v1.2. of it", "killed by v1.2. of it", ""),
            ("内存耗尽。其余在此。", "内存耗尽。", "其余在此。"),
            ("内存耗尽。", "内存耗尽。", ""),
            ("", "", ""),
        ] {
            assert_eq!(sentences(text), (first, rest));
        }
    }
}
