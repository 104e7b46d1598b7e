//! From a rule as written to a rule that can be evaluated: every name, kind and text is checked.
//!
//! What passes here cannot fail later: evaluation has no error path, only known and unknown.

mod events;
mod filters;
mod head;
mod reach;
mod set;
mod shapes;
mod texts;

use std::collections::BTreeMap;

use super::{
    Advice, Message, Rule,
    diagnostic::Diagnostic,
    expr::{Expr, Shape},
    file::{RuleFile, Source, Texts},
    lower::{Problem, expression, template},
    place::{Place, Places},
    vocabulary::nearest,
};
use crate::{facts::names::Kind, words::Bilingual};

pub(super) use set::{across, reads_logs};
use shapes::Checker;
use texts::{Purpose, shown_paths};

/// Names that are not facts: loop variable, local names, `group`.
pub(super) type Locals = BTreeMap<String, Shape>;

/// Checks one file. `name` is how the user knows it.
pub(super) fn rule(name: &str, text: &str) -> Result<Rule, Vec<Diagnostic>> {
    let places = Places::read(text);
    let written: RuleFile = match serde_yaml::from_str(text) {
        Ok(written) => written,
        Err(error) => return Err(vec![unreadable(name, text, &places, &error)]),
    };
    let mut draft = Draft {
        name,
        text,
        places,
        found: Vec::new(),
    };
    let rule = draft.rule(written);
    draft.found.sort();
    draft.found.dedup();
    match rule {
        Some(rule) if draft.found.is_empty() => Ok(rule),
        _ => Err(draft.found),
    }
}

/// A file that is not YAML, or has a key or value that a rule does not have.
pub(super) fn unreadable(
    name: &str,
    text: &str,
    places: &Places,
    error: &serde_yaml::Error,
) -> Diagnostic {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(before, _)| before);
    let mut quoted = message.split('`').skip(1).step_by(2);
    let line = error.location().map_or(1, |l| l.line());
    let mut place = places.key("");
    let missing = message
        .contains("missing field")
        .then(|| quoted.clone().next())
        .flatten();
    if let Some(key) = missing {
        let message = format!("the key `{key}` is missing");
        let place = error.location().map_or(place, |l| Place {
            line: l.line(),
            column: l.column(),
            length: 1,
        });
        return Diagnostic::new(name, text, place, message, None);
    }
    if let Some(location) = error.location() {
        place.line = location.line();
        place.column = location.column();
    }
    if message.contains("unknown field") || message.contains("unknown variant") {
        let word = quoted.next().unwrap_or_default();
        let ours: Vec<&str> = quoted.collect();
        let near = nearest(word, ours.iter().copied());
        let key = places
            .key_named(word, line)
            .or_else(|| places.key_named(word, 1));
        let what = if message.contains("unknown field") {
            "unknown key"
        } else {
            "unknown word"
        };
        let help = near.map_or_else(
            || format!("there are: {}", ours.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let shown: String = word
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        let message = format!("{what} `{shown}`");
        place.length = word.chars().count();
        return Diagnostic::new(name, text, key.unwrap_or(place), message, Some(help));
    }
    // serde's words for an enum in YAML; ours are plain words.
    let message = message.replace("a YAML tag starting with '!'", "one word");
    Diagnostic::new(name, text, place, message, None)
}

struct Draft<'t> {
    name: &'t str,
    text: &'t str,
    places: Places,
    found: Vec<Diagnostic>,
}

impl Draft<'_> {
    fn rule(&mut self, written: RuleFile) -> Option<Rule> {
        self.identity(&written);
        self.examples(&written);
        let for_each = self.for_each(written.for_each.as_deref());
        if for_each.is_none() && written.for_each.is_some() {
            // Without the variable every use of it would be called wrong.
            return None;
        }
        let mut locals = Locals::new();
        if let Some(each) = &for_each {
            let item = match each.list.as_str() {
                "" => Shape::Wrong,
                list => Shape::Record(format!("{list}[]")),
            };
            locals.insert(each.variable.clone(), item);
        }
        let mut outside = Locals::new();
        let lets = self.lets(&written, &mut locals, &mut outside);
        let when = self.condition("when", &written.when, &locals);
        if let Some(when) = &when
            && self.found.is_empty()
        {
            self.inside("when", &written.when.0, reach::fixed(when, &lets));
        }
        let group_by = written.group_by.as_ref().and_then(|source| {
            if written.for_each.is_none() {
                self.at_key("group_by", "`group_by` needs `for_each`", None);
            }
            self.scalar("group_by", source, &locals)
        });
        let sure = &written.confidence;
        let certain = sure
            .certain
            .as_ref()
            .map(|s| self.condition("confidence.certain", s, &locals));
        let likely = sure
            .likely
            .as_ref()
            .map(|s| self.condition("confidence.likely", s, &locals));
        if let Some(each) = &for_each {
            locals.insert("group".to_owned(), Shape::Group(each.list.clone()));
        }
        let says = self.message("says", &written.says, &locals);
        let why = self.message("why", &written.why, &locals);
        let otherwise = written
            .otherwise
            .as_ref()
            .map(|t| self.message("otherwise", t, &outside));
        let advice = self.advice(&written, &locals);
        Some(Rule {
            id: written.id,
            severity: written.severity,
            role: written.role,
            title: Bilingual::new(written.title.en, written.title.zh),
            file: self.name.to_owned(),
            text: self.text.to_owned(),
            for_each,
            group_by,
            lets,
            when: when?,
            certain: flatten(certain)?,
            likely: flatten(likely)?,
            explains: written.explains,
            supersedes: written.supersedes,
            says: says?,
            otherwise: flatten(otherwise)?,
            why: why?,
            advice,
            references: written.references,
            examples: written.examples,
        })
    }

    /// A complaint about a key.
    fn at_key(&mut self, key: &str, message: impl Into<String>, help: Option<String>) {
        let place = self.places.key(key);
        self.found.push(Diagnostic::new(
            self.name,
            self.text,
            place,
            message.into(),
            help,
        ));
    }

    /// Complaints about pieces of the scalar at `key`.
    fn inside(&mut self, key: &str, value: &str, problems: Vec<Problem>) {
        for problem in problems {
            let place = self.places.inside(key, value, problem.span);
            self.found.push(Diagnostic::new(
                self.name,
                self.text,
                place,
                problem.message,
                problem.help,
            ));
        }
    }

    /// Checks the local names; `outside` gets those that need no item of `for_each`.
    fn lets(
        &mut self,
        written: &RuleFile,
        locals: &mut Locals,
        outside: &mut Locals,
    ) -> Vec<(String, Expr)> {
        let mut lets = Vec::new();
        for (name, source) in &written.lets.0 {
            let key = format!("let.{name}");
            self.new_name(&key, name);
            if locals.contains_key(name) {
                self.at_key(&key, format!("`{name}` is defined twice"), None);
            }
            let checked = self.expression(&key, source, locals);
            let shape = checked.as_ref().map_or(Shape::Wrong, |e| e.shape.clone());
            if let Some(expr) = checked {
                let mut paths = Vec::new();
                expr.paths(&mut paths);
                let free = |path: &&[String]| {
                    path.first()
                        .is_none_or(|head| !locals.contains_key(head) || outside.contains_key(head))
                };
                if paths.iter().all(free) {
                    outside.insert(name.clone(), shape.clone());
                }
                lets.push((name.clone(), expr));
            }
            locals.insert(name.clone(), shape);
        }
        lets
    }

    /// Reads and checks an expression; complaints go to `found`.
    fn expression(&mut self, key: &str, source: &Source, locals: &Locals) -> Option<Expr> {
        match expression(&source.0) {
            Err(problem) => {
                self.inside(key, &source.0, vec![problem]);
                None
            }
            Ok(mut expr) => {
                let mut checker = Checker::new(locals);
                checker.shape(&mut expr);
                self.inside(key, &source.0, checker.problems);
                Some(expr)
            }
        }
    }

    fn condition(&mut self, key: &str, source: &Source, locals: &Locals) -> Option<Expr> {
        let expr = self.expression(key, source, locals)?;
        if !matches!(expr.shape, Shape::Wrong | Shape::Scalar(Kind::Flag)) {
            let is = shapes::describe(&expr.shape);
            let problem = Problem::new(
                expr.span,
                format!("a condition is needed here, this gives {is}"),
            )
            .help("compare it with something");
            self.inside(key, &source.0, vec![problem]);
        }
        Some(expr)
    }

    fn scalar(&mut self, key: &str, source: &Source, locals: &Locals) -> Option<Expr> {
        let expr = self.expression(key, source, locals)?;
        if !matches!(expr.shape, Shape::Wrong | Shape::Literal | Shape::Scalar(_)) {
            let is = shapes::describe(&expr.shape);
            let problem = Problem::new(
                expr.span,
                format!("one value is needed here, this gives {is}"),
            );
            self.inside(key, &source.0, vec![problem]);
        }
        Some(expr)
    }

    fn words(
        &mut self,
        key: &str,
        source: &str,
        locals: &Locals,
        purpose: Purpose,
    ) -> Option<Vec<super::expr::Part>> {
        if source.trim().is_empty() {
            self.at_key(
                key,
                format!("`{key}` is empty"),
                Some("every text is there in English and Chinese".to_owned()),
            );
            return None;
        }
        match template(source) {
            Err(problem) => {
                self.inside(key, source, vec![problem]);
                None
            }
            Ok(mut parts) => {
                let mut locals = locals.clone();
                let mut problems = texts::check(&mut parts, &mut locals, purpose);
                if purpose == Purpose::Command {
                    problems.extend(texts::inside_quotes(&parts));
                    problems.extend(texts::read_as_options(&parts));
                }
                self.inside(key, source, problems);
                Some(parts)
            }
        }
    }

    fn message(&mut self, key: &str, texts: &Texts, locals: &Locals) -> Option<Message> {
        let before = self.found.len();
        let en = self.words(&format!("{key}.en"), &texts.en, locals, Purpose::Reading);
        let zh = self.words(&format!("{key}.zh"), &texts.zh, locals, Purpose::Reading);
        let message = Message { en: en?, zh: zh? };
        if self.found.len() > before {
            return Some(message);
        }
        let (en, zh) = (shown_paths(&message.en), shown_paths(&message.zh));
        for (language, here, there) in [("zh", &zh, &en), ("en", &en, &zh)] {
            let lacks: Vec<&str> = there.difference(here).map(String::as_str).collect();
            if !lacks.is_empty() {
                let list = lacks.join("`, `");
                let help = "both languages show the same facts".to_owned();
                self.at_key(
                    &format!("{key}.{language}"),
                    format!("`{key}.{language}` does not show `{list}`, the other language does"),
                    Some(help),
                );
            }
        }
        Some(message)
    }

    fn advice(&mut self, written: &RuleFile, locals: &Locals) -> Vec<Advice> {
        let mut all = Vec::new();
        for (i, advice) in written.advice.iter().enumerate() {
            let key = |part: &str| format!("advice[{i}].{part}");
            let when = advice
                .when
                .as_ref()
                .map(|s| self.condition(&key("when"), s, locals));
            let command = advice
                .command
                .as_ref()
                .map(|s| self.words(&key("command"), s, locals, Purpose::Command));
            let text = self.message(&key("do"), &advice.text, locals);
            if let (Some(when), Some(command), Some(text)) = (flatten(when), flatten(command), text)
            {
                all.push(Advice {
                    when,
                    text,
                    command,
                });
            }
        }
        all
    }
}

/// Absent stays absent; present and wrong is `None` outside, so that the rule is not made.
fn flatten<T>(checked: Option<Option<T>>) -> Option<Option<T>> {
    match checked {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}
