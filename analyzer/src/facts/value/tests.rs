//! The tree of facts: records that are made at once, evidence that is shared.

use super::*;

#[test]
fn a_record_of_sorted_values_is_the_one_that_is_put() {
    let place = vec![Evidence::new("messages", 7, "[ 12] 0 12 … sh")];
    let mut put = Record::new();
    put.put("pid", 12, place.clone());
    put.put("comm", "sh", place.clone());
    let values = [
        ("comm", Some("sh".into())),
        ("oom_score_adj", None),
        ("pid", Some(12.into())),
    ];
    assert_eq!(Record::of_sorted(values, &place), put);
}

#[test]
fn evidence_is_shared_and_cut() {
    let lines = [1, 2].map(|n| Evidence::new("proc/all/status.000", n, "Name: a"));
    let [first, second] = &lines;
    assert!(Arc::ptr_eq(&first.entry, &second.entry));
    assert!(Arc::ptr_eq(&first.0, &first.clone().0));
    let other = Evidence::new("proc/meminfo", 1, &"四".repeat(TEXT_CHARS_MAX + 1));
    assert_eq!(&*other.entry, "proc/meminfo");
    assert_eq!(other.text.chars().count(), TEXT_CHARS_MAX + 1);
    assert!(other.text.ends_with('…'));
    let exact = "x".repeat(TEXT_CHARS_MAX);
    assert_eq!(*Evidence::new("a", 1, &exact).text, *exact);
}
