//! Patterns over the names in a bundle: `proc/*/cmdline`, `var/log/**`.

use crate::capture::glob::is_match;

/// A pattern: `*` stands for any text within a part, `**` for any number of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

impl Pattern {
    /// Reads a pattern; a path as on the machine, with its leading `/`, is one.
    ///
    /// # Errors
    /// It is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bare = text.trim_matches('/');
        if bare.is_empty() {
            return Err(format!(
                "{text:?} is not a pattern; write a name as `show` prints it, such as proc/*/cmdline"
            ));
        }
        Ok(Self(bare.split('/').map(str::to_owned).collect()))
    }

    /// Whether `path` fits.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        fits(&self.0, &parts)
    }
}

fn fits(pattern: &[String], parts: &[&str]) -> bool {
    match (pattern.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((head, rest)), _) if head == "**" => {
            (0..=parts.len()).any(|n| fits(rest, parts.get(n..).unwrap_or_default()))
        }
        (Some((head, rest)), Some((part, more))) => is_match(head, part) && fits(rest, more),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_folders() {
        let yes = [
            ("proc/*/cmdline", "proc/12/cmdline"),
            ("/var/log/**", "var/log/audit/audit.log"),
            ("**/*.json", "scene/view.json"),
            ("proc/all/cmdline.*", "proc/all/cmdline.000"),
            ("**", "a/b"),
        ];
        for (pattern, path) in yes {
            assert!(
                Pattern::parse(pattern).unwrap().matches(path),
                "{pattern} {path}"
            );
        }
        let no = [
            ("proc/*/cmdline", "proc/12/task/1/cmdline"),
            ("var/log/*", "var/log/audit/audit.log"),
            ("var/log", "var/log/messages"),
            ("cmdline", "proc/cmdline"),
        ];
        for (pattern, path) in no {
            assert!(
                !Pattern::parse(pattern).unwrap().matches(path),
                "{pattern} {path}"
            );
        }
        assert!(Pattern::parse("/").unwrap_err().contains("\"/\""));
    }
}
