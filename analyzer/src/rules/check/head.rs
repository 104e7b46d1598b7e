//! Checks of what stands around the expressions of a rule: id, title, list, names, examples.

use super::Draft;
use crate::{
    facts::names::{self, Kind},
    rules::{
        ForEach,
        file::{Example, RuleFile},
        given,
        vocabulary::nearest,
    },
};

impl Draft<'_> {
    pub(super) fn identity(&mut self, written: &RuleFile) {
        let stem = self
            .name
            .rsplit(['/', '\\'])
            .next()
            .and_then(|last| last.strip_suffix(".yaml"))
            .unwrap_or(self.name);
        if written.id != stem {
            let help = format!(
                "write `id: {stem}`, or rename the file to {}.yaml",
                written.id
            );
            self.at_key(
                "id",
                format!("the id `{}` is not the file's name", written.id),
                Some(help),
            );
        }
        for (key, text) in [
            ("title.en", &written.title.en),
            ("title.zh", &written.title.zh),
        ] {
            if text.trim().is_empty() {
                self.at_key(key, format!("`{key}` is empty"), None);
            }
            if text.contains("{{") || text.contains("{%") {
                let help = "a title is shown without facts too; put figures into `says`".to_owned();
                self.at_key(key, "a title has no placeholders", Some(help));
            }
        }
    }

    pub(super) fn examples(&mut self, written: &RuleFile) {
        let examples = &written.examples;
        for (wanted, words) in [(true, "finds the problem"), (false, "stays quiet")] {
            if !examples
                .iter()
                .any(|e| e.expect.wants_found() == Some(wanted))
            {
                let help = "add one with `expect: {state: …}` or `expect: {count: …}`".to_owned();
                self.at_key("examples", format!("no example that {words}"), Some(help));
            }
        }
        for (i, example) in examples.iter().enumerate() {
            let key = format!("examples[{i}].expect");
            if example.expect.wants_found().is_none() {
                self.at_key(
                    &key,
                    "the example expects nothing",
                    Some("state `state` or `count`".to_owned()),
                );
            }
            self.stated(i, example, written);
            if let Some(like) = &example.like
                && !examples.iter().take(i).any(|e| e.name == *like)
            {
                let names = examples.iter().take(i).map(|e| e.name.as_str());
                let help = nearest(like, names).map(|n| format!("did you mean `{n}`?"));
                self.at_key(
                    &format!("examples[{i}].like"),
                    format!("no example above is named `{like}`"),
                    help,
                );
            }
            if let Some(sure) = &example.expect.confidence
                && !["certain", "likely", "possible"].contains(&sure.as_str())
            {
                let help = "there are: certain, likely, possible".to_owned();
                self.at_key(
                    &format!("{key}.confidence"),
                    format!("unknown confidence `{sure}`"),
                    Some(help),
                );
            }
            if let Some(fact) = &example.expect.missing
                && names::find(fact).is_none()
            {
                let near = nearest(fact, names::all().map(|n| n.path));
                let help = near.map(|n| format!("did you mean `{n}`?"));
                self.at_key(
                    &format!("{key}.missing"),
                    format!("unknown fact `{fact}`"),
                    help,
                );
            }
        }
    }

    /// Checks the facts that an example states.
    fn stated(&mut self, i: usize, example: &Example, written: &RuleFile) {
        let words: Vec<&str> = written
            .for_each
            .as_deref()
            .map_or_else(Vec::new, |text| text.split_whitespace().collect());
        let each = match words.as_slice() {
            [variable, "in", list] => Some((*variable, *list)),
            _ => None,
        };
        for (path, value) in &example.facts {
            let full = given::full_path(path, each);
            if let Err((message, help)) = given::read(&full, value) {
                self.at_key(&format!("examples[{i}].facts.{path}"), message, help);
            }
        }
    }

    pub(super) fn for_each(&mut self, written: Option<&str>) -> Option<ForEach> {
        let written = written?;
        let mut words = written.split_whitespace();
        let (Some(variable), Some("in"), Some(list), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            let help = Some("write `for_each: oom in oom_events`".to_owned());
            self.at_key(
                "for_each",
                format!("`{written}` is not `name in list`"),
                help,
            );
            return None;
        };
        let known = names::find(list).map(|n| n.kind) == Some(Kind::List);
        if !known {
            let lists = names::all().filter(|n| n.kind == Kind::List && !n.path.contains('['));
            let help = nearest(list, lists.map(|n| n.path)).map(|n| format!("did you mean `{n}`?"));
            self.at_key("for_each", format!("there is no list `{list}`"), help);
        }
        let list = if known { list } else { "" };
        self.new_name("for_each", variable);
        Some(ForEach {
            variable: variable.to_owned(),
            list: list.to_owned(),
        })
    }

    /// A name that hides a fact or a word of the language would be read wrongly by people.
    pub(super) fn new_name(&mut self, key: &str, name: &str) {
        let taken = names::find(name).is_some()
            || names::is_record(name)
            || [
                "group", "true", "false", "not", "and", "or", "in", "is", "if", "else",
            ]
            .contains(&name);
        let shaped = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if taken {
            self.at_key(
                key,
                format!("`{name}` already means something else"),
                Some("choose another name".to_owned()),
            );
        } else if !shaped {
            let help = Some("use lower case letters, digits and `_`".to_owned());
            self.at_key(key, format!("`{name}` cannot be a name"), help);
        }
    }
}
