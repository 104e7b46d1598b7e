//! Settings of a container runtime, with the environment reduced to the allow-list.

use serde_json::Value;

use super::environment;

/// Keys whose values are lists of `NAME=value`, in lower case.
const ENVIRONMENTS: &[&str] = &["env", "environment"];
/// Keys that are left out: they may hold secrets and say nothing about memory.
const LEFT_OUT: &[&str] = &[
    "args",
    "cmd",
    "entrypoint",
    "healthcheck",
    "registry-mirrors",
    "proxies",
    "hooks",
    "logconfig",
];
/// Labels and annotations that name the pod.
const KEPT_LABELS: &[&str] = &[
    "io.kubernetes.",
    "io.kubernetes.cri",
    "com.docker.compose.",
    "io.container.manager",
];

/// A JSON file with its environments reduced and its command lines left out. What is not JSON (an
/// exit code, an empty mark) passes when it is short.
#[must_use]
pub fn without_secrets(text: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(text) {
        Ok(mut value) if value.is_object() => {
            reduce(&mut value);
            serde_json::to_vec(&value).unwrap_or_default()
        }
        Ok(value) if value.is_number() => text.to_vec(),
        _ => Vec::new(),
    }
}

fn reduce(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let key = key.to_lowercase();
                if ENVIRONMENTS.contains(&key.as_str()) {
                    reduce_environment(value);
                } else if matches!(key.as_str(), "labels" | "annotations") {
                    keep_pod_names(value);
                } else if LEFT_OUT.contains(&key.as_str()) {
                    *value = Value::String("[left out]".to_owned());
                } else {
                    reduce(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(reduce),
        _ => {}
    }
}

fn reduce_environment(value: &mut Value) {
    let Value::Array(variables) = value else {
        *value = Value::Array(Vec::new());
        return;
    };
    let kept = variables
        .iter()
        .filter_map(|v| environment::keep(v.as_str()?))
        .map(Value::String);
    *variables = kept.collect();
}

fn keep_pod_names(value: &mut Value) {
    match value {
        Value::Object(labels) => {
            labels.retain(|name, _| {
                KEPT_LABELS.iter().any(|kept| name.starts_with(kept))
                    && !name.contains("last-applied")
            });
            // CRI-O keeps whole environments and volume lists in annotations.
            labels.retain(|_, text| text.as_str().is_some_and(|text| text.len() <= 256));
        }
        other => *other = Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_passes() {
        let config = br#"{"State":{"OOMKilled":true,"ExitCode":137},"Path":"java","Args":["--password=hunter2"],
            "Config":{"Env":["DB_PASSWORD=hunter2","GOGC=50"],"Cmd":["--token","hunter2"],
            "Labels":{"io.kubernetes.pod.name":"web","my-secret":"hunter2"}},
            "process":{"env":["A=hunter2"],"args":["hunter2"]}}"#;
        let text = String::from_utf8(without_secrets(config)).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        for kept in [
            "\"OOMKilled\":true",
            "137",
            "GOGC=50",
            "\"io.kubernetes.pod.name\":\"web\"",
        ] {
            assert!(text.contains(kept), "{text}");
        }
    }

    #[test]
    fn marks_pass_and_torn_files_do_not() {
        assert_eq!(without_secrets(b"137\n"), b"137\n");
        assert_eq!(without_secrets(b"{\"Env\":[\"A=hunter2\""), b"");
    }
}
