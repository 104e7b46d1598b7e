//! What systemd was told about memory: unit files and drop-ins, and what starts at boot.

use std::collections::BTreeMap;

use super::source::Source;
use super::{Facts, Record};

const KEYS: &[(&str, &str)] = &[
    ("OOMScoreAdjust", "oom_score_adjust"),
    ("OOMPolicy", "oom_policy"),
    ("MemoryMax", "memory_max"),
    ("MemoryLimit", "memory_max"),
];

/// Settings by unit. Files come as the collector lists them; one in `etc` overrides one in `usr`,
/// a drop-in overrides its unit file (`systemd.unit(5)`).
pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    let mut units: BTreeMap<String, Record> = BTreeMap::new();
    let mut order: Vec<&Source<'_>> = sources.to_vec();
    order.sort_by_key(|s| rank(&s.path));
    for source in order {
        let Some(name) = unit_of(&source.path) else {
            // `systemctl show` prints blocks that name their unit themselves.
            blocks(source, &mut units);
            continue;
        };
        for line in source.lines() {
            if let Some((key, value)) = line.text.split_once('=') {
                set(
                    units.entry(name.clone()).or_default(),
                    key,
                    value,
                    source,
                    &line,
                );
            }
        }
    }
    for (name, mut unit) in units {
        let Some(evidence) = unit.fields.values().next().map(|f| f.evidence.clone()) else {
            continue;
        };
        unit.put("unit", name, evidence);
        facts.push("policy.units", unit);
    }
    if !sources.is_empty() {
        facts.root.list("policy.units");
    }
}

fn blocks(source: &Source<'_>, units: &mut BTreeMap<String, Record>) {
    let mut name: Option<String> = None;
    for line in source.lines() {
        match line.text.split_once('=') {
            Some(("Id", id)) => name = Some(id.to_owned()),
            Some((key, value)) => {
                if let Some(name) = &name {
                    set(
                        units.entry(name.clone()).or_default(),
                        key,
                        value,
                        source,
                        &line,
                    );
                }
            }
            None if line.text.trim().is_empty() => name = None,
            None => {}
        }
    }
}

fn set(
    unit: &mut Record,
    key: &str,
    value: &str,
    source: &Source<'_>,
    line: &super::source::TextLine<'_>,
) {
    let Some((_, fact)) = KEYS.iter().find(|(k, _)| *k == key.trim()) else {
        return;
    };
    let value = value.trim();
    match *fact {
        "oom_score_adjust" => unit.put_some(fact, value.parse::<i64>().ok(), &source.at(line)),
        _ if value.is_empty() => {}
        _ => unit.put(fact, value, source.at(line)),
    }
}

/// `…/NAME.service` and `…/NAME.service.d/FILE.conf`.
fn unit_of(path: &str) -> Option<String> {
    const KINDS: [&str; 6] = [".service", ".slice", ".scope", ".socket", ".mount", ".swap"];
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let name = if file.ends_with(".conf") {
        parts.next()?.strip_suffix(".d")?
    } else {
        file
    };
    KINDS
        .iter()
        .any(|k| name.ends_with(k))
        .then(|| name.to_owned())
}

fn rank(path: &str) -> (bool, u8) {
    let place = match path {
        p if p.starts_with("etc/") => 2,
        p if p.starts_with("run/") => 1,
        _ => 0,
    };
    (path.ends_with(".conf"), place)
}

/// Services that start at boot, one a line.
pub(super) fn wanted(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        for (unit, fact) in [
            ("earlyoom.service", "policy.earlyoom_enabled"),
            ("systemd-oomd.service", "policy.oomd_enabled"),
        ] {
            let line = source.lines().find(|l| l.text.contains(unit));
            match line {
                Some(line) => facts.put(fact, true, source.at(&line)),
                None => facts.put(
                    fact,
                    false,
                    vec![super::Evidence::new(
                        source.entry,
                        0,
                        &format!("no line with {unit}"),
                    )],
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn a_drop_in_overrides() {
        let files = [
            testing::source(
                "etc/systemd/system/db.service.d/10-oom.conf",
                "[Service]\nOOMScoreAdjust=-1000\n",
            ),
            testing::source(
                "usr/lib/systemd/system/db.service",
                "[Service]\nOOMScoreAdjust = -500\nMemoryMax=2G\nExecStart=/bin/db --x=1\n",
            ),
            testing::source(
                "usr/lib/systemd/system/quiet.service",
                "[Service]\nLimitNOFILE=5\n",
            ),
        ];
        let mut facts = Facts::default();
        parse(&files.iter().collect::<Vec<_>>(), &mut facts);
        assert_eq!(facts.root.items("policy.units").len(), 1);
        let unit = testing::record(&facts, "policy.units", 0);
        assert_eq!(unit.text("unit"), Some("db.service"));
        assert_eq!(unit.int("oom_score_adjust"), Some(-1000));
        assert_eq!(unit.text("memory_max"), Some("2G"));
    }

    #[test]
    fn systemctl_show() {
        let facts = testing::parse(
            parse,
            "scene/systemd/units.txt",
            "Id=a.service\nOOMScoreAdjust=0\nMemoryMax=infinity\n\nId=b.service\nOOMPolicy=kill\n",
        );
        assert_eq!(
            testing::record(&facts, "policy.units", 1).text("oom_policy"),
            Some("kill")
        );
    }

    #[test]
    fn what_starts_at_boot() {
        let facts = testing::parse(
            wanted,
            "scene/systemd/wants.txt",
            "etc/systemd/system/multi-user.target.wants/earlyoom.service\n",
        );
        assert_eq!(facts.root.flag("policy.earlyoom_enabled"), Some(true));
        assert_eq!(facts.root.flag("policy.oomd_enabled"), Some(false));
    }
}
