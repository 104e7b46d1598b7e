//! The program behind a runtime: `java`, `python` and `node` say little by their own name.

/// Folders below which software is installed under its own name.
const BASES: &[&str] = &[
    "/usr/local/",
    "/opt/",
    "/usr/share/",
    "/usr/lib/",
    "/srv/",
    "/data/",
    "/app/",
];

/// Names below these folders that are the runtime itself or say nothing.
const NOT_PROGRAMS: &[&str] = &[
    "jdk", "jre", "java", "jvm", "lib", "bin", "lib64", "share", "python", "python3", "node",
    "openjdk",
];

/// Options of the JVM that take the next argument.
const JVM_TAKES_NEXT: &[&str] = &[
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "-m",
];

/// Guesses the program from the arguments of a runtime; `None` for other programs.
pub(super) fn program(arguments: &[String]) -> Option<String> {
    let runtime = file_name(arguments.first()?);
    if runtime.starts_with("java") {
        return jar(arguments)
            .or_else(|| class_path(arguments))
            .or_else(|| main_class(arguments));
    }
    if ["python", "node", "ruby", "perl", "php"]
        .iter()
        .any(|r| runtime.starts_with(r))
    {
        return script(arguments);
    }
    None
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `-jar /opt/x/app-1.2.jar` → `app`.
fn jar(arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|a| a == "-jar")?;
    let name = file_name(arguments.get(at + 1)?).strip_suffix(".jar")?;
    let bare = name
        .split_once(['-', '_'])
        .filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
        .map_or(name, |(bare, _)| bare);
    Some(bare.to_owned())
}

/// The folder that the class path or a log folder is installed in.
fn class_path(arguments: &[String]) -> Option<String> {
    let after = arguments
        .iter()
        .position(|a| matches!(a.as_str(), "-cp" | "-classpath"))
        .and_then(|at| arguments.get(at + 1));
    let folders = arguments
        .iter()
        .filter_map(|a| a.strip_prefix("-D")?.split_once('='))
        .map(|(_, v)| v);
    after
        .map(String::as_str)
        .into_iter()
        .flat_map(|paths| paths.split(':'))
        .chain(folders)
        .find_map(installed_as)
}

fn installed_as(path: &str) -> Option<String> {
    let rest = BASES.iter().find_map(|base| path.strip_prefix(base))?;
    let name = rest.split('/').next().filter(|n| !n.is_empty())?;
    let runtime = NOT_PROGRAMS
        .iter()
        .any(|not| name == *not || (name.starts_with(not) && name.contains("jdk")));
    (!runtime && rest.len() > name.len()).then(|| name.to_owned())
}

/// `org.apache.kafka.Kafka` → `kafka`.
fn main_class(arguments: &[String]) -> Option<String> {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        if JVM_TAKES_NEXT.contains(&argument.as_str()) {
            rest.next();
        } else if !argument.starts_with('-') {
            let parts: Vec<&str> = argument.split('.').collect();
            return match parts.as_slice() {
                ["org" | "com" | "io" | "net", "apache" | "github", name, ..] => {
                    Some((*name).to_owned())
                }
                ["org" | "com" | "io" | "net" | "cn", name, ..] => Some((*name).to_owned()),
                _ => parts.last().map(|p| (*p).to_owned()),
            };
        }
    }
    None
}

/// First argument that is no option.
fn script(arguments: &[String]) -> Option<String> {
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        if argument == "-m" {
            return rest.next().cloned();
        }
        if argument == "-c" || argument == "-e" {
            return None;
        }
        if !argument.starts_with('-') {
            return Some(file_name(argument).to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Option<&str>) {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(program(&arguments).as_deref(), expect, "{line}");
    }

    #[test]
    fn programs_behind_runtimes() {
        check(
            "/opt/jdk/bin/java -Dzookeeper.log.dir=/usr/local/zookeeper/bin/../logs -cp /usr/local/zookeeper/bin/../x",
            Some("zookeeper"),
        );
        check(
            "java -Xmx1g -jar /opt/x/billing-service-1.2.jar",
            Some("billing-service-1.2"),
        );
        check("java -jar app-1.2.3.jar", Some("app"));
        check(
            "java -cp lib/* org.apache.kafka.Kafka server.properties",
            Some("kafka"),
        );
        check(
            "/usr/bin/python3 -u /srv/consumer/run.py --x",
            Some("run.py"),
        );
        check("python -m http.server", Some("http.server"));
        check("/usr/bin/ls -l", None);
    }
}
