//! The words that parsers write into facts, in the reader's language.

use crate::words::Lang;

/// What parsers write into facts as words: parts of a report, kinds of lines, constraints.
#[rustfmt::skip] // a table is read by row
const WORDS: &[(&str, &str)] = &[
    ("head", "开头"),
    ("trace", "调用栈"),
    ("limit lines", "用量与上限行"),
    ("statistics", "统计信息"),
    ("task table", "任务表"),
    ("head of the task table", "任务表表头"),
    ("memory of the machine", "整机内存信息"),
    ("kill line", "杀进程行"),
    ("killed", "Killed process 行"),
    ("kill", "Kill process 行"),
    ("oom-kill", "oom-kill 行"),
    ("oom_reaper", "oom_reaper 行"),
    ("none", "整机"),
    ("memcg", "控制组"),
    ("cpuset", "cpuset"),
    ("memory_policy", "内存策略"),
    ("sysrq", "SysRq 手动触发"),
    ("limit lowered below usage", "上限被调低到用量以下"),
    ("fork", "创建进程或线程（fork）"),
    ("network", "网络收发"),
    ("shared memory or tmpfs", "写共享内存或 tmpfs"),
    ("page fault (copy on write)", "缺页（写时复制）"),
    ("page fault on a mapped file (file read)", "映射文件缺页（读文件）"),
    ("file read", "读文件"),
    ("file write", "写文件"),
    ("page fault (new anonymous memory)", "缺页（新的匿名内存）"),
    ("locking or pinning of user memory", "锁定用户内存（mlock 或 pin）"),
    ("page fault", "缺页"),
    ("page tables", "分配页表"),
    ("kernel object (slab)", "分配内核对象（slab）"),
    ("an excerpt", "日志节选"),
    ("a log file", "日志文件"),
];

/// The words of parsers in the reader's language; what is no such word stays as it is.
#[must_use]
pub fn told(text: &str, lang: Lang) -> String {
    if lang == Lang::En {
        return text.to_owned();
    }
    let words = text.split(", ").map(|word| {
        let row = WORDS.iter().find(|(en, _)| *en == word);
        row.map_or_else(|| in_line(word), |(_, zh)| (*zh).to_owned())
    });
    words.collect::<Vec<_>>().join("、")
}

/// `Killed process 7 (line 4)`: where a log line stands.
fn in_line(word: &str) -> String {
    let line = word
        .strip_suffix(')')
        .and_then(|word| word.rsplit_once(" (line "))
        .filter(|(_, line)| line.bytes().all(|b| b.is_ascii_digit()));
    match line {
        Some((what, line)) => format!("{what}（第 {line} 行）"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_translated_and_others_kept() {
        assert_eq!(told("trace, kill line", Lang::Zh), "调用栈、杀进程行");
        assert_eq!(told("nginx", Lang::Zh), "nginx");
        assert_eq!(told("trace, kill line", Lang::En), "trace, kill line");
    }
}
