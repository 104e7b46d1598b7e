//! The words of the report's own frame, in both languages. What the rules say is in the rules.

use std::collections::BTreeMap;

use crate::words::Lang;

/// Key, English, Chinese.
type Row = (&'static str, &'static str, &'static str);

/// All words. Templates read them as `w.key`; a test finds missing and unused ones.
#[rustfmt::skip] // a table is read by row
pub const WORDS: &[Row] = &[
    // Frame
    ("report_title", "Memory failure report", "内存不足故障分析报告"),
    ("case", "Case", "工单号"),
    ("input", "Read", "输入"),
    ("colon", ": ", "："),
    ("comma", ", ", "，"),
    ("open", " (", "（"),
    ("close", ")", "）"),
    ("more", "and {n} more", "另有 {n} 条未列出"),
    ("yes", "yes", "是"),
    ("no", "no", "否"),
    ("unknown", "unknown", "未知"),
    ("report", "Report", "报告"),
    ("bundle", "Bundle", "采集包"),
    // Verdict
    ("outcome_root_cause", "Root cause", "根因"),
    ("outcome_not_determined", "Cause not determined", "根因未确定"),
    ("outcome_nothing_since_boot", "No memory failure", "未发生内存不足"),
    ("outcome_nothing_in_what_was_read", "No memory failure in what was read", "所读内容中未见内存不足"),
    ("confidence_certain", "certain", "确定"),
    ("confidence_likely", "likely", "很可能"),
    ("confidence_possible", "possible", "可能"),
    ("severity", "severity", "严重程度"),
    ("severity_info", "info", "提示"),
    ("severity_low", "low", "低"),
    ("severity_medium", "medium", "中"),
    ("severity_high", "high", "高"),
    ("severity_critical", "critical", "紧急"),
    ("why_confident", "Why this sure", "可信度依据"),
    ("mechanism", "How it came to this", "机理"),
    ("references", "Read more", "参考资料"),
    ("figures", "Figures behind the verdict", "结论所依据的数值"),
    ("candidates", "Closest candidates", "最接近的候选原因"),
    ("would_tell", "What would tell", "如何才能判断"),
    // Key facts
    ("ran_out", "Ran out", "耗尽的是"),
    ("killed", "Killed", "被杀进程"),
    ("events_seen", "OOM events seen", "可见的 OOM 事件"),
    ("of_this_cause", "{n} of this cause", "其中属于该原因的 {n} 次"),
    ("kernel_counted", "kills counted by the kernel since boot:", "内核自开机起计数的 OOM 杀进程次数："),
    ("log_covers", "The log covers", "日志覆盖范围"),
    ("rules_checked", "Rules checked", "已检查规则"),
    ("limit", "limit", "上限"),
    ("limit_lost", "a cgroup limit (its figure is not in the log)", "cgroup 上限（日志中缺少具体数值）"),
    ("resident", "resident", "常驻内存"),
    ("host", "Host", "主机"),
    ("ram", "RAM", "物理内存"),
    ("swap", "swap", "交换空间"),
    ("available", "available", "可用"),
    // Who and what
    ("who_and_what", "Who asked, who was killed, what ran out", "谁在申请、谁被杀、什么耗尽"),
    ("who_note", "Three different things: who asks for memory at that moment is often innocent.", "三者不可混为一谈：当时申请内存的进程往往是无辜的。"),
    ("event_shown", "Event shown", "所示事件"),
    ("asked_head", "Asked (invoker)", "触发者（申请内存）"),
    ("killed_head", "Killed (victim)", "被杀进程"),
    ("ran_out_head", "Ran out", "耗尽的资源"),
    ("process", "process", "进程"),
    ("program", "program", "实际程序"),
    ("same_program", "relation to the victim", "与被杀进程的关系"),
    ("same_program_yes", "belongs to the victim's program", "属于被杀进程的同一程序"),
    ("same_program_no", "another program: it only asked", "另一个程序，只是恰好在申请内存"),
    ("doing", "was doing", "当时在做"),
    ("request", "request", "申请大小"),
    ("flags", "flags", "分配标志"),
    ("anon", "anonymous memory", "匿名内存"),
    ("known_from", "known from", "依据"),
    ("inferred", "no kill line survives", "没有留存的 kill 日志行"),
    ("pids_disagree", "pids disagree", "日志中的 pid 不一致"),
    ("killed_count", "kill lines", "kill 日志行数"),
    ("cgroup", "cgroup", "控制组"),
    ("victim_cgroup", "the victim's cgroup", "被杀进程所在控制组"),
    ("usage", "usage", "用量"),
    ("failcnt", "failcnt (charges that met the limit, not kills)", "failcnt（触及上限的次数，不是杀进程次数）"),
    ("pod", "pod", "Pod"),
    ("container", "container", "容器"),
    ("qos", "class", "QoS 等级"),
    ("free", "free", "空闲"),
    ("not_known", "not in the evidence", "证据中没有"),
    ("missing_parts", "Parts of the kernel's report that are missing", "内核报告中缺失的部分"),
    // Chain and advice
    ("chain", "From the cause to what was seen", "从根因到现象"),
    ("role_cause", "cause", "原因"),
    ("role_symptom", "symptom", "现象"),
    ("role_context", "circumstance", "环境因素"),
    ("role_evidence", "evidence", "证据"),
    ("advice", "What to change", "处置建议"),
    ("evidence", "Evidence", "证据"),
    // Events
    ("events", "OOM events", "OOM 事件"),
    ("events_partial", "There may be more than these", "可能不止这些"),
    ("time", "Time (as logged)", "时间（日志原文）"),
    ("time_utc", "UTC", "UTC 时间"),
    ("kind", "Kind", "类型"),
    ("where", "Cgroup and limit", "控制组与上限"),
    ("victim", "Killed", "被杀进程"),
    ("invoker", "Asked", "触发者"),
    ("source_killed", "the “Killed process” line", "“Killed process” 行"),
    ("source_kill", "the “Kill process” line", "“Kill process” 行"),
    ("source_oom-kill", "the “oom-kill:” summary line", "“oom-kill:” 汇总行"),
    ("source_oom_reaper", "the oom_reaper line", "oom_reaper 行"),
    ("source_task table", "the task table (highest badness)", "进程表（badness 最高者）"),
    ("constraint_memcg", "cgroup limit", "cgroup 上限"),
    ("constraint_none", "the whole machine", "整机内存"),
    ("constraint_cpuset", "nodes of a cpuset", "cpuset 限定的节点"),
    ("constraint_memory_policy", "nodes of a memory policy", "内存策略限定的节点"),
    ("constraint_unknown", "unknown", "未知"),
    ("groups", "Events that belong together", "同一对象的重复事件"),
    ("group_key", "What they share", "共同点"),
    ("count_of_events", "events", "事件数"),
    ("count_of_containers", "containers", "容器数"),
    ("pids_of_victims", "pids of the victims", "被杀进程的 pid"),
    ("notices", "What other programs logged about it", "其他程序的相关日志"),
    ("pages_of", "pages of", "页，每页"),
    ("span", "over", "时间跨度"),
    // Memory
    ("memory", "What memory consisted of", "内存构成"),
    ("memory_of_cgroup_at_event", "The cgroup at the event", "事发时的控制组"),
    ("memory_of_machine_at_event", "The machine at the event", "事发时的整机"),
    ("memory_of_machine_at_collection", "The machine when the bundle was made", "采集时的整机"),
    ("part_anon", "anonymous (heap, stacks)", "匿名内存（堆、栈）"),
    ("part_anon_with_shmem", "anonymous, with shared memory", "匿名内存（含共享内存）"),
    ("part_cache", "page cache", "页缓存"),
    ("part_cache_with_shmem", "page cache, with shared memory", "页缓存（含共享内存）"),
    ("part_shmem", "tmpfs and shared memory", "tmpfs 与共享内存"),
    ("part_sock", "socket buffers", "套接字缓冲区"),
    ("part_kernel", "kernel memory", "内核内存"),
    ("part_slab", "kernel objects (slab)", "内核对象（slab）"),
    ("part_slab_unreclaimable", "kernel objects that cannot be dropped", "不可回收的内核对象（slab）"),
    ("part_slab_reclaimable", "kernel objects that can be dropped", "可回收的内核对象（slab）"),
    ("part_page_tables", "page tables", "页表"),
    ("part_kernel_stack", "kernel stacks", "内核栈"),
    ("part_percpu", "per-CPU memory", "per-CPU 内存"),
    ("part_hugepages", "huge page pools", "大页池"),
    ("part_buffers", "block device buffers", "块设备缓冲"),
    ("part_free", "free", "空闲"),
    ("part_unaccounted", "not itemised", "未列明"),
    ("part_available", "still usable without swapping", "不交换即可使用"),
    ("part_swap_total", "swap space", "交换空间"),
    ("part_swap_free", "free swap", "空闲交换空间"),
    ("part_swap_usage", "swap in use", "已用交换空间"),
    ("part_committed", "promised to processes", "已承诺给进程"),
    ("part_commit_limit", "limit of promises (mode 2 only)", "承诺上限（仅模式 2 生效）"),
    ("part_refault_file", "file pages read again (thrashing, not memory)", "被换出后又重新读入的文件页（抖动，不占内存）"),
    // Sections
    ("other_causes", "Other causes that hold", "其他成立的原因"),
    ("contributing", "What made it worse", "促成因素"),
    ("stands_out", "What stands out", "值得注意"),
    ("unexplained", "Seen and not explained", "已观察到但未得到解释"),
    ("bystanders", "Not to blame", "无关的旁观者"),
    ("part_asked", "only asked for memory at that moment; killed was", "只是当时在申请内存；被杀的是"),
    ("part_fell_with_the_victim", "ended because its main process was the victim", "因其主进程被杀而失败；被杀的是"),
    ("ruled_out", "Ruled out", "已排除"),
    ("only_seen", "For the events that were read. Nothing is said about what lies outside the evidence.", "仅就已读到的事件而言，证据之外的情况不作判断。"),
    ("cannot_tell", "Cannot tell", "无法判断"),
    ("missing_fact", "missing", "缺少"),
    ("how_to_get", "How to get it", "获取方法"),
    ("suppressed", "Switched off by the user", "用户已停用的规则"),
    ("superseded", "Folded into a more exact finding", "已并入更精确的发现"),
    // Quality
    ("quality", "How far the evidence can be trusted", "证据质量"),
    ("torn", "Torn bundle", "采集包不完整"),
    ("changed", "Differs from its checksum", "与校验和不符"),
    ("kernel_log", "Kernel log", "内核日志"),
    ("whole_boot", "whole since boot", "自开机起完整"),
    ("whole_boot_no", "the beginning is lost", "开头部分已丢失"),
    ("lost_records", "records lost", "丢失的记录"),
    ("suppressed_callbacks", "callbacks not printed (not a number of kills)", "未打印的回调次数（不是杀进程次数）"),
    ("log", "Log", "日志"),
    ("format", "Format", "格式"),
    ("lines", "Lines", "行数"),
    ("first", "From", "起"),
    ("last", "To", "止"),
    ("cut", "Cut", "被截取"),
    ("gaps", "Not read or not understood", "未读到或无法解析"),
    ("holes", "Not collected", "未采集到"),
    ("outcome_truncated", "cut at its limit", "达到大小上限被截断"),
    ("outcome_denied", "denied", "权限不足"),
    ("outcome_timed_out", "no answer in time", "读取超时"),
    ("outcome_failed", "failed", "读取失败"),
    ("quality_good", "Nothing is known to be missing from what was read.", "所读内容未发现缺失。"),
    // Machine
    ("machine", "The machine", "主机信息"),
    ("os", "System", "操作系统"),
    ("kernel", "Kernel", "内核"),
    ("architecture", "Architecture", "架构"),
    ("hardware", "Hardware", "硬件"),
    ("virtualisation", "Virtualisation", "虚拟化"),
    ("page_size", "Page size", "页大小"),
    ("swap_space", "Swap", "交换空间"),
    ("cpus", "Processors", "处理器数"),
    ("cgroup_version", "Cgroups", "cgroup 版本"),
    ("address_space", "User address space (probed)", "用户地址空间（实测）"),
    ("uptime", "Up for", "已运行"),
    ("collector", "Collected by", "采集工具"),
    ("collected", "Collected at", "采集时间"),
    ("seen_from", "Seen from", "采集视角"),
];

/// All words in one language, by key.
#[must_use]
pub fn all(lang: Lang) -> BTreeMap<&'static str, &'static str> {
    WORDS
        .iter()
        .map(|(key, en, zh)| match lang {
            Lang::En => (*key, *en),
            Lang::Zh => (*key, *zh),
        })
        .collect()
}

/// One word; its key when there is none, which a test rules out.
#[must_use]
pub fn word(key: &'static str, lang: Lang) -> &'static str {
    find(key, lang).unwrap_or(key)
}

/// One word, if there is one.
#[must_use]
pub fn find(key: &str, lang: Lang) -> Option<&'static str> {
    let (_, en, zh) = WORDS.iter().find(|(k, _, _)| *k == key)?;
    Some(match lang {
        Lang::En => en,
        Lang::Zh => zh,
    })
}
