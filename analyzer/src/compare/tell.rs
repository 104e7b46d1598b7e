//! A difference as text for a terminal or a ticket, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json as object};

use super::{Change, Difference, Lone, Side, Turned};
use crate::facts::Value;
use crate::facts::names::Kind;
use crate::report::figures::{bytes, count, duration, utc};
use crate::report::shown::Shown;
use crate::words::{Bilingual, Lang};

/// Version of the JSON.
const VERSION: u32 = 1;
/// Most items of lists that the text names on each side.
const LONE_MAX: usize = 15;
/// Most changes below one list that the text names.
const OF_LIST_MAX: usize = 25;

/// Words of the text: English, Chinese.
struct Words;

#[rustfmt::skip] // a table is read by row
impl Words {
    const FINDINGS: (&str, &str) = ("What the rules found", "规则结论的差异");
    const SAME_FINDINGS: (&str, &str) = ("the rules found the same on both sides", "两边的规则结论相同");
    const RULED_OUT: (&str, &str) = ("ruled out on the other side", "另一边已排除");
    const NOT_KNOWN: (&str, &str) = ("cannot be told on the other side", "另一边无法判断");
    const CHANGED: (&str, &str) = ("Facts that changed", "发生变化的事实");
    const NO_CHANGE: (&str, &str) = ("no fact that both sides know has changed", "两边都已知的事实没有变化");
    const SMALL: (&str, &str) = ("small changes (below 1 MiB or 1 %) that --all shows", "未列出的微小变化（小于 1 MiB 或 1 %，--all 可全部显示）");
    const MORE: (&str, &str) = ("more that --all shows", "其余未列出（--all 可全部显示）");
    const ONLY: (&str, &str) = ("Only there", "仅此一边有");
    const PARTIAL: (&str, &str) = ("A side holds only a part of these lists; what is missing there may exist", "以下列表至少有一边不完整，缺少的条目未必不存在");
    const KNOWN_ONLY: (&str, &str) = ("Facts that only this side knows (no change can be told)", "仅此一边已知的事实（无法比较）");
    const COLON: (&str, &str) = (": ", "：");
    const BETWEEN: (&str, &str) = (", ", "、");
}

fn word((en, zh): (&'static str, &'static str), lang: Lang) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// Draws the difference as text; `all` leaves nothing out.
#[must_use]
pub fn text(sides: &[Side; 2], difference: &Difference, detail: Detail, lang: Lang) -> String {
    let mut out = String::new();
    for (letter, side) in ["A", "B"].iter().zip(sides) {
        let _ = writeln!(out, "{letter}  {}", Shown::new(&side.name).as_str());
    }
    findings(&mut out, difference, lang);
    changes(&mut out, difference, detail, lang);
    for (letter, lone) in ["A", "B"].iter().zip(&difference.only) {
        lone_items(&mut out, letter, lone, detail, lang);
    }
    if !difference.partial.is_empty() {
        let lists: Vec<&str> = difference.partial.iter().map(String::as_str).collect();
        let _ = writeln!(
            out,
            "\n{}{}{}",
            word(Words::PARTIAL, lang),
            word(Words::COLON, lang),
            lists.join(word(Words::BETWEEN, lang))
        );
    }
    for (letter, known) in ["A", "B"].iter().zip(&difference.known_only) {
        if !known.is_empty() {
            let list = known.join(word(Words::BETWEEN, lang));
            let wrapped = textwrap::fill(
                &list,
                textwrap::Options::new(100)
                    .initial_indent("  ")
                    .subsequent_indent("  "),
            );
            let _ = writeln!(
                out,
                "\n{letter}  {}\n{wrapped}",
                word(Words::KNOWN_ONLY, lang)
            );
        }
    }
    out
}

/// How many are left out, and of what.
fn counted(out: &mut String, what: (&'static str, &'static str), count: usize, lang: Lang) {
    let colon = word(Words::COLON, lang);
    let _ = writeln!(out, "  {}{colon}{count}", word(what, lang));
}

/// How much the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What stands out.
    Telling,
    /// Everything.
    All,
}

fn findings(out: &mut String, difference: &Difference, lang: Lang) {
    let _ = writeln!(out, "\n{}", word(Words::FINDINGS, lang));
    if difference.found_only.iter().all(Vec::is_empty) {
        let _ = writeln!(out, "  {}", word(Words::SAME_FINDINGS, lang));
    }
    for (letter, turned) in ["A", "B"].iter().zip(&difference.found_only) {
        for Turned {
            rule,
            title,
            other_side_known,
        } in turned
        {
            let other = if *other_side_known {
                Words::RULED_OUT
            } else {
                Words::NOT_KNOWN
            };
            let _ = writeln!(
                out,
                "  {letter}  {} ({rule}){}{}",
                title.get(lang),
                word(Words::COLON, lang),
                word(other, lang)
            );
        }
    }
}

fn changes(out: &mut String, difference: &Difference, detail: Detail, lang: Lang) {
    let _ = writeln!(out, "\n{}", word(Words::CHANGED, lang));
    let all = detail == Detail::All;
    let told: Vec<&Change> = difference
        .changes
        .iter()
        .filter(|change| all || !change.is_small())
        .collect();
    if difference.changes.is_empty() {
        let _ = writeln!(out, "  {}", word(Words::NO_CHANGE, lang));
    }
    let (of_lists, plain): (Vec<&Change>, Vec<&Change>) = told
        .iter()
        .copied()
        .partition(|change| change.path.contains("]."));
    // What grew or shrank most stands first; settings and texts before figures.
    let mut of_lists = of_lists;
    of_lists.sort_by(|a, b| {
        let weight = |c: &Change| c.grew_by().map_or(f64::INFINITY, f64::abs);
        weight(b)
            .total_cmp(&weight(a))
            .then_with(|| a.path.cmp(&b.path))
    });
    let shown = if all { of_lists.len() } else { OF_LIST_MAX };
    rows(
        out,
        plain
            .into_iter()
            .chain(of_lists.iter().copied().take(shown)),
    );
    if of_lists.len() > shown {
        counted(out, Words::MORE, of_lists.len() - shown, lang);
    }
    let small = difference.changes.len() - told.len();
    if small > 0 {
        counted(out, Words::SMALL, small, lang);
    }
}

fn rows<'a>(out: &mut String, changes: impl Iterator<Item = &'a Change>) {
    let rows: Vec<[String; 4]> = changes
        .map(|change| {
            let grew = change
                .grew_by()
                .filter(|_| matches!(change.kind, Kind::Bytes | Kind::Count | Kind::Pages));
            [
                Shown::new(&change.path).as_str().to_owned(),
                figure(&change.before, change.kind),
                figure(&change.after, change.kind),
                grew.map_or_else(String::new, |by| signed(by, change.kind)),
            ]
        })
        .collect();
    let width = |column: fn(&[String; 4]) -> &str| {
        let widths = rows.iter().map(|row| column(row).chars().count());
        widths.max().unwrap_or(0)
    };
    let first = width(|[path, ..]| path);
    let second = width(|[_, before, ..]| before);
    let third = width(|[_, _, after, _]| after);
    for [path, before, after, by] in &rows {
        let line = format!("  {path:first$}  {before:>second$} → {after:>third$}  {by}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn lone_items(out: &mut String, letter: &str, lone: &[Lone], detail: Detail, lang: Lang) {
    if lone.is_empty() {
        return;
    }
    let shown = if detail == Detail::All {
        lone.len()
    } else {
        LONE_MAX
    };
    let _ = writeln!(out, "\n{letter}  {}", word(Words::ONLY, lang));
    for item in lone.iter().take(shown) {
        let weight = item.bytes.map_or_else(String::new, bytes);
        let line = format!("  {}  {weight}", Shown::new(&item.path).as_str());
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if lone.len() > shown {
        counted(out, Words::MORE, lone.len() - shown, lang);
    }
}

/// A value with the unit of its kind.
fn figure(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Int(n), Kind::Bytes) => bytes(*n),
        (Value::Int(n), Kind::Count | Kind::Pages) => count(*n),
        (Value::Number(n), Kind::Seconds) => duration(*n),
        (value, Kind::Time) => super::number(value)
            .and_then(utc)
            .unwrap_or_else(|| plain_text(value)),
        (Value::Number(n), Kind::Percent) => format!("{n} %"),
        (Value::Number(n), _) => format!("{n:.2}"),
        (value, _) => Shown::new(plain_text(value)).as_str().to_owned(),
    }
}

fn signed(by: f64, kind: Kind) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a difference of whole numbers that fit; a cast saturates"
    )]
    let whole = by as i128;
    let sign = if whole < 0 { "−" } else { "+" };
    let size = whole.saturating_abs();
    match kind {
        Kind::Bytes => format!("{sign}{}", bytes(size)),
        _ => format!("{sign}{}", count(size)),
    }
}

/// A value without unit and without quotes.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(_) | Value::Record(_) => String::new(),
    }
}

/// The whole difference for other programs: values in base units.
#[must_use]
pub fn json(sides: &[Side; 2], difference: &Difference) -> Json {
    let value = |value: &Value| match value {
        Value::Flag(flag) => Json::from(*flag),
        // JSON has no 128-bit numbers; nothing that is counted here comes near.
        Value::Int(n) => i64::try_from(*n).map_or(Json::Null, Json::from),
        Value::Number(n) => Json::from(*n),
        other => Json::from(plain_text(other)),
    };
    let title = |title: &Bilingual| object!({"en": title.en, "zh": title.zh});
    let [a, b] = sides;
    let turned = |turned: &[Turned]| -> Vec<Json> {
        turned
            .iter()
            .map(|t| object!({"rule": t.rule, "title": title(&t.title), "ruled_out_on_the_other_side": t.other_side_known}))
            .collect()
    };
    let lone = |lone: &[Lone]| -> Vec<Json> {
        lone.iter()
            .map(
                |l| object!({"path": l.path, "bytes": l.bytes.and_then(|n| i64::try_from(n).ok())}),
            )
            .collect()
    };
    let changes: Vec<Json> = difference
        .changes
        .iter()
        .map(|c| object!({"path": c.path, "kind": c.kind, "a": value(&c.before), "b": value(&c.after)}))
        .collect();
    object!({
        "compare_version": VERSION,
        "a": a.name,
        "b": b.name,
        "found_only": {"a": turned(&difference.found_only[0]), "b": turned(&difference.found_only[1])},
        "changes": changes,
        "only": {"a": lone(&difference.only[0]), "b": lone(&difference.only[1])},
        "partial_lists": difference.partial,
        "known_only": {"a": difference.known_only[0], "b": difference.known_only[1]},
    })
}
