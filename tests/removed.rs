//! What the customer took out of a bundle is neither absent nor ruled out in the report.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use oomscene_analyzer::facts::{Facts, gather, names, why_missing};
use oomscene_analyzer::intake;
use oomscene_bundle::{End, Header, Line, Outcome, Writer, edit};

const ID: &str = "3306c4278822cedfcaffcddb48647aeaf3d47ed4a1948eb70f03c13ea24d8174";

/// A bundle of a machine that has the whole kernel log of its boot, two processes and a container.
fn bundle() -> Vec<u8> {
    let header = Header {
        format_version: 1,
        hostname: "db7".to_owned(),
        page_size_bytes: 4096,
        ..Header::default()
    };
    let mut writer = Writer::begin(Vec::new(), "oomscene-db7", &header).unwrap();
    let pod = format!(
        "/kubepods.slice/kubepods-podb0b4b9ab_69ac_45c9_ba1d_25c0bc5c9e0d.slice/cri-containerd-{ID}.scope"
    );
    let kmsg = format!(
        "6,1,1000000,-;Linux version 6.1.0\n\
         4,2,9000000,-;java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n\
         6,3,9000001,-;memory: usage 65536kB, limit 65536kB, failcnt 12\n\
         6,4,9000002,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-{ID}.scope,mems_allowed=0,oom_memcg={pod},task_memcg={pod},task=java,pid=4711,uid=0\n\
         3,5,9000003,-;Memory cgroup out of memory: Killed process 4711 (java) total-vm:100000kB, anon-rss:65000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:200kB oom_score_adj:0\n"
    );
    let mut packed = Vec::new();
    for pid in [1, 7] {
        let stat = format!(
            "{pid} (a) S 1 7 7 0 -1 0 9 0 0 0 1 2 0 0 20 0 1 0 55 4096000 250 1 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
        );
        oomscene_bundle::packed::push(&mut packed, &format!("proc/{pid}/stat"), stat.as_bytes());
    }
    let container = format!(
        "{{\"container\":\"postgres\",\"id\":\"{ID}\",\"image\":\"docker.io/library/postgres:16\",\"namespace\":\"prod\",\"pod\":\"db-0\",\"runtime\":\"containerd\"}}\n"
    );
    let ring = b"{\n\"first_sequence\": 0,\n\"records_lost_while_reading\": 0\n}\n";
    let entries: [(&str, &str, &[u8]); 6] = [
        ("scene/kmsg", "scene/kmsg", kmsg.as_bytes()),
        ("scene/kmsg", "scene/kmsg.json", ring),
        ("proc/meminfo", "proc/meminfo", b"MemTotal: 16384000 kB\n"),
        ("proc/[pid]/stat", "proc/all/stat.000", &packed),
        (
            "scene/containers.jsonl",
            "scene/containers.jsonl",
            container.as_bytes(),
        ),
        (
            "var/log/messages",
            "var/log/messages",
            b"Jan  1 00:00:01 db7 kernel: Linux version 6.1.0\n",
        ),
    ];
    for (item, path, content) in entries {
        let line = Line::new(item, path, Outcome::Captured);
        writer.put(path, content, line).unwrap();
    }
    writer.close_room("all").unwrap();
    writer.finish(End::default()).unwrap()
}

fn without(taken_out: &[&str]) -> Facts {
    let whole = bundle();
    let is_removed = |path: &str| taken_out.contains(&path);
    let (bytes, _) = edit::without(&mut || Ok(whole.as_slice()), Vec::new(), &is_removed).unwrap();
    facts(&bytes)
}

fn facts(bundle: &[u8]) -> Facts {
    let inputs = intake::open(&["-".to_owned()], &mut &*bundle).unwrap();
    let facts = gather(&inputs);
    assert_eq!(names::undeclared(&facts.root), Vec::<String>::new());
    facts
}

fn why(facts: &Facts, name: &str) -> String {
    why_missing(facts, names::find(name).unwrap()).en
}

#[test]
fn an_event_is_told_by_pod_and_image() {
    let facts = facts(&bundle());
    let oomscene_analyzer::facts::Value::Record(event) = &facts.root.items("oom_events")[0].value
    else {
        panic!("no event");
    };
    assert_eq!(event.text("memcg.pod_name"), Some("db-0"));
    assert_eq!(
        event.text("memcg.image"),
        Some("docker.io/library/postgres:16")
    );
    assert_eq!(facts.root.flag("kernel_log.whole_boot"), Some(true));
    for (lang, said) in [("en", "docker.io/library/postgres:16"), ("zh", "Pod 名称")] {
        let text = report(&bundle(), &["--lang", lang]);
        assert!(text.contains("prod/db-0") && text.contains(said), "{text}");
    }
}

/// The report as Markdown.
fn report(bundle: &[u8], more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.tar.gz");
    std::fs::write(&path, bundle).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_oomscene-analyze"))
        .args([
            "report",
            path.to_str().unwrap(),
            "-o",
            "-",
            "--format",
            "md",
        ])
        .args(more)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_was_taken_out_is_unknown_and_says_who_did_it() {
    let facts = without(&["proc/meminfo"]);
    assert!(facts.get("memory.total_bytes").is_none());
    let said = why(&facts, "memory.total_bytes");
    assert!(
        said.contains("the customer took it") && said.contains("ask for it"),
        "{said}"
    );
    assert_eq!(facts.root.int("input.holes_count"), Some(1));
}

#[test]
fn a_list_that_lost_a_packed_file_is_partial() {
    let whole = facts(&bundle());
    let processes = |facts: &Facts| match &facts.get("processes").unwrap().value {
        oomscene_analyzer::facts::Value::List(list) => list.clone(),
        other => panic!("{other:?}"),
    };
    assert!(processes(&whole).partial.is_none());
    let reduced = processes(&without(&["proc/7/stat"]));
    assert_eq!(reduced.items.len(), 1);
    let why = reduced.partial.unwrap();
    assert!(
        why.en.contains("1 file removed by the customer"),
        "{}",
        why.en
    );
}

#[test]
fn a_ring_buffer_that_was_taken_out_proves_nothing() {
    let facts = without(&["scene/kmsg"]);
    // The other log has no kill; that must not count as "no kill since boot".
    assert_eq!(facts.root.flag("kernel_log.whole_boot"), Some(false));
    let list = match &facts.get("oom_events").unwrap().value {
        oomscene_analyzer::facts::Value::List(list) => list.clone(),
        other => panic!("{other:?}"),
    };
    assert!(list.items.is_empty() && list.partial.is_some());
    let none = without(&["scene/kmsg", "var/log/messages"]);
    assert!(why(&none, "oom_events[].order").contains("the customer took it"));
}
