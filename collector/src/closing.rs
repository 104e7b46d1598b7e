//! What the operator is told behind the three lines: which part of the machine was seen, and what
//! root would have added.

use std::io;

use crate::host::Host;
use crate::item::AS_ROOT;
use crate::plan::Plan;
use crate::probe::view;
use crate::sources::all;
use crate::summary::Summary;

/// Most items that are named; one more line counts the rest.
const NAMED_MAX: usize = 4;

/// Writes nothing when the whole machine was seen and nothing was refused.
///
/// # Errors
/// As `out`.
pub fn write(summary: &Summary, plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    if let Ok(host) = Host::new(&plan.root) {
        let view = view::look(&host);
        let outside = match view.kind.as_str() {
            "container" => "; what lies outside is not in the bundle",
            _ => "",
        };
        if view.kind != "host" {
            writeln!(out, "view     {}: {}{outside}", view.kind, view.reason)?;
        }
    }
    root(summary, out)
}

fn root(summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let refused: Vec<_> = all()
        .map(|(_, item)| item)
        .filter(|item| {
            let mut holes = summary.holes.iter();
            holes.any(|hole| hole.item == item.path && hole.remedy.starts_with(AS_ROOT))
        })
        .collect();
    for item in refused.iter().take(NAMED_MAX) {
        writeln!(out, "as root  {}: {}", item.path, item.why)?;
    }
    match refused.len().saturating_sub(NAMED_MAX) {
        0 => Ok(()),
        more => writeln!(out, "as root  and {more} more: see --dry-run"),
    }
}

#[cfg(test)]
mod tests {
    use oomscene_bundle::Outcome;

    use super::*;
    use crate::summary::Hole;

    #[test]
    fn never_more_than_five_lines() {
        let hole = |(_, item): (_, &crate::item::Item)| Hole {
            item: item.path.to_owned(),
            outcome: Outcome::Denied,
            remedy: AS_ROOT.to_owned(),
        };
        let summary = Summary {
            holes: all().map(hole).collect(),
            ..Summary::default()
        };
        let mut out = Vec::new();
        root(&summary, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        let mut out = Vec::new();
        root(&Summary::default(), &mut out).unwrap();
        assert!(out.is_empty());
    }
}
