//! The catalogue: built into the program, read from a folder, or both together.

use std::{collections::BTreeSet, fmt::Write as _, io::Read as _, path::Path};

use super::{
    Rule, RuleSet, check,
    diagnostic::Diagnostic,
    suppress::{self, Suppression},
    vocabulary::nearest,
};
use crate::facts::search::LogSearch;

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Largest rule file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Deepest folder below the one given.
const FOLDERS_MAX: usize = 8;

impl RuleSet {
    /// The rules that are built into the program.
    ///
    /// # Errors
    ///
    /// What is wrong with them; a test keeps this from happening in a release.
    pub fn builtin() -> Result<Self, Vec<Diagnostic>> {
        Self::catalogue(BUILTIN.iter().copied())
    }

    /// Rules of the catalogue from texts: in it, a rule reads facts only, never lines of logs.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn catalogue<'t>(
        texts: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let set = Self::from_texts(texts)?;
        let found: Vec<Diagnostic> = set.rules.iter().filter_map(check::reads_logs).collect();
        if found.is_empty() {
            Ok(set)
        } else {
            Err(found)
        }
    }

    /// What the rules look for in logs, each once.
    #[must_use]
    pub fn log_searches(&self) -> Vec<LogSearch> {
        let searches: BTreeSet<LogSearch> =
            self.rules.iter().flat_map(Rule::log_searches).collect();
        searches.into_iter().collect()
    }

    /// The rules of a folder and its subfolders: all `*.yaml` files.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn load(folder: &Path) -> Result<Self, Vec<Diagnostic>> {
        let (rules, lists) = read_folder(folder)?;
        let own = parse(named(&rules))?;
        // Its rules may name those that are built in.
        let mut all = Self::builtin().unwrap_or_default().rules;
        all.retain(|rule| !own.iter().any(|new| new.id == rule.id));
        all.extend(own.iter().cloned());
        let mut found = check::across(&all);
        found.retain(|d| own.iter().any(|rule| rule.file == d.file));
        if !found.is_empty() {
            return Err(found);
        }
        let whole = Self {
            rules: all,
            suppressions: Vec::new(),
        };
        let mut set = Self {
            rules: own,
            suppressions: whole.read_suppressions(&lists)?,
        };
        set.rules
            .sort_by(|a, b| (&a.id, &a.file).cmp(&(&b.id, &b.file)));
        Ok(set)
    }

    fn read_suppressions(&self, lists: &Texts) -> Result<Vec<Suppression>, Vec<Diagnostic>> {
        let mut all = Vec::new();
        for (name, text) in lists {
            let ids = self.rules.iter().map(|rule| rule.id.as_str());
            all.extend(suppress::read(name, text, ids)?);
        }
        Ok(all)
    }

    /// This catalogue, with the rules of a folder added; a rule with a known id replaces it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the folder's rules, alone or beside the others.
    pub fn with(mut self, folder: &Path) -> Result<Self, Vec<Diagnostic>> {
        let (rules, lists) = read_folder(folder)?;
        let added = parse(named(&rules))?;
        self.rules
            .retain(|rule| !added.iter().any(|new| new.id == rule.id));
        self.rules.extend(added);
        let mut set = self.sorted()?;
        set.suppressions.extend(set.read_suppressions(&lists)?);
        Ok(set)
    }

    /// Rules from texts: file name, content.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of them.
    pub fn from_texts<'t>(
        texts: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self {
            rules: parse(texts)?,
            suppressions: Vec::new(),
        }
        .sorted()
    }

    fn sorted(mut self) -> Result<Self, Vec<Diagnostic>> {
        self.rules
            .sort_by(|a, b| (&a.id, &a.file).cmp(&(&b.id, &b.file)));
        let found = check::across(&self.rules);
        if found.is_empty() {
            Ok(self)
        } else {
            Err(found)
        }
    }

    /// All rules in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rule with this id.
    ///
    /// # Errors
    ///
    /// A sentence that names the nearest id.
    pub fn get(&self, id: &str) -> Result<&Rule, String> {
        self.rules.iter().find(|rule| rule.id == id).ok_or_else(|| {
            let ids = self.rules.iter().map(|rule| rule.id.as_str());
            match nearest(id, ids) {
                Some(near) => format!("there is no rule `{id}`; did you mean `{near}`?"),
                None => {
                    format!("there is no rule `{id}`; `oomscene-analyze rules list` shows them")
                }
            }
        })
    }

    /// All rules, one a line: id, severity, role, title.
    #[must_use]
    pub fn list(&self) -> String {
        let width = self.rules.iter().map(|r| r.id.len()).max().unwrap_or(0);
        let mut out = String::new();
        for rule in &self.rules {
            let severity = format!("{:?}", rule.severity).to_lowercase();
            let role = format!("{:?}", rule.role).to_lowercase();
            let id = &rule.id;
            let _ = writeln!(
                out,
                "{id:width$}  {severity:8}  {role:8}  {}",
                rule.title.en
            );
        }
        out
    }

    /// The page of one rule: where it lies, what it means, and its text.
    ///
    /// # Errors
    ///
    /// A sentence when there is no such rule.
    pub fn show(&self, id: &str) -> Result<String, String> {
        let rule = self.get(id)?;
        Ok(format!(
            "{}\n{} · {}\nfrom {}\n\n{}",
            rule.id, rule.title.en, rule.title.zh, rule.file, rule.text
        ))
    }
}

fn parse<'t>(
    texts: impl Iterator<Item = (&'t str, &'t str)>,
) -> Result<Vec<Rule>, Vec<Diagnostic>> {
    let mut rules = Vec::new();
    let mut found = Vec::new();
    for (name, text) in texts {
        match check::rule(name, text) {
            Ok(rule) => rules.push(rule),
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    if found.is_empty() {
        Ok(rules)
    } else {
        Err(found)
    }
}

/// Files of a folder: name, content.
type Texts = Vec<(String, String)>;

fn named(texts: &Texts) -> impl Iterator<Item = (&str, &str)> {
    texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}

/// The rules of a folder, and its lists of suppressions.
fn read_folder(folder: &Path) -> Result<(Texts, Texts), Vec<Diagnostic>> {
    let mut texts = Vec::new();
    let mut found = Vec::new();
    walk(folder, 0, &mut texts, &mut found);
    texts.sort();
    if !found.is_empty() {
        return Err(found);
    }
    if texts.is_empty() {
        let name = folder.display().to_string();
        return Err(vec![Diagnostic::whole(
            &name,
            "no rule file (*.yaml) in this folder".to_owned(),
        )]);
    }
    Ok(texts
        .into_iter()
        .partition(|(_, text)| !suppress::is_list(text)))
}

fn walk(
    folder: &Path,
    depth: usize,
    texts: &mut Vec<(String, String)>,
    found: &mut Vec<Diagnostic>,
) {
    let complain = |path: &Path, error: &dyn std::fmt::Display| {
        Diagnostic::whole(
            &path.display().to_string(),
            format!("cannot read it: {error}"),
        )
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            found.push(complain(folder, &error));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if depth < FOLDERS_MAX {
                walk(&path, depth + 1, texts, found);
            } else {
                found.push(complain(&path, &"too many folders inside each other"));
            }
        } else if path.extension().is_some_and(|e| e == "yaml") {
            match read_file(&path) {
                Ok(text) => texts.push((path.display().to_string(), text)),
                Err(error) => found.push(complain(&path, &error)),
            }
        }
    }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other("larger than 1 MiB"));
    }
    Ok(text)
}
