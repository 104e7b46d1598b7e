//! Which environment variables may be written: settings of allocators and runtimes, never secrets.

/// Names; a `*` stands for any text.
const ALLOWED: &[&str] = &[
    "CATALINA_OPTS",
    "GODEBUG",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "JAVA_*OPTS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LD_PRELOAD",
    "MALLOC_*",
    "NODE_OPTIONS",
    "PYTHONMALLOC",
    "UV_THREADPOOL_SIZE",
    "_JAVA_OPTIONS",
];

/// Allowed lines of `/proc/PID/environ`, one `NAME=value` a line.
#[must_use]
pub fn allowed(environ: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for variable in environ.split(|b| *b == 0) {
        let text = String::from_utf8_lossy(variable);
        if let Some(kept) = keep(&text) {
            out.extend_from_slice(kept.as_bytes());
            out.push(b'\n');
        }
    }
    out
}

/// The variable as it may be written; `None` when it may not.
#[must_use]
pub fn keep(variable: &str) -> Option<String> {
    let (name, value) = variable.split_once('=')?;
    // Secrets in the value, such as `-Dserver.password=…`, are masked with everything that is written.
    ALLOWED
        .iter()
        .any(|pattern| crate::capture::glob::is_match(pattern, name))
        .then(|| format!("{name}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_list_passes() {
        let environ = b"HOME=/root\0MALLOC_ARENA_MAX=4\0AWS_SECRET_ACCESS_KEY=hunter2\0GOGC=50\0JAVA_HEAP_OPTS=-Xmx1g\0TORN";
        assert_eq!(
            allowed(environ),
            b"MALLOC_ARENA_MAX=4\nGOGC=50\nJAVA_HEAP_OPTS=-Xmx1g\n"
        );
    }
}
