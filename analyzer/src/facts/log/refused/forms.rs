//! The table of forms: special ones stand before general ones, the first that fits counts.

use super::Shortage;

/// One form.
pub(super) struct Form {
    /// Runtime, library or service whose words these are.
    pub(super) runtime: &'static str,
    /// What it means.
    pub(super) shortage: Shortage,
    /// With the groups `asked`, `used` and `limit` in bytes, and `asked_scaled` with a unit.
    pub(super) pattern: &'static str,
}

const fn own(runtime: &'static str, pattern: &'static str) -> Form {
    form(runtime, Shortage::OwnLimit, pattern)
}

const fn refused(runtime: &'static str, pattern: &'static str) -> Form {
    form(runtime, Shortage::Refused, pattern)
}

const fn form(runtime: &'static str, shortage: Shortage, pattern: &'static str) -> Form {
    Form {
        runtime,
        shortage,
        pattern,
    }
}

/// Words of which every form has one: one pass over a line tells whether the table is worth a look.
pub(in crate::facts::log) const MARKERS: &[&str] = &[
    "OutOfMemory",
    "nsufficient memory for the Java",
    "emory allocation",
    "commit_memory",
    "object heap",
    "Failed to start thread",
    "out of memory",
    "Out of memory",
    "Out Of Memory",
    "OUT OF MEMORY",
    "annot allocate",
    "failed to create new OS thread",
    "address space",
    "bad_alloc",
    "malloc(",
    "free(): ",
    "realloc(): ",
    "corrupted size",
    "corrupted double-linked",
    "double free or corruption",
    "MemoryError",
    "Unable to allocate",
    "start new thread",
    "Allowed memory size",
    "heap_alloc",
    "0x8007000E",
    "fork",
    "OOM command",
    "Memory limit",
    "pthread_create",
    "memory exhausted",
    "Data too large",
];

/// All forms.
#[rustfmt::skip] // a table is read by row
pub(super) const FORMS: &[Form] = &[
    // Java: src/hotspot/share/utilities/debug.cpp, memory/universe.cpp, os_linux.cpp.
    form("jvm", Shortage::Thread, r"java\.lang\.OutOfMemoryError: unable to create (?:new )?native thread.*"),
    own("jvm", r"java\.lang\.OutOfMemoryError: Cannot reserve (?P<asked>\d+) bytes of direct buffer memory \(allocated: (?P<used>\d+), limit: (?P<limit>\d+)\)"),
    refused("jvm", r"java\.lang\.OutOfMemoryError: (?:Map failed|Out of swap space\?|request (?P<asked>\d+) bytes for .*)"),
    own("jvm", r"java\.lang\.OutOfMemoryError(?:: (?:Java heap space|GC overhead limit exceeded|Metaspace|Compressed class space|PermGen space|Requested array size exceeds VM limit|Direct buffer memory).*)?"),
    own("jvm", r"java\.lang\.OutOfMemoryError.*"),
    form("jvm", Shortage::Thread, r#"Failed to start (?:the native )?thread ".*pthread_create failed \(E\w+\)"#),
    refused("jvm", r"There is insufficient memory for the Java Runtime Environment to continue\."),
    refused("jvm", r"Native memory allocation \(\w+\) failed to (?:map|allocate|reserve) (?P<asked>\d+) bytes.*"),
    refused("jvm", r"os::(?:pd_)?(?:commit|reserve)_memory\(0x[0-9a-f]+, (?P<asked>\d+), .*failed; error='.*"),
    refused("jvm", r"Could not reserve enough space for (?:(?P<kb>\d+)KB )?object heap"),
    // Go: src/runtime/malloc.go, mem_linux.go, os_linux.go.
    refused("go", r"runtime: out of memory: cannot allocate (?P<asked>\d+)-byte block \((?P<used>\d+) in use\)"),
    refused("go", r"^(?:fatal error: )?runtime: (?:out of memory|cannot allocate memory)"),
    refused("go", r"^fatal error: (?:out of memory.*|.*cannot allocate memory)"),
    refused("go", r"out of memory allocating (?:heap arena (?:map|metadata)|allArenas)"),
    refused("go", r"memory reservation exceeds address space limit|runtime: memory allocated by OS .* not in usable address space"),
    form("go", Shortage::Thread, r"runtime: failed to create new OS thread \(have \d+ already; errno=\d+\)"),
    // Node: the limit is V8's own.
    own("node", r"FATAL ERROR: .*(?:JavaScript heap out of memory|Allocation failed - process out of memory)"),
    // Python.
    refused("python", r"(?:_ArrayMemoryError|MemoryError): Unable to allocate (?P<asked_scaled>[0-9.]+ (?:[KMGT]iB|bytes)).*"),
    refused("python", r"^(?:[\w.]+: )?MemoryError(?:: .*)?$"),
    form("python", Shortage::Thread, r"RuntimeError: can't start new thread"),
    // C++, Rust, .NET, Erlang, Ruby, PHP.
    refused("c++", r"terminate called after throwing an instance of 'std::bad_(?:array_new_length|alloc)'"),
    refused("c++", r"what\(\): +std::bad_(?:array_new_length|alloc)"),
    refused("c++", r"\bstd::bad_alloc\b"),
    refused("rust", r"^memory allocation of (?P<asked>\d+) bytes failed"),
    refused("dotnet", r"System\.OutOfMemoryException.*|Failed to create CoreCLR, HRESULT: 0x8007000E|^Out of memory\.$"),
    refused("erlang", r"\w*heap_alloc: Cannot (?:re)?allocate (?P<asked>\d+) bytes of memory.*"),
    refused("ruby", r"failed to allocate memory \(NoMemoryError\)|NoMemoryError.*"),
    own("php", r"Allowed memory size of (?P<limit>\d+) bytes exhausted(?: at \S+)? \(tried to allocate (?P<asked>\d+) bytes\)"),
    // Databases and services.
    own("redis", r"OOM command not allowed when used memory > 'maxmemory'"),
    refused("redis", r"Out Of Memory allocating (?P<asked>\d+) bytes"),
    refused("redis", r"Redis aborting for OUT OF MEMORY.*"),
    form("redis", Shortage::Fork, r"Can't save in background: fork: Cannot allocate memory"),
    own("clickhouse", r"Memory limit \((?:total|for (?:user|query))\) exceeded: would use (?P<asked_scaled>[0-9.]+ [KMGT]iB).*"),
    own("elasticsearch", r"CircuitBreakingException.*Data too large.*"),
    refused("postgres", r"^(?:.*\b)?(?:ERROR|FATAL): +out of memory"),
    form("postgres", Shortage::Fork, r"could not fork .* process.*: (?:Cannot allocate memory|Resource temporarily unavailable)"),
    refused("mysql", r"InnoDB: Cannot allocate memory for the buffer pool|mysqld: Out of memory.*|\[ERROR\].*Out of memory.*"),
    form("nginx", Shortage::Fork, r"fork\(\) failed while spawning .* \(1[12]: .*\)"),
    refused("nginx", r"malloc\((?P<asked>\d+)\) failed \(12: Cannot allocate memory\)"),
    refused("allocator", r"<jemalloc>: Error in m?mmap\(\): .*|jemalloc: Out of memory|tcmalloc: allocation failed (?P<asked>\d+)"),
    // glibc: damage is found by malloc and is no shortage.
    form("glibc", Shortage::Damaged, r"^(?:\*\*\* .*)?(?:malloc|free|realloc|malloc_consolidate)\(\): (?:unaligned|invalid|corrupted|mismatching|memory corruption|smallbin|unsorted|largebin|too many chunks).*|^(?:\*\*\* .*)?(?:corrupted size vs\. prev_size|corrupted double-linked list|double free or corruption).*"),
    form("shell", Shortage::Fork, r"\bfork: (?:retry: )?(?:Cannot allocate memory|Resource temporarily unavailable|No child processes)|[Ff]ailed to fork: (?:Cannot allocate memory|Resource temporarily unavailable)|can't fork: (?:Cannot allocate memory|Resource temporarily unavailable)|\bfork/exec \S+: (?:cannot allocate memory|resource temporarily unavailable)"),
    form("libc", Shortage::Thread, r"pthread_create(?: failed|:|\(\)).*(?:Resource temporarily unavailable|Cannot allocate memory|EAGAIN).*"),
    refused("loader", r"error while loading shared libraries: .*: (?:failed to map segment from shared object|cannot apply additional memory protection after relocation)?.*Cannot allocate memory"),
    refused("libc", r"^(?:virtual )?memory exhausted(?::.*)?$|\bxrealloc: .*cannot .*allocate.*"),
    // The words of strerror(ENOMEM), whoever says them; not those about space for thread-local data.
    refused("libc", r"\b[Cc]annot allocate memory(?:\s*[.)\]:;,(].*)?$"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::log::{
        pattern::compile,
        said::testing::{kept, line},
    };

    const SAID: &[(&str, &str, Shortage)] = &[
        (
            "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
            "jvm",
            Shortage::OwnLimit,
        ),
        (
            "java.lang.OutOfMemoryError: GC overhead limit exceeded",
            "jvm",
            Shortage::OwnLimit,
        ),
        (
            "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached",
            "jvm",
            Shortage::Thread,
        ),
        (
            "java.lang.OutOfMemoryError: Cannot reserve 100 bytes of direct buffer memory (allocated: 900, limit: 950)",
            "jvm",
            Shortage::OwnLimit,
        ),
        (
            "java.lang.OutOfMemoryError: Map failed",
            "jvm",
            Shortage::Refused,
        ),
        (
            "[1.2s][warning][os,thread] Failed to start thread \"Unknown thread\" with attributes - pthread_create failed (EAGAIN) for attributes: stacksize: 1024k",
            "jvm",
            Shortage::Thread,
        ),
        (
            "Error occurred during initialization of VM Could not reserve enough space for 4194304KB object heap",
            "jvm",
            Shortage::Refused,
        ),
        (
            "fatal error: runtime: out of memory",
            "go",
            Shortage::Refused,
        ),
        (
            "fatal error: runtime: cannot allocate memory",
            "go",
            Shortage::Refused,
        ),
        (
            "runtime: failed to create new OS thread (have 900 already; errno=11)",
            "go",
            Shortage::Thread,
        ),
        (
            "fatal error: out of memory allocating heap arena metadata",
            "go",
            Shortage::Refused,
        ),
        (
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            "node",
            Shortage::OwnLimit,
        ),
        ("MemoryError", "python", Shortage::Refused),
        (
            "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with shape (1, 2) and data type float64",
            "python",
            Shortage::Refused,
        ),
        (
            "RuntimeError: can't start new thread",
            "python",
            Shortage::Thread,
        ),
        (
            "memory allocation of 4096 bytes failed",
            "rust",
            Shortage::Refused,
        ),
        (
            "Unhandled exception. System.OutOfMemoryException: Exception of type",
            "dotnet",
            Shortage::Refused,
        ),
        (
            "eheap_alloc: Cannot allocate 4096 bytes of memory (of type \"heap\").",
            "erlang",
            Shortage::Refused,
        ),
        (
            "[FATAL] failed to allocate memory (NoMemoryError)",
            "ruby",
            Shortage::Refused,
        ),
        (
            "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 4096 bytes) in /a.php on line 1",
            "php",
            Shortage::OwnLimit,
        ),
        (
            "# Can't save in background: fork: Cannot allocate memory",
            "redis",
            Shortage::Fork,
        ),
        (
            "Memory limit (for query) exceeded: would use 9.31 GiB (attempt to allocate chunk)",
            "clickhouse",
            Shortage::OwnLimit,
        ),
        (
            "malloc(): unaligned tcache chunk detected",
            "glibc",
            Shortage::Damaged,
        ),
        (
            "double free or corruption (out)",
            "glibc",
            Shortage::Damaged,
        ),
        (
            "-bash: fork: Cannot allocate memory",
            "shell",
            Shortage::Fork,
        ),
        (
            "bash: fork: retry: Resource temporarily unavailable",
            "shell",
            Shortage::Fork,
        ),
        (
            "Failed to fork: Cannot allocate memory",
            "shell",
            Shortage::Fork,
        ),
        (
            "a: error while loading shared libraries: libb.so: failed to map segment from shared object: Cannot allocate memory",
            "loader",
            Shortage::Refused,
        ),
        (
            "opening storage failed: mmap: cannot allocate memory",
            "libc",
            Shortage::Refused,
        ),
        (
            "2025/01/01 10:00:00 [emerg] 12#12: malloc(4096) failed (12: Cannot allocate memory)",
            "nginx",
            Shortage::Refused,
        ),
    ];

    #[test]
    fn every_form_is_known_by_its_words() {
        for (text, runtime, kind) in SAID {
            let mut all = Vec::new();
            super::super::read(&line("", text), 0, &mut all);
            let read = all.first().unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (read.value.runtime, read.value.shortage),
                (*runtime, *kind),
                "{text}"
            );
            assert!(
                MARKERS.iter().any(|m| text.contains(m)),
                "{text} has no marker"
            );
            assert!(kept("", text), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it() {
        for text in [
            "ImportError: libx.so: cannot allocate memory in static TLS block",
            "tcmalloc: large alloc 4294967296 bytes == 0x1 @ 0x2",
            "forked 12 workers",
            "mm/oom_kill.c: out of memory handling documentation",
            "class OutOfMemoryErrorHandler registered",
            "the allocation of memory was fine",
        ] {
            let mut all = Vec::new();
            super::super::read(&line("", text), 0, &mut all);
            assert!(
                all.is_empty(),
                "{text}: {:?}",
                all.first().map(|a| a.value.message.clone())
            );
        }
    }

    #[test]
    fn every_pattern_compiles() {
        for form in FORMS {
            let _ = compile(form.pattern);
        }
    }
}
