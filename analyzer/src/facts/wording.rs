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
        row.map_or(word, |(_, zh)| zh)
    });
    words.collect::<Vec<_>>().join("、")
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
