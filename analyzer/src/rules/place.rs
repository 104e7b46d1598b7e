//! Where a key or a piece of an expression stands in the YAML text of a rule.
//!
//! `serde` gives values without places. The file is therefore read a second time as YAML events,
//! which have them, and a place inside a scalar is found by counting the characters that are not
//! white space: folding, indentation and quoting change only white space and escapes.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::expr::Span;

/// A place in a text, for people: counted from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// Characters, at least 1.
    pub length: usize,
}

/// Places of all keys and scalars of one YAML text.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    chars: Vec<char>,
    keys: BTreeMap<String, Place>,
    scalars: BTreeMap<String, Scalar>,
}

#[derive(Debug, Clone, Copy)]
struct Scalar {
    start: usize,
    end: usize,
    style: ScalarStyle,
}

enum Frame {
    Map { prefix: String, key: Option<String> },
    List { prefix: String, index: usize },
}

impl Frame {
    /// Path of the value that comes next, if it is a value.
    fn next_path(&mut self) -> Option<String> {
        match self {
            Self::Map { prefix, key } => key.take().map(|key| {
                if prefix.is_empty() {
                    key
                } else {
                    format!("{prefix}.{key}")
                }
            }),
            Self::List { prefix, index } => {
                *index += 1;
                Some(format!("{prefix}[{}]", *index - 1))
            }
        }
    }
}

impl Places {
    /// Reads the places of a YAML text; as far as it can be read.
    #[must_use]
    pub(super) fn read(text: &str) -> Self {
        let mut places = Self {
            chars: text.chars().collect(),
            ..Self::default()
        };
        let mut frames: Vec<Frame> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            match event {
                Event::Scalar(value, style, ..) => {
                    let scalar = Scalar {
                        start: span.start.index(),
                        end: span.end.index(),
                        style,
                    };
                    places.scalar(frames.last_mut(), &value, scalar);
                }
                Event::MappingStart(..) => {
                    let prefix = frames.last_mut().and_then(Frame::next_path);
                    frames.push(Frame::Map {
                        prefix: prefix.unwrap_or_default(),
                        key: None,
                    });
                }
                Event::SequenceStart(..) => {
                    let prefix = frames.last_mut().and_then(Frame::next_path);
                    frames.push(Frame::List {
                        prefix: prefix.unwrap_or_default(),
                        index: 0,
                    });
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    frames.pop();
                }
                Event::Alias(_) => {
                    frames.last_mut().and_then(Frame::next_path);
                }
                _ => {}
            }
        }
        places
    }

    fn scalar(&mut self, frame: Option<&mut Frame>, value: &str, scalar: Scalar) {
        let Some(frame) = frame else { return };
        if let Frame::Map { prefix, key } = frame
            && key.is_none()
        {
            let path = if prefix.is_empty() {
                value.to_owned()
            } else {
                format!("{prefix}.{value}")
            };
            let place = self.place(scalar.start, scalar.end);
            self.keys.insert(path, place);
            *key = Some(value.to_owned());
            return;
        }
        if let Some(path) = frame.next_path() {
            self.scalars.insert(path, scalar);
        }
    }

    /// Place of a key, of an item of a list, or of the nearest key above it.
    #[must_use]
    pub(super) fn key(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.keys.get(path) {
                return *place;
            }
            if let Some(scalar) = self.scalars.get(path) {
                return self.place(scalar.start, scalar.end);
            }
            match path.rfind(['.', '[']) {
                Some(at) => path = path.get(..at).unwrap_or(""),
                None => {
                    return Place {
                        line: 1,
                        column: 1,
                        length: 1,
                    };
                }
            }
        }
    }

    /// Characters of the scalar at `path` as written, quotes and block header included.
    #[must_use]
    pub(super) fn range(&self, path: &str) -> Option<std::ops::Range<usize>> {
        let scalar = self.scalars.get(path)?;
        let mut range = scalar.start..scalar.end;
        if matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded) {
            while !matches!(self.char_at(range.start), '|' | '>') && range.start > 0 {
                range.start -= 1;
            }
            while range.end > range.start && self.char_at(range.end - 1).is_whitespace() {
                range.end -= 1;
            }
        }
        Some(range)
    }

    /// Place of the first key named `name`, at any depth, at or after `line`.
    #[must_use]
    pub(super) fn key_named(&self, name: &str, line: usize) -> Option<Place> {
        self.keys
            .iter()
            .filter(|(path, place)| {
                path.rsplit('.').next() == Some(name) && place.line >= line.max(1)
            })
            .map(|(_, place)| *place)
            .min()
    }

    /// Place of the bytes `span` of `value`, which is the scalar at `path`.
    #[must_use]
    pub(super) fn inside(&self, path: &str, value: &str, span: Span) -> Place {
        let Some(scalar) = self.scalars.get(path) else {
            return self.key(path);
        };
        let solid = |upto: usize| {
            value
                .char_indices()
                .take_while(|(at, _)| *at < upto)
                .filter(|(_, c)| !c.is_whitespace())
                .count()
        };
        let (first, last) = (solid(span.start), solid(span.end.max(span.start)));
        let mut start = None;
        let mut end = None;
        let mut seen = 0;
        let mut at = self.content_start(*scalar);
        while at < scalar.end {
            let (length, blank) = self.unit(at, scalar.style);
            if !blank {
                if seen == first {
                    start = Some(at);
                }
                if seen + 1 == last {
                    end = Some(at + length);
                }
                seen += 1;
            }
            at += length;
        }
        let start = start.unwrap_or_else(|| scalar.end.saturating_sub(1).max(scalar.start));
        self.place(start, end.unwrap_or(start + 1))
    }

    fn char_at(&self, at: usize) -> char {
        self.chars.get(at).copied().unwrap_or('\n')
    }

    /// Past the quote or past the `>-` line.
    fn content_start(&self, scalar: Scalar) -> usize {
        match scalar.style {
            ScalarStyle::Plain => scalar.start,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => scalar.start + 1,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                if !matches!(self.char_at(scalar.start), '|' | '>') {
                    return scalar.start;
                }
                let header = self.chars.iter().skip(scalar.start);
                scalar.start + header.take_while(|c| **c != '\n').count()
            }
        }
    }

    /// Length of the source of one character of the value, and whether it is white space.
    fn unit(&self, at: usize, style: ScalarStyle) -> (usize, bool) {
        let c = self.char_at(at);
        match (style, c) {
            (ScalarStyle::SingleQuoted, '\'') => (2, false),
            (ScalarStyle::DoubleQuoted, '\\') => match self.char_at(at + 1) {
                'n' | 't' | 'r' | ' ' | '\n' => (2, true),
                'x' => (4, false),
                'u' => (6, false),
                'U' => (10, false),
                _ => (2, false),
            },
            _ => (1, c.is_whitespace()),
        }
    }

    fn place(&self, start: usize, end: usize) -> Place {
        let before = self.chars.get(..start).unwrap_or(&self.chars);
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        let covered = self.chars.get(start..end).unwrap_or(&[]);
        let length = covered.iter().take_while(|c| **c != '\n').count();
        Place {
            line,
            column,
            length: length.max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds `needle` inside the scalar at `path` and gives back what the place covers.
    #[track_caller]
    fn check(yaml: &str, path: &str, needle: &str) {
        let tree: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
        let mut node = &tree;
        for key in path.split('.') {
            node = &node[key];
        }
        let value = node.as_str().unwrap();
        let start = value.find(needle).unwrap();
        let span = Span {
            start,
            end: start + needle.len(),
        };
        let place = Places::read(yaml).inside(path, value, span);
        let line = yaml.lines().nth(place.line - 1).unwrap();
        let covered: String = line
            .chars()
            .skip(place.column - 1)
            .take(place.length)
            .collect();
        assert_eq!(covered, needle, "{place:?}");
    }

    #[test]
    fn places_are_found_in_every_style_of_scalar() {
        check("标: 题\nwhen: a and b\n", "when", "b");
        check("when: 'it''s x'\n", "when", "x");
        check(r#"when: "say \"no\" to x\u00e4 y""#, "when", "y");
        check(
            "zh: 中\nsays: {en: \"中 {{ a }}\", zh: b}\n",
            "says.en",
            "a",
        );
        check("when: >\n  aaa and\n  bbb\n  and ccc\n", "when", "bbb");
        check("when: |-\n  aaa\n    bbb # x\n", "when", "bbb");
        check("a:\n  b: one\n    two three\n", "a.b", "three");
    }

    #[test]
    fn keys_of_lists_and_maps_have_places() {
        let places = Places::read("advice:\n  - {when: a, do: {en: x}}\n  - when: b\n");
        assert_eq!(places.key("advice[1].when").line, 3);
        assert_eq!(places.key("advice[0].do.en").column, 20);
        assert_eq!(places.key("advice[0].none").line, 1);
        assert_eq!(places.key_named("when", 3).unwrap().line, 3);
    }
}
