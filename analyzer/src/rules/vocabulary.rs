//! The closed list of what a rule may call: filters, functions and units. One row each.

/// Filters, written after `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "FILTERS says what each does")]
pub enum Filter {
    Where,
    Any,
    All,
    Count,
    Sum,
    MaxBy,
    Top,
    First,
    Last,
    Map,
    Join,
    Bytes,
    Pct,
    Duration,
    Time,
    Ago,
    Told,
    Round,
    Number,
}

/// Functions, written before brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "FUNCTIONS says what each does")]
pub enum Function {
    Ratio,
    Min,
    Max,
    Abs,
    Within,
    Before,
    LogLine,
}

/// One word of the language.
#[derive(Debug)]
pub struct Word<T> {
    /// The word's meaning to the evaluator.
    pub is: T,
    /// As written in a rule.
    pub name: &'static str,
    /// Fewest arguments.
    pub least: usize,
    /// Most arguments.
    pub most: usize,
    /// How it is written, for messages and the manual.
    pub usage: &'static str,
    /// What it gives.
    pub gives: &'static str,
}

const fn word<T: Copy>(
    is: T,
    name: &'static str,
    arguments: (usize, usize),
    usage: &'static str,
    gives: &'static str,
) -> Word<T> {
    Word {
        is,
        name,
        least: arguments.0,
        most: arguments.1,
        usage,
        gives,
    }
}

/// All filters.
#[rustfmt::skip] // a table is read by row
pub const FILTERS: &[Word<Filter>] = &[
    word(Filter::Where, "where", (1, 3), r#"list | where("field", value), list | where("field", ">=", value), list | where("flag")"#, "the items whose field is so; items whose field is unknown make the result partial"),
    word(Filter::Any, "any", (0, 3), r#"list | any("field", value)"#, "whether some item is so"),
    word(Filter::All, "all", (1, 3), r#"list | all("field", value)"#, "whether every item is so"),
    word(Filter::Count, "count", (0, 0), "list | count", "number of items; of a partial list: at least this many"),
    word(Filter::Count, "length", (0, 0), "list | length", "the same as count"),
    word(Filter::Sum, "sum", (1, 1), r#"list | sum("field")"#, "sum of a field; of a partial list: at least this much"),
    word(Filter::MaxBy, "max_by", (1, 1), r#"list | max_by("field")"#, "the item with the largest field, the first of equals"),
    word(Filter::Top, "top", (1, 2), r#"list | top("field", 3)"#, "the items with the largest field, the largest first; 5 without a number"),
    word(Filter::First, "first", (0, 0), "list | first", "the first item"),
    word(Filter::Last, "last", (0, 0), "list | last", "the last item"),
    word(Filter::Map, "map", (1, 1), r#"list | map("field")"#, "the values of a field, unknown ones left out"),
    word(Filter::Join, "join", (0, 1), r#"values | join(", ")"#, "the values in one text"),
    word(Filter::Bytes, "bytes", (0, 0), "value | bytes", "bytes with a unit: 400 MiB, 1.5 GiB"),
    word(Filter::Pct, "pct", (0, 0), "value | pct", "a share or a percent value as 97.3%"),
    word(Filter::Duration, "duration", (0, 0), "value | duration", "seconds as 29 min 3 s"),
    word(Filter::Time, "time", (0, 0), "value | time", "a time as 2026-04-04 10:11:01 UTC"),
    word(Filter::Ago, "ago", (0, 0), "time | ago", "how long before the collection: 3 h 5 min ago; the clock is the evidence's, never this machine's"),
    word(Filter::Told, "told", (0, 0), "text | told", "a word of the parsers in the reader's language: task table → 任务表"),
    word(Filter::Round, "round", (0, 1), "value | round(1)", "rounded to so many digits"),
    word(Filter::Number, "number", (0, 0), "value | number", "with separators: 1,048,576"),
];

/// All functions.
#[rustfmt::skip] // a table is read by row
pub const FUNCTIONS: &[Word<Function>] = &[
    word(Function::Ratio, "ratio", (2, 2), "ratio(a, b)", "a divided by b as a plain number; unknown when b is 0"),
    word(Function::Min, "min", (2, 8), "min(a, b)", "the smallest"),
    word(Function::Max, "max", (2, 8), "max(a, b)", "the largest"),
    word(Function::Abs, "abs", (1, 1), "abs(a)", "without its sign"),
    word(Function::Within, "within", (3, 3), "within(a, b, 60s)", "whether two events are at most that far apart; unknown when their clocks are not exact enough to say"),
    word(Function::Before, "before", (2, 2), "before(a, b)", "whether event a is earlier than event b; unknown when their clocks are not exact enough to say"),
    word(Function::LogLine, "log_line", (2, 3), r#"log_line("regex", "var/log/messages"), log_line("regex", "messages*", 60s)"#, "the lines of a log that fit; with a duration only those so near to the item of for_each; not in the built-in catalogue"),
];

/// Units that give bytes.
pub const BYTE_UNITS: &[(&str, i128)] = &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Units that may stand right behind a whole number: `60s`, `5min`.
pub const SUFFIXES: &[(&str, i128)] = &[("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];

/// Units that give seconds.
pub const TIME_UNITS: &[(&str, i128)] = &[("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl Filter {
    /// As written in a rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        FILTERS.iter().find(|w| w.is == self).map_or("", |w| w.name)
    }
}

impl Function {
    /// As written in a rule.
    #[must_use]
    pub fn name(self) -> &'static str {
        FUNCTIONS
            .iter()
            .find(|w| w.is == self)
            .map_or("", |w| w.name)
    }
}

/// The candidate nearest to `word` by edit distance, if it is near enough to be meant.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (word.chars().count() / 3).clamp(1, 6);
    candidates
        .map(|c| (distance(word, c), c))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let replaced = at(&row, j) + usize::from(ca != cb);
            let mut best = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_one_that_could_be_meant() {
        let words = ["limit_bytes", "usage_bytes", "path"];
        let near = |word| nearest(word, words.into_iter());
        assert_eq!(near("limit_byte"), Some("limit_bytes"));
        assert_eq!(near("ptah"), Some("path"));
        assert_eq!(near("colour"), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }

    #[test]
    fn words_are_unique_and_explained() {
        let mut seen = std::collections::BTreeSet::new();
        for name in FILTERS.iter().map(|w| w.name) {
            assert!(seen.insert(name), "{name} is declared twice");
        }
        for name in FUNCTIONS.iter().map(|w| w.name) {
            assert!(!name.is_empty());
        }
    }
}
