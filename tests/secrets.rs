//! Plants every kind of secret where the collector looks, runs the real program and searches the
//! unpacked bundle: not one may be in it. Then the same with names and addresses.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

#[path = "collect/machine.rs"]
#[expect(dead_code, reason = "another test program needs the rest")]
mod machine;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use machine::{Machine, collect, open, text};
use oomscene_bundle::Reader;

/// Part of every secret that is planted.
const SENTINEL: &str = "S3NT1NEL";
const KEY_LINE: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcS3NT1NELwggSjAgEAAoIB";

/// Secrets whose form takes more than a line of sed: the program masks them, the script leaves the
/// log lines with them out or never meets them.
fn hard_lines() -> Vec<String> {
    let s = SENTINEL;
    [
        format!("mysqldump -u root -p'{s} x' db"),
        format!("sshpass -p {s} ssh a"),
        format!("docker login -u a -p {s} registry"),
        format!("helm registry login -p {s} host"),
        format!("skopeo copy --src-creds a:{s} c d"),
        format!("redis-cli -a {s} ping"),
        format!("curl -u bob:{s} http://x"),
        format!("openssl rsa -passin pass:{s} -in k"),
        format!("machine h login bob password {s} port 1"),
        format!("ALTER USER a WITH PASSWORD '{s} y'"),
        format!("CREATE USER a IDENTIFIED BY '{s}'"),
        format!("A temporary password is generated for root@localhost: {s}"),
        format!("jdbc:oracle:thin:scott/{s}@//db:1521/x"),
        format!("<user>a</user><password>{s}</password>"),
        format!("<property name=\"password\" value=\"{s}\"/>"),
        format!("{{\"name\":\"DB_PASSWORD\",\"value\":\"{s}\"}}"),
        format!("sh -c curl --data {{\\\"password\\\":\\\"{s} b\\\"}}"),
        format!("root:$6$saltsalt$0123456789012345678901234567890123{s}:19000:0"),
        format!("LTAI5tAbCd{s}EfGhIjKl"),
        format!("requirepass {s}"),
        "password: |".to_owned(),
        format!("  {s}"),
        format!("  more {s}"),
        "port: 1".to_owned(),
    ]
    .to_vec()
}

/// A configuration file's ways to write a secret in several lines, as a service prints it.
fn blocks() -> String {
    let s = SENTINEL;
    format!(
        "db:\n  password: |\n    {s}\n    more {s}\n  port: 1\ntoken: >-\n  {s}\nkey:\n- name: API_TOKEN\n  value: {s}\n\
         secret: \"{s}\n   {s}\"\n[x]\npassword = {s}\n   {s}\nsecret:\n  {s}\nend: 1\n"
    )
}

/// Lines with a secret each, as services log them.
fn lines() -> Vec<String> {
    let s = SENTINEL;
    [
        format!("login failed, password={s}"),
        format!("--password {s} given"),
        format!("started: mysql -uroot -p{s} -h db"),
        format!("GET /x?token={s}&page=2"),
        format!("api_key: '{s} with space'"),
        format!("{{\"client_secret\":\"{s}\"}}"),
        format!("connect postgres://app:{s}@db:5432/x"),
        format!("connect mongodb+srv://app:{s}@c1,c2/x"),
        format!("connect redis://:{s}@cache:6379"),
        format!("connect amqp://guest:{s}@mq"),
        format!("jdbc:mysql://db/x?user=a&password={s}&ssl=1"),
        format!("Server=db;User Id=sa;Password={s};Timeout=5"),
        format!("PGPASSWORD={s} psql"),
        format!("Authorization: Bearer {s}.abc"),
        format!("Authorization: Basic {s}"),
        format!("Cookie: sid={s}; b=1"),
        format!("key AKIA{s}AAAAAAAA used"),
        format!("AWS_SECRET_ACCESS_KEY={s}/x+y"),
        format!("AIzaSyA1234567890abcdefghij{s}stuv"),
        format!("ghp_0123456789abcdefghij{s}"),
        format!("xoxb-123456789012-{s}"),
        format!("github_pat_0123456789abcdefghij{s}"),
        format!("glpat-0123456789abcdef{s}"),
        format!("npm_0123456789abcdefghij0123456789{s}"),
        format!("Driver={{SQL Server}};Uid=b;Pwd={s};Database=d"),
        format!("MYSQL_PWD={s} mysql"),
        format!("X-Api-Key: {s}"),
        format!("eyJhbGciOiJIUzI1NiJ9.eyJ{s}.doz{s}"),
        "-----BEGIN RSA PRIVATE KEY-----".to_owned(),
        KEY_LINE.to_owned(),
        KEY_LINE.to_owned(),
        "-----END RSA PRIVATE KEY-----".to_owned(),
    ]
    .to_vec()
}

fn log() -> String {
    log_of(lines())
}

fn log_of(lines: Vec<String>) -> String {
    let mut log = String::new();
    for line in lines {
        log.push_str(&format!("Jan  5 03:04:05 db7 app[77]: {line}\n"));
    }
    log.push_str("Jan  5 03:04:06 db7 kernel: Out of memory: Killed process 77 (app)\n");
    log
}

/// Writes `text` packed by `program`; says so where that is not installed.
fn packed(machine: &Machine, path: &str, program: &str, text: &str) {
    machine.write(path, "");
    let file = fs::File::create(machine.path(path)).unwrap();
    let child = Command::new(program)
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(file)
        .spawn();
    let Ok(mut child) = child else {
        say(&format!(
            "NOT RUN: logs packed by {program}: it is not installed"
        ));
        return;
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

/// Loudly, and a failure in CI.
fn say(text: &str) {
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // Straight to the terminal: the harness hides what a passing test prints.
    if let Ok(mut terminal) = fs::OpenOptions::new().append(true).open("/dev/stderr") {
        let _ = writeln!(terminal, "\n*** {text} ***");
    }
}

fn assert_clean(bundle: &Reader, word: &str) {
    for entry in &bundle.entries {
        let content = text(&entry.content);
        let line = content.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} is in {}", entry.path);
        // In hexadecimal digits, as the audit system writes arguments.
        let digits: String = word.bytes().map(|b| format!("{b:02X}")).collect();
        assert!(!content.to_uppercase().contains(&digits), "{}", entry.path);
    }
    for line in &bundle.ledger {
        assert!(!format!("{line:?}").contains(word), "{line:?}");
    }
    assert!(!format!("{:?}", bundle.header).contains(word));
}

fn planted() -> Machine {
    let machine = Machine::new();
    machine.write("var/log/messages", &log());
    // Of a long log only parts are kept; a key is cut in two.
    let quiet: String = (0..5000)
        .map(|n| format!("Jan  5 03:04:05 db7 app[77]: quiet {n}\n"))
        .collect();
    let key = format!(
        "x\n-----BEGIN PRIVATE KEY-----\n{}",
        format!("{KEY_LINE}\n").repeat(500)
    );
    machine.write(
        "var/log/syslog",
        &format!("{quiet}{}{quiet}{key}{quiet}", log()),
    );
    packed(&machine, "var/log/messages.1.gz", "gzip", &log());
    packed(&machine, "var/log/messages.2.bz2", "bzip2", &log());
    packed(&machine, "var/log/messages.3.xz", "xz", &log());
    packed(&machine, "var/log/messages.4.zst", "zstd", &log());
    let hex: String = format!("curl -u bob:{SENTINEL}")
        .bytes()
        .map(|b| format!("{b:02X}"))
        .collect();
    machine.write(
        "var/log/audit/audit.log",
        &format!(
            "type=EXECVE msg=audit(1.0:1): argc=2 a0=\"mysql\" a1=\"-p{SENTINEL}\"\n\
             type=EXECVE msg=audit(1.0:2): argc=3 a0=\"sh\" a1=\"-c\" a2={hex}\n\
             type=PROCTITLE msg=audit(1.0:2): proctitle={hex}\n"
        ),
    );
    machine.process(
        8,
        "java",
        &format!("java\0-Ddb.password={SENTINEL}\0--token\0{SENTINEL} x\0-Xmx4g\0"),
    );
    machine.write(
        "proc/8/environ",
        &format!("JAVA_OPTS=-Xmx1g -Dtoken={SENTINEL}\0DB_PASSWORD={SENTINEL}\0"),
    );
    machine.write("proc/cmdline", &format!("quiet cifs.password={SENTINEL}\n"));
    machine
}

#[test]
fn no_secret_is_in_the_bundle() {
    let machine = planted();
    machine.write("var/log/user.log", &log_of(hard_lines()));
    machine.write("var/log/docker.log", &blocks());
    let line = format!("mysql\0-u\0root\0-p{SENTINEL} x\0db\0");
    machine.process(9, "mysql", &line);
    machine.process(
        10,
        "sh",
        &format!("sh\0-c\0docker login -p '{SENTINEL}' r\0"),
    );
    let (_, path) = machine.collect(&[]);
    let bundle = open(&path);
    assert_clean(&bundle, SENTINEL);
    assert_clean(&bundle, "MIIEvQIBADANBgkqhkiG9w0BAQE");
    let hard = text(bundle.entry("var/log/user.log").unwrap());
    assert_eq!(hard.lines().count(), hard_lines().len() + 1);
    assert!(hard.contains("Killed process 77 (app)") && hard.contains("app[77]: port: 1\n"));
    let blocks = text(bundle.entry("var/log/docker.log").unwrap());
    assert!(
        blocks.contains("  port: 1\n") && blocks.ends_with("end: 1\n"),
        "{blocks}"
    );
    for entry in [
        "var/log/messages",
        "var/log/messages.1",
        "var/log/messages.2",
        "var/log/messages.3",
        "var/log/messages.4",
        "var/log/syslog",
    ] {
        let content = text(
            bundle
                .entry(entry)
                .unwrap_or_else(|| panic!("{entry} is missing")),
        );
        assert!(content.contains("Killed process 77 (app)"), "{entry}");
        assert!(content.contains("password=<masked>"), "{entry}");
        let line = bundle
            .ledger
            .iter()
            .find(|line| line.path == entry)
            .unwrap();
        assert!(line.masked >= 23, "{entry}: {} masks", line.masked);
    }
    let audit = text(bundle.entry("var/log/audit/audit.log").unwrap());
    assert!(audit.contains("a1=\"-p<masked>\""), "{audit}");
    let cmdline = text(bundle.entry("proc/all/cmdline.000").unwrap());
    assert!(
        cmdline.contains("java\0-Ddb.password=<masked>\0--token\0<masked>\0-Xmx4g\0"),
        "{cmdline}"
    );
}

#[test]
fn command_lines_of_real_processes_are_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar.gz");
    let mut child = Command::new("sh")
        .args(["-c", "read x", "--", "--password", SENTINEL, "-u"])
        .arg(format!("https://bob:{SENTINEL}@x"))
        .env("GODEBUG", format!("token={SENTINEL}"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    collect(&["-o", path.to_str().unwrap()]);
    drop(child.stdin.take());
    let _ = child.wait();
    let bundle = open(&path);
    assert_clean(&bundle, SENTINEL);
    let found = bundle
        .entries
        .iter()
        .filter(|entry| entry.path.starts_with("proc/all/cmdline"))
        .any(|entry| {
            text(&entry.content).contains("--password\0<masked>\0-u\0https://bob:<masked>@x")
        });
    assert!(found, "the process was not seen");
}

#[test]
fn names_and_addresses_have_stand_ins() {
    let machine = planted();
    machine.write("etc/hostname", "db7secret.corp.cn\n");
    machine.write("etc/passwd", "wangwei:x:1000:1000::/home/wangwei:/bin/sh\n");
    machine.write(
        "var/log/messages",
        "Jan  5 03:04:05 db7secret sshd[9]: wangwei from 10.1.2.3 and 2001:470::9 on aa:bb:cc:dd:ee:ff\n\
         Jan  5 03:04:06 db7secret kernel: Out of memory: Killed process 77 (app) total-vm:1kB, anon-rss:2kB\n",
    );
    machine.process(
        8,
        "java",
        "java\0-Dhost=10.1.2.3\0-Duser.home=/home/wangwei\0",
    );
    let out = tempfile::tempdir().unwrap();
    let root = machine.path("").to_str().unwrap().to_owned();
    collect(&[
        "--root",
        &root,
        "--pseudonymize",
        "-o",
        out.path().to_str().unwrap(),
    ]);
    let mut names: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with("oomscene-host-1-") && names[0].ends_with(".pseudonyms.json"));
    let bundle = open(&out.path().join(&names[1]));
    for word in [
        "db7secret",
        "wangwei",
        "10.1.2.3",
        "2001:470::9",
        "aa:bb:cc:dd:ee:ff",
        "corp.cn",
    ] {
        assert_clean(&bundle, word);
    }
    assert_eq!(bundle.header.hostname, "host-1");
    assert_eq!(
        text(bundle.entry("var/log/messages").unwrap()),
        "Jan  5 03:04:05 host-1 sshd[9]: user-1 from 198.18.0.1 and 2001:db8::1 on 02:00:00:00:00:01\n\
         Jan  5 03:04:06 host-1 kernel: Out of memory: Killed process 77 (app) total-vm:1kB, anon-rss:2kB\n"
    );
    let cmdline = text(bundle.entry("proc/all/cmdline.000").unwrap());
    assert!(cmdline.contains("-Dhost=198.18.0.") && cmdline.contains("/home/user-1"));
    check_map(&out.path().join(&names[0]));
}

fn check_map(path: &Path) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let map: serde_json::Value = serde_json::from_reader(fs::File::open(path).unwrap()).unwrap();
    let stands_for = map["stands_for"].as_object().unwrap();
    let known = |name: &str| {
        stands_for
            .values()
            .flat_map(|names| names.as_array().unwrap())
            .any(|known| known == name)
    };
    for name in [
        "db7secret.corp.cn",
        "wangwei",
        "10.1.2.3",
        "aa:bb:cc:dd:ee:ff",
    ] {
        assert!(known(name), "{name}: {map:#}");
    }
}

/// The shell script masks with sed; arguments in hexadecimal digits it leaves out.
#[test]
fn no_secret_is_in_the_bundle_of_the_script() {
    let machine = planted();
    let out = tempfile::tempdir().unwrap();
    let script = out.path().join("collect.sh");
    fs::write(&script, collect(&["script"]).stdout).unwrap();
    for shell in [&["dash"][..], &["busybox", "sh"]] {
        let path = out.path().join("x.tar.gz");
        let run = Command::new(shell[0])
            .args(&shell[1..])
            .arg(&script)
            .arg("-o")
            .arg(&path)
            .arg("--root")
            .arg(machine.path(""))
            .output();
        let Ok(run) = run else {
            say(&format!(
                "NOT RUN: the script with {shell:?}: it is not installed"
            ));
            continue;
        };
        assert_eq!(text(&run.stderr), "", "{shell:?}");
        let bundle = open(&path);
        assert_eq!(bundle.tear, None);
        assert_clean(&bundle, SENTINEL);
        assert_clean(&bundle, "MIIEvQIBADANBgkqhkiG9w0BAQE");
        let messages = text(bundle.entry("var/log/messages").unwrap());
        assert!(messages.contains("Killed process 77 (app)"));
        assert!(messages.contains("password=<masked>"), "{messages}");
        let syslog = text(bundle.entry("var/log/syslog").unwrap());
        assert!(syslog.contains("[oomscene: left out lines 201-"));
        assert!(bundle.entry("proc/all/cmdline.000").is_some());
    }
}
