//! The call trace: what the task that asked was doing, and which vendor's OOM path ran.

use crate::facts::log::pattern::{pattern, text};

pattern!(
    FRAME,
    r"^\s*(?:\[[0-9a-f]{8,16}\] \[[0-9a-f]{8,16}\] |\[[A-Za-z_][\w.]*\+\d+/\d+\] |\[<[0-9a-fA-F]*>\] ?)?(?P<unsure>\? )?\(?(?P<function>[A-Za-z_][\w.$]*)(?:\+0x[0-9a-fA-F]+/0x[0-9a-fA-F]+|\) from |(?: \[\w+\])? from [A-Za-z_][\w.$]*(?: \[\w+\])?\+0x| \([\w./-]+\.[chS]:\d+)"
);

// The last line of a log that was cut: the address before the name shows what it was.
pattern!(
    TORN,
    r"^\s*\[<[0-9a-fA-F]+>\] ?(?P<unsure>\? )?(?P<function>[A-Za-z_][\w.$]*)\+0x[0-9a-fA-F]*/?$"
);

/// Function of one frame. `None` when it is no frame; unsure frames (`? fn`) give an empty name,
/// because the unwinder only found their address on the stack.
#[must_use]
pub fn frame(line: &str) -> Option<&str> {
    if let Some((unsure, function, _)) = common(line) {
        return Some(if unsure { "" } else { function });
    }
    let groups = captures(line)?;
    if groups.name("unsure").is_some() {
        return Some("");
    }
    text(&groups, "function")
}

/// Function of a frame that the unwinder is not sure of.
#[must_use]
pub fn unsure(line: &str) -> Option<&str> {
    let groups = captures(line)?;
    groups.name("unsure")?;
    text(&groups, "function")
}

/// The same of a line that is a frame and nothing else, as nearly all are: it is no other part of a
/// report either.
#[must_use]
pub fn whole_frame(line: &str) -> Option<&str> {
    let (unsure, function, rest) = common(line)?;
    let module = rest.strip_prefix(" [").and_then(|r| r.strip_suffix(']'));
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (rest.is_empty() || module.is_some_and(is_name)).then_some(if unsure { "" } else { function })
}

/// A frame as x86 and arm64 kernels print it, ` ? fn+0x91/0x190`, with an address in brackets before
/// it up to Linux 4.9: whether it is unsure, the function, and what stands behind. What is not exactly that is left to
/// [`FRAME`], which reads the same out of it.
fn common(line: &str) -> Option<(bool, &str, &str)> {
    let hex = |text: &str| text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let line = line.trim_start_matches(' ');
    let line = match line.strip_prefix("[<") {
        None => line,
        Some(rest) => {
            let rest = rest.get(hex(rest)..)?.strip_prefix(">]")?;
            rest.strip_prefix(' ').unwrap_or(rest)
        }
    };
    let (unsure, line) = match line.strip_prefix("? ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$');
    let end = line.bytes().take_while(|b| in_name(b)).count();
    let (function, rest) = line.split_at_checked(end)?;
    let offset = rest.strip_prefix("+0x")?;
    let size = offset.get(hex(offset)..)?.strip_prefix("/0x")?;
    let begins = function.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let behind = size.get(hex(size)..)?;
    (begins && hex(offset) > 0 && hex(size) > 0).then_some((unsure, function, behind))
}

fn captures(line: &str) -> Option<regex::Captures<'_>> {
    // Each form has one of these.
    if memchr::memchr2(b'+', b'(', line.as_bytes()).is_none() && !line.contains(" from ") {
        return None;
    }
    let whole = FRAME.captures(line);
    whole.or_else(|| line.contains("[<").then(|| TORN.captures(line)).flatten())
}

/// What a function in the trace says about the request; the first row that fits wins, so the more
/// telling ones stand first.
const PATHS: &[(&[&str], &str)] = &[
    (&["moom_callback", "__handle_sysrq"], "sysrq"),
    (
        &[
            "memory_max_write",
            "mem_cgroup_resize_max",
            "mem_cgroup_resize_limit",
        ],
        "limit lowered below usage",
    ),
    (
        &[
            "copy_process",
            "_do_fork",
            "kernel_clone",
            "dup_mm",
            "alloc_thread_stack_node",
        ],
        "fork",
    ),
    (
        &[
            "sk_page_frag_refill",
            "tcp_sendmsg",
            "__alloc_skb",
            "sock_alloc_send_pskb",
            "tcp_sendmsg_locked",
        ],
        "network",
    ),
    (
        &[
            "shmem_fault",
            "shmem_getpage",
            "shmem_getpage_gfp",
            "shmem_get_folio_gfp",
            "shmem_add_to_page_cache",
        ],
        "shared memory or tmpfs",
    ),
    (
        &["wp_page_copy", "do_wp_page", "do_cow_fault"],
        "page fault (copy on write)",
    ),
    (
        &[
            "filemap_fault",
            "do_read_fault",
            "__do_fault",
            "page_cache_ra_unbounded",
            "__do_page_cache_readahead",
        ],
        "page fault on a mapped file (file read)",
    ),
    (
        &[
            "generic_file_buffered_read",
            "generic_file_read_iter",
            "filemap_read",
            "generic_file_aio_read",
        ],
        "file read",
    ),
    (
        &[
            "generic_perform_write",
            "generic_file_write_iter",
            "iomap_file_buffered_write",
            "generic_file_aio_write",
        ],
        "file write",
    ),
    (
        &["do_anonymous_page", "do_huge_pmd_anonymous_page"],
        "page fault (new anonymous memory)",
    ),
    (
        &[
            "get_user_pages",
            "__get_user_pages",
            "populate_vma_page_range",
        ],
        "locking or pinning of user memory",
    ),
    (
        &[
            "handle_mm_fault",
            "__handle_mm_fault",
            "do_page_fault",
            "pagefault_out_of_memory",
            "exc_page_fault",
            "do_user_addr_fault",
        ],
        "page fault",
    ),
    (&["vmalloc", "__vmalloc_node_range"], "vmalloc"),
    (
        &["pgd_alloc", "__pte_alloc", "pte_alloc_one", "__pmd_alloc"],
        "page tables",
    ),
    (
        &[
            "kmalloc_order",
            "__kmalloc",
            "kmem_cache_alloc",
            "new_slab",
            "allocate_slab",
            "__kmalloc_node",
        ],
        "kernel object (slab)",
    ),
];

/// What the task was doing when it ran out, and the function that tells.
#[must_use]
pub fn allocation_path<'a>(
    functions: impl Iterator<Item = &'a str> + Clone,
) -> Option<(&'static str, &'a str)> {
    PATHS.iter().find_map(|(names, what)| {
        let function = functions.clone().find(|f| names.contains(&base(f)))?;
        Some((*what, function))
    })
}

/// Whether the trace shows the OOM path of a memory cgroup.
#[must_use]
pub fn is_memcg(function: &str) -> bool {
    matches!(
        base(function),
        "mem_cgroup_out_of_memory" | "mem_cgroup_oom_synchronize" | "dump_memcg_header"
    )
}

/// Whether the frame charges memory to a cgroup.
#[must_use]
pub fn charges(function: &str) -> bool {
    matches!(
        base(function),
        "__mem_cgroup_try_charge"
            | "mem_cgroup_do_charge"
            | "mem_cgroup_handle_oom"
            | "try_charge"
            | "try_charge_memcg"
    )
}

/// Whether the frame belongs to the OOM killer itself.
#[must_use]
pub fn is_oom(function: &str) -> bool {
    is_memcg(function) || matches!(base(function), "out_of_memory" | "oom_kill_process")
}

/// Whether the frame belongs to the warning about an allocation that failed (or that takes long).
#[must_use]
pub fn is_failure(function: &str) -> bool {
    matches!(base(function), "warn_alloc" | "warn_alloc_failed")
}

/// Whether the frame belongs to the vendor path (Anolis, UOS 4.19) that prints its dump through
/// an inverted rate limit and so hides its kill lines.
#[must_use]
pub fn hides_kill_lines(function: &str) -> bool {
    base(function) == "dump_memcg_header"
}

/// A function without the suffix that the compiler gave a part of it (`fn.cold`, `fn.isra.0`).
#[must_use]
pub fn base(function: &str) -> &str {
    function.split('.').next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_eras() {
        for (line, function) in [
            (
                "[<9000000000475aa4>] mem_cgroup_out_of_memory+0x114/0x160",
                "mem_cgroup_out_of_memory",
            ),
            (" [<ffffffff81188ab1>] ? fn+0x91/0x190", ""),
            (" oom_kill_process.cold+0xb/0x10", "oom_kill_process.cold"),
            (
                "[<c010e1d4>] (unwind_backtrace) from [<c010a51c>] (show_stack+0x10/0x14)",
                "unwind_backtrace",
            ),
            (" xfs_trans_read+0x1/0x2 [xfs]", "xfs_trans_read"),
            (
                " brcmf_attach [brcmfmac] from brcmf_probe+0x84c/0x974 [brcmfmac]",
                "brcmf_attach",
            ),
            (" [do_execve+409/528] do_execve+0x199/0x210", "do_execve"),
            (" dump_header (mm/oom_kill.c:463)", "dump_header"),
        ] {
            assert_eq!(frame(line), Some(function), "{line}");
        }
        let torn = "[<ffffffff81188ab1>] __mem_cgroup_try_charge+0xb";
        assert_eq!(frame(torn), Some("__mem_cgroup_try_charge"));
        let doubted = " [<ffffffff81188ab1>] ? fn+0x91/0x190";
        assert_eq!((unsure(doubted), unsure(torn)), (Some("fn"), None));
        for line in [
            " [<ffffffff81188ab1>] ? fn+0x91/0x190",
            "  fn.isra.0+0x91/0x190 [xfs]",
            "? 9fn+0x91/0x190",
            "fn+0x/0x190",
            "fn+0x91/0x",
            "[<ffff8fn+0x91/0x190",
            "[<>] fn+0x9F/0x190",
            "[<z>] fn+0x9F/0x190",
        ] {
            let by_pattern = FRAME.captures(line);
            let by_pattern = by_pattern.map(|g| (g.name("unsure").is_some(), text(&g, "function")));
            let read = common(line).map(|(unsure, function, _)| (unsure, Some(function)));
            assert_eq!(read, by_pattern, "{line}");
        }
        assert_eq!(frame("RIP: 0033:0x46ea1d"), None);
        assert_eq!(frame("...[<900000000047dbf4"), None);
        assert_eq!(frame("pages from the reserve"), None);
    }

    #[test]
    fn the_telling_frame_wins() {
        let trace = ["try_charge", "wp_page_copy", "handle_mm_fault"];
        assert_eq!(
            allocation_path(trace.into_iter()),
            Some(("page fault (copy on write)", "wp_page_copy"))
        );
        assert_eq!(allocation_path(["do_syscall_64"].into_iter()), None);
    }
}
