//! A rule as written: the YAML file, unknown keys refused, nothing else checked yet.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, de};

use crate::finding::{Role, Severity};

/// One rule file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Name of the problem; equal to the file's name without `.yaml`.
    pub id: String,
    /// How bad it is when true.
    pub severity: Severity,
    /// Which place a finding can take in the cause tree.
    pub role: Role,
    /// Short name of the problem for a reader.
    pub title: Texts,
    /// `name in list`: one evaluation per item.
    pub for_each: Option<String>,
    /// Items with the same value make one finding.
    pub group_by: Option<Source>,
    /// Local names, each may use the ones before it.
    #[serde(default, rename = "let")]
    pub lets: Ordered,
    /// The condition.
    pub when: Source,
    /// What makes it certain or likely.
    #[serde(default)]
    pub confidence: ConfidenceFile,
    /// Rules whose findings are symptoms of this one.
    #[serde(default)]
    pub explains: Vec<String>,
    /// Rules whose findings this one replaces.
    #[serde(default)]
    pub supersedes: Vec<String>,
    /// What happened here, with the figures.
    pub says: Texts,
    /// The sentence when the rule is ruled out.
    pub otherwise: Option<Texts>,
    /// The mechanism, for a reader who is not a kernel engineer.
    pub why: Texts,
    /// Remedies, best first.
    #[serde(default)]
    pub advice: Vec<AdviceFile>,
    /// Where to read more.
    #[serde(default)]
    pub references: Vec<String>,
    /// Inputs with the expected outcome.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// A text in both languages; its places in the file are `key.en` and `key.zh`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

/// Conditions of confidence.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfidenceFile {
    /// The decisive fact is there.
    pub certain: Option<Source>,
    /// More speaks for it than against it.
    pub likely: Option<Source>,
}

/// One remedy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdviceFile {
    /// Only when this holds.
    pub when: Option<Source>,
    /// What to do.
    #[serde(rename = "do")]
    pub text: Texts,
    /// The exact command or setting.
    pub command: Option<String>,
}

/// One example: files and what the rule must say about them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the example shows.
    pub name: String,
    /// Name of an example above, whose files and facts this one has too.
    pub like: Option<String>,
    /// Text by path, as on the machine without the leading `/`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Facts stated by name; `null` makes one unknown. The loop variable means the first item.
    #[serde(default)]
    pub facts: BTreeMap<String, serde_yaml::Value>,
    /// What must come out.
    pub expect: Expect,
}

/// What an example expects; only what is stated is compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Number of findings; 0 means that nothing is found.
    pub count: Option<usize>,
    /// How the rule ends.
    pub state: Option<Ending>,
    /// Confidence of the first finding: certain, likely or possible.
    pub confidence: Option<String>,
    /// English message of the first finding, or a part of it.
    pub says: Option<String>,
    /// Chinese message of the first finding, or a part of it.
    pub says_zh: Option<String>,
    /// The whole English message of the first finding.
    pub text: Option<String>,
    /// The whole Chinese message of the first finding.
    pub text_zh: Option<String>,
    /// The remedies of the first finding, all of them in order: a part of the words or of the
    /// command of each.
    pub advice: Option<Vec<String>>,
    /// A fact that must be named as missing.
    pub missing: Option<String>,
}

/// How a rule ends, in the words of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Ending {
    /// At least one finding.
    #[serde(rename = "found")]
    Found,
    /// Everything needed was there, and it does not hold.
    #[serde(rename = "ruled out")]
    RuledOut,
    /// A fact was missing.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found => "found",
            Self::RuledOut => "ruled out",
            Self::CannotTell => "cannot tell",
        })
    }
}

impl Expect {
    /// Whether the example wants at least one finding; `None` when it does not say.
    #[must_use]
    pub fn wants_found(&self) -> Option<bool> {
        match (self.state, self.count) {
            (Some(state), _) => Some(state == Ending::Found),
            (None, Some(count)) => Some(count > 0),
            (None, None) if self.missing.is_some() => Some(false),
            (None, None) => {
                let texts = [
                    &self.says,
                    &self.says_zh,
                    &self.text,
                    &self.text_zh,
                    &self.confidence,
                ];
                let any = texts.into_iter().any(Option::is_some) || self.advice.is_some();
                any.then_some(true)
            }
        }
    }
}

/// Source text of an expression; YAML's `true`, `3` and `0.5` are read as text too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(pub String);

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl de::Visitor<'_> for Scalar {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Source, E> {
                Ok(Source(v.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Source, E> {
                Ok(Source(v.to_string()))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Source, E> {
                Ok(Source(v.to_string()))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Source, E> {
                Ok(Source(v.to_string()))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Source, E> {
                Ok(Source(v.to_string()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// Named expressions in the order of writing.
#[derive(Debug, Clone, Default)]
pub struct Ordered(pub Vec<(String, Source)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> de::Visitor<'de> for Pairs {
            type Value = Ordered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with expressions")
            }
            fn visit_map<M: de::MapAccess<'de>>(self, mut map: M) -> Result<Ordered, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
