//! Checks of messages: the same names and kinds as in conditions, and figures that can be read.

use std::collections::BTreeSet;

use super::{
    Locals,
    shapes::{Checker, describe},
};
use crate::{
    facts::names::Kind,
    rules::{
        expr::{Expr, Part, Shape},
        lower::Problem,
    },
};

/// Who reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A person: bytes and times need a unit.
    Reading,
    /// A shell: bare numbers are right.
    Command,
}

/// Checks and annotates the parts of one message.
pub(super) fn check(parts: &mut [Part], locals: &mut Locals, purpose: Purpose) -> Vec<Problem> {
    let mut problems = Vec::new();
    for part in parts {
        match part {
            Part::Raw(_) => {}
            Part::Show(expr) => {
                problems.extend(shaped(expr, locals));
                problems.extend(showable(expr, purpose));
            }
            Part::If(condition, yes, no) => {
                problems.extend(shaped(condition, locals));
                if !matches!(condition.shape, Shape::Wrong | Shape::Scalar(Kind::Flag)) {
                    let is = describe(&condition.shape);
                    let message = format!("a condition is needed here, this gives {is}");
                    problems.push(Problem::new(condition.span, message));
                }
                problems.extend(check(yes, locals, purpose));
                problems.extend(check(no, locals, purpose));
            }
            Part::For(name, list, body) => {
                problems.extend(shaped(list, locals));
                let item = match &list.shape {
                    Shape::Records(path) => Shape::Record(format!("{path}[]")),
                    Shape::Values(kind) => Shape::Scalar(*kind),
                    Shape::Wrong => Shape::Wrong,
                    other => {
                        let message =
                            format!("a list is needed here, this gives {}", describe(other));
                        problems.push(Problem::new(list.span, message));
                        Shape::Wrong
                    }
                };
                if locals.contains_key(name) || crate::facts::names::is_record(name) {
                    let message = format!("`{name}` already means something else");
                    problems.push(
                        Problem::new(list.span, message).help("choose another name for the item"),
                    );
                    continue;
                }
                locals.insert(name.clone(), item);
                problems.extend(check(body, locals, purpose));
                locals.remove(name);
            }
        }
    }
    problems
}

/// A value in a command brings its own quotes: inside other quotes they would end these.
pub(super) fn inside_quotes(parts: &[Part]) -> Vec<Problem> {
    let mut problems = Vec::new();
    quotes(parts, None, &mut problems);
    problems
}

/// Walks through a command; gives what is open at its end: a quote, or `#` for a comment.
fn quotes(parts: &[Part], mut open: Option<char>, problems: &mut Vec<Problem>) -> Option<char> {
    for part in parts {
        match part {
            Part::Raw(words) => open = after(words, open),
            Part::Show(expr) if matches!(open, Some('\'' | '"')) => problems.push(
                Problem::new(expr.span, "a value inside the quotes of a command")
                    .help("leave the quotes out: a value is quoted when it needs to be"),
            ),
            Part::Show(_) => {}
            Part::If(_, yes, no) => {
                let then = quotes(yes, open, problems);
                quotes(no, open, problems);
                open = then;
            }
            Part::For(_, _, body) => open = quotes(body, open, problems),
        }
    }
    open
}

/// A value that begins with `-` would be read as an option: it stands after `--`, or behind
/// something in its own word.
pub(super) fn read_as_options(parts: &[Part]) -> Vec<Problem> {
    let mut problems = Vec::new();
    options(parts, Word::Start, &mut problems);
    problems
}

/// Where in a command a value would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// At the start of a word that may be an option.
    Start,
    /// At the start of a word after `--`.
    Operand,
    /// Inside a word; whether `--` stands before it.
    Inside(bool),
}

fn options(parts: &[Part], mut at: Word, problems: &mut Vec<Problem>) -> Word {
    for part in parts {
        match part {
            Part::Raw(words) => at = moved(words, at),
            Part::Show(expr) => {
                if at == Word::Start && expr.shape == Shape::Scalar(Kind::Text) {
                    problems.push(
                        Problem::new(
                            expr.span,
                            "a value that begins with `-` would be read as an option",
                        )
                        .help("put `--` before it, or write it behind something: `--unit={{ … }}`, `./{{ … }}`"),
                    );
                }
                at = Word::Inside(at == Word::Operand || at == Word::Inside(true));
            }
            Part::If(_, yes, no) => {
                let then = options(yes, at, problems);
                options(no, at, problems);
                at = then;
            }
            Part::For(_, _, body) => at = options(body, at, problems),
        }
    }
    at
}

/// Walks over the words of a command.
fn moved(words: &str, mut at: Word) -> Word {
    let mut word = String::new();
    for c in words.chars() {
        let protected = matches!(at, Word::Operand | Word::Inside(true)) || word == "--";
        at = match c {
            // A new simple command has options again.
            ';' | '|' | '&' | '\n' => Word::Start,
            c if c.is_whitespace() && protected => Word::Operand,
            c if c.is_whitespace() => Word::Start,
            _ => Word::Inside(matches!(at, Word::Operand | Word::Inside(true))),
        };
        if c.is_whitespace() || at == Word::Start {
            word.clear();
        } else {
            word.push(c);
        }
    }
    at
}

fn after(words: &str, mut open: Option<char>) -> Option<char> {
    let mut before = ' ';
    for c in words.chars() {
        open = match (open, c) {
            (None | Some('"'), _) if before == '\\' => open,
            (None, '\'' | '"') => Some(c),
            (None, '#') if before.is_whitespace() => Some(c),
            (Some('#'), '\n') => None,
            (Some(quote), c) if quote == c && quote != '#' => None,
            _ => open,
        };
        // A backslash that is itself escaped escapes nothing.
        before = if before == '\\' { ' ' } else { c };
    }
    open
}

fn shaped(expr: &mut Expr, locals: &Locals) -> Vec<Problem> {
    let mut checker = Checker::new(locals);
    checker.shape(expr);
    checker.problems
}

fn showable(expr: &Expr, purpose: Purpose) -> Option<Problem> {
    let problem = |message: &str, help: &str| {
        Some(Problem::new(expr.span, message.to_owned()).help(help.to_owned()))
    };
    match (&expr.shape, purpose) {
        (Shape::Records(_), _) => problem(
            "a list cannot be shown",
            "pick a field and join: `| map(\"field\") | join(\", \")`",
        ),
        (Shape::Values(_), _) => problem("a list cannot be shown", "add `| join(\", \")`"),
        (Shape::Record(_) | Shape::Group(_), _) => {
            problem("a record cannot be shown", "name one of its fields")
        }
        (Shape::Scalar(Kind::Bytes), Purpose::Reading) => {
            problem("bytes without a unit", "add `| bytes`")
        }
        (Shape::Scalar(Kind::Time), Purpose::Reading) => {
            problem("a time in bare seconds", "add `| time`")
        }
        (Shape::Scalar(Kind::Seconds), Purpose::Reading) => {
            problem("seconds without a unit", "add `| duration`")
        }
        _ => None,
    }
}

/// Names that a message shows, without the loop names of the message itself.
pub(super) fn shown_paths(parts: &[Part]) -> BTreeSet<String> {
    let mut shown = Vec::new();
    Part::shown(parts, &mut shown);
    let mut paths = Vec::new();
    for expr in shown {
        expr.paths(&mut paths);
    }
    paths.into_iter().map(|p| p.join(".")).collect()
}
