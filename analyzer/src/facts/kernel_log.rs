//! `scene/kmsg.json`: what the collector knows about the ring buffer that the records do not say.

use super::Facts;
use super::source::Source;
use crate::words::Bilingual;

pub(super) fn parse(sources: &[&Source<'_>], facts: &mut Facts) {
    for source in sources {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&source.content) else {
            facts.gap(source.entry, 0, Bilingual::new("not JSON", "不是 JSON"));
            continue;
        };
        let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
        let evidence = |key: &str| super::probes::found(source, &format!("\"{key}\""));
        facts.root.put_some(
            "kernel_log.buffer_bytes",
            number("buffer_bytes"),
            &evidence("buffer_bytes"),
        );
        let lost = number("records_lost_while_reading");
        facts.root.put_some(
            "kernel_log.lost_records_count",
            lost,
            &evidence("records_lost_while_reading"),
        );
        let first = number("first_sequence_in_buffer").or_else(|| number("first_sequence"));
        facts.root.put_some(
            "kernel_log.first_sequence",
            first,
            &evidence("first_sequence"),
        );
        let left_out = number("records_left_out").unwrap_or(0);
        if left_out > 0 {
            facts.gap(source.entry, 0, Bilingual::new(format!("the collector left out {left_out} records: the buffer was larger than its limit"), format!("采集程序略过了 {left_out} 条记录：环形缓冲区超出其采集上限")));
        }
        if let Some(first) = first {
            let whole = first == 0 && left_out == 0 && lost.unwrap_or(0) == 0;
            facts.put("kernel_log.whole_boot", whole, evidence("first_sequence"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::testing;

    #[test]
    fn a_wrapped_buffer_is_not_the_whole_boot() {
        let whole = testing::parse(
            parse,
            "scene/kmsg.json",
            r#"{"first_sequence": 0, "buffer_bytes": 262144, "records_lost_while_reading": 0}"#,
        );
        assert_eq!(whole.root.flag("kernel_log.whole_boot"), Some(true));
        let wrapped = testing::parse(
            parse,
            "scene/kmsg.json",
            r#"{"first_sequence": 812, "first_sequence_in_buffer": 812}"#,
        );
        assert_eq!(wrapped.root.flag("kernel_log.whole_boot"), Some(false));
        let syslog = testing::parse(
            parse,
            "scene/kmsg.json",
            r#"{"source": "syslog(2)", "buffer_bytes": null}"#,
        );
        assert_eq!(
            syslog.get("kernel_log.whole_boot"),
            None,
            "without sequence numbers it is unknown"
        );
    }
}
