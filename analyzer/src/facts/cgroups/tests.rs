//! Both versions, limits of ancestors, vendors' sentinels.

use super::*;
use crate::facts::testing::{record, source};

fn of(files: &[(&str, &str)]) -> Facts {
    let sources: Vec<_> = files
        .iter()
        .map(|(path, text)| source(path, text))
        .collect();
    let mut facts = Facts::default();
    parse(&sources.iter().collect::<Vec<_>>(), &mut facts);
    assert_eq!(
        super::super::names::undeclared(&facts.root),
        Vec::<String>::new()
    );
    facts
}

fn group<'a>(facts: &'a Facts, path: &str) -> &'a Record {
    let at = (0..facts.root.items("cgroups").len())
        .find(|i| record(facts, "cgroups", *i).text("path") == Some(path));
    record(facts, "cgroups", at.unwrap())
}

#[test]
fn v2_the_parent_is_tighter() {
    let facts = of(&[
        (
            "sys/fs/cgroup/cgroup.stat",
            "nr_descendants 3\nnr_dying_descendants 7\n",
        ),
        ("sys/fs/cgroup/a.slice/memory.current", "900\n"),
        ("sys/fs/cgroup/a.slice/memory.max", "1000\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.current", "800\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
        (
            "sys/fs/cgroup/a.slice/b.service/memory.events",
            "low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\n",
        ),
        (
            "sys/fs/cgroup/a.slice/b.service/memory.stat",
            "anon 700\nfile 5\nsock 1\n",
        ),
        ("sys/fs/cgroup/a.slice/b.service/pids.max", "max\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.oom.group", "1\n"),
        (
            "scene/second/sys/fs/cgroup/a.slice/b.service/memory.events",
            "oom_kill 3\n",
        ),
    ]);
    assert_eq!(facts.root.text("cgroup.version"), Some("v2"));
    assert_eq!(facts.root.int("cgroup.dying_count"), Some(7));
    let b = group(&facts, "/a.slice/b.service");
    assert_eq!(b.flag("limited"), Some(false));
    assert_eq!(b.get("limit_bytes"), None);
    assert_eq!(b.int("effective_limit_bytes"), Some(1000));
    assert_eq!(b.text("effective_limit_path"), Some("/a.slice"));
    assert_eq!(b.int("oom_kills_between_count"), Some(1));
    assert_eq!(b.flag("oom_group"), Some(true));
    assert_eq!(b.get("pids_limit_count"), None);
    assert_eq!(b.text("unit"), Some("b.service"));
    assert_eq!(b.get("oom_kill_count").unwrap().evidence[0].line, 5);
}

#[test]
fn v2_an_uncaptured_parent_leaves_the_effective_limit_unknown() {
    let facts = of(&[
        ("sys/fs/cgroup/a.slice/b.service/memory.current", "800\n"),
        ("sys/fs/cgroup/a.slice/b.service/memory.max", "5000\n"),
    ]);
    let b = group(&facts, "/a.slice/b.service");
    assert_eq!(b.int("limit_bytes"), Some(5000));
    assert_eq!(b.get("effective_limit_bytes"), None);
}

#[test]
fn v1_sentinels_of_all_page_sizes_and_the_kernels_own_effective_limit() {
    for unlimited in [
        "9223372036854771712",
        "9223372036854759424",
        "9223372036854710272",
        "9223372036854775807",
    ] {
        let facts = of(&[
            (
                "sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                unlimited,
            ),
            ("sys/fs/cgroup/memory/docker/memory.usage_in_bytes", "7"),
        ]);
        assert_eq!(
            group(&facts, "/docker").flag("limited"),
            Some(false),
            "{unlimited}"
        );
        assert_eq!(
            group(&facts, "/docker").get("limit_bytes"),
            None,
            "{unlimited}"
        );
    }
    let facts = of(&[
        ("sys/fs/cgroup/memory/p/memory.limit_in_bytes", "4096\n"),
        (
            "sys/fs/cgroup/memory/p/c/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/p/c/memory.failcnt", "12\n"),
        (
            "sys/fs/cgroup/memory/p/c/memory.oom_control",
            "oom_kill_disable 1\nunder_oom 1\n",
        ),
        (
            "sys/fs/cgroup/memory/p/c/memory.stat",
            "cache 1\nrss 2\nhierarchical_memory_limit 4096\ntotal_cache 10\ntotal_rss 20\n",
        ),
        ("sys/fs/cgroup/pids/p/c/pids.current", "3\n"),
        ("sys/fs/cgroup/pids/other/pids.current", "3\n"),
    ]);
    assert_eq!(facts.root.items("cgroups").len(), 2);
    let c = group(&facts, "/p/c");
    assert_eq!(c.int("effective_limit_bytes"), Some(4096));
    assert_eq!(c.text("effective_limit_path"), Some("/p"));
    assert_eq!(c.flag("oom_kill_disabled"), Some(true));
    assert_eq!(c.int("anon_bytes"), Some(20));
    assert_eq!(c.int("hit_limit_count"), Some(12));
    assert_eq!(c.int("pids_count"), Some(3));
    assert_eq!(
        c.get("oom_kill_count"),
        None,
        "before 4.13 it is unknown, not zero"
    );
}

#[test]
fn the_number_of_cgroups() {
    let mut facts = Facts::default();
    controllers(
        &[&source(
            "proc/cgroups",
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t5\t31337\t1\n",
        )],
        &mut facts,
    );
    assert_eq!(facts.root.int("cgroup.memory_groups_count"), Some(31337));
}
