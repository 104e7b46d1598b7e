//! The help of every subcommand is golden, and arguments mean what they say.

use clap::CommandFactory as _;

use super::*;

fn help_of(command: &mut clap::Command, path: &str, out: &mut String) {
    out.push_str(&format!("===== {path} --help\n"));
    out.push_str(
        &command
            .clone()
            .term_width(100)
            .render_long_help()
            .to_string(),
    );
    for sub in command.get_subcommands_mut() {
        if sub.get_name() != "help" {
            let path = format!("{path} {}", sub.get_name());
            help_of(sub, &path, out);
        }
    }
}

#[test]
fn help_is_golden() {
    let mut out = String::new();
    let mut command = Args::command();
    command.build();
    help_of(&mut command, "oomscene-analyze", &mut out);
    insta::assert_snapshot!(out);
}

#[test]
fn report_is_the_default() {
    let args = Args::try_parse_from(["x", "scene.tar.gz", "--lang", "zh"]).unwrap();
    assert!(args.command.is_none());
    assert_eq!(args.report.inputs, ["scene.tar.gz"]);
    assert_eq!(args.report.telling.lang, LangName::Zh);
    let args =
        Args::try_parse_from(["x", "report", "a", "b", "-o", "-", "--format", "md"]).unwrap();
    assert!(
        matches!(args.command, Some(Command::Report(a)) if a.inputs == ["a", "b"] && a.telling.format == ["md"])
    );
}

#[test]
fn what_cannot_be_asked() {
    for wrong in [
        &["x"][..],
        &["x", "report"],
        &["x", "a", "--format", "pdf"],
        &["x", "a", "--fail-on", "info"],
        &["x", "why", "rule-alone"],
        &["x", "rules"],
    ] {
        let error = Args::try_parse_from(wrong).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{wrong:?}");
    }
}

fn run_it(args: &[&str], stdin: &str) -> (String, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("oomscene-analyze").chain(args.iter().copied());
    let code = run(
        args.map(Into::into),
        &mut stdin.as_bytes(),
        &mut out,
        &mut err,
    );
    (
        format!("{code:?}"),
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn code(n: u8) -> String {
    format!("{:?}", std::process::ExitCode::from(n))
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let (ended, _, err) = run_it(&["-", "-o", "-"], "");
    assert_eq!(ended, code(2));
    assert!(
        err.contains("one format, not 3") && err.contains("--format"),
        "{err}"
    );
    let (ended, _, err) = run_it(&["/nowhere/scene.tar.gz", "-o", "-", "--format", "md"], "");
    assert_eq!(ended, code(3));
    assert!(
        err.contains("/nowhere/scene.tar.gz") && err.contains("check the path"),
        "{err}"
    );
    let (ended, _, err) = run_it(&["why", "memcg-limit-reache", "-"], "");
    assert_eq!(ended, code(2));
    assert!(err.contains("did you mean `memcg-limit-reached`"), "{err}");
}

const KILL: &str = "[   99.001090] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/hog.service,task_memcg=/system.slice/hog.service,task=hog,pid=4242,uid=0
[   99.001100] Memory cgroup out of memory: Killed process 4242 (hog) total-vm:68000kB, anon-rss:64512kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:168kB oom_score_adj:0
";

#[test]
fn severity_decides_the_exit_code_when_asked() {
    let ask = ["-", "-o", "-", "--format", "json"];
    assert_eq!(run_it(&ask, KILL).0, code(0));
    let (ended, out, _) = run_it(&[&ask[..], &["--fail-on", "low"]].concat(), KILL);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["verdict"]["root"]["severity"], "high", "{out}");
    assert_eq!(ended, code(13));
    let critical = run_it(&[&ask[..], &["--fail-on", "critical"]].concat(), KILL);
    assert_eq!(critical.0, code(0));
}

#[test]
fn a_folder_gets_the_files_and_the_terminal_the_verdict() {
    let folder = std::env::temp_dir().join(format!("oomscene-cli-{}", std::process::id()));
    let name = folder.to_str().unwrap();
    let formats = report::FORMATS
        .iter()
        .map(|f| f.name)
        .collect::<Vec<_>>()
        .join(",");
    let (ended, out, err) = run_it(&["-", "-o", name, "--format", &formats], KILL);
    assert_eq!(ended, code(0), "{err}");
    assert!(out.contains("hog") && out.contains("report.html"), "{out}");
    for format in report::FORMATS {
        let size = std::fs::metadata(folder.join(format.file)).unwrap().len();
        assert!(size > 500, "{}", format.file);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn two_sides_are_compared() {
    let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/logs");
    let log = |name: &str| logs.join(name).to_str().unwrap().to_owned();
    let (before, after) = (
        log("02-prometheus-memcg-fused-lines.log"),
        log("05-ls-order3-java-victim.log"),
    );
    let (ended, out, err) = run_it(&["compare", &before, &after], "");
    assert_eq!((ended, err.as_str()), (code(0), ""));
    assert!(out.contains("memcg-limit-reached"), "{out}");
    let (_, out, _) = run_it(&["compare", &before, &after, "--format", "json"], "");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(told.is_object(), "{out}");
    let (_, same, _) = run_it(&["compare", &before, &before], "");
    assert!(!same.contains("memcg-limit-reached"), "{same}");
    let (ended, _, err) = run_it(&["compare", &before, "/nowhere/scene.tar.gz"], "");
    assert_eq!(ended, code(3));
    assert!(err.contains("/nowhere/scene.tar.gz"), "{err}");
}

/// `oomscene-analyze … | head` ends without an error.
#[test]
fn a_reader_that_leaves_is_no_error() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let args = ["oomscene-analyze", "rules", "list"].map(Into::into);
    let mut err = Vec::new();
    let ended = run(args.into_iter(), &mut std::io::empty(), &mut Gone, &mut err);
    assert_eq!(format!("{ended:?}"), code(0));
    assert!(err.is_empty());
}
