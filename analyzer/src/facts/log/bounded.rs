//! A log may say one thing a hundred thousand times: the first and the last of them are kept, those
//! between are counted, so that memory stays bounded. What was only counted is said in a gap and makes
//! the list partial; nothing goes silently. OOM events have their own: [`crate::facts::oom::storm`].

use std::sync::Arc;

use crate::facts::{Evidence, Facts};
use crate::words::Bilingual;

/// How many of one list of one log are kept at least.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// From the beginning of the log.
    pub first: usize,
    /// Up to its end.
    pub last: usize,
}

/// Of things that are a line or a few.
pub(super) const LINES: Kept = Kept {
    first: 2_000,
    last: 2_000,
};
/// Of reports with a trace and the memory of the machine.
pub const REPORTS: Kept = Kept {
    first: 500,
    last: 500,
};

/// Those of one list of one log that were only counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// How many.
    pub count: u64,
    /// The first and the last of them.
    span: (Evidence, Evidence),
}

/// Takes those between the first and the last ones out of `list` when there are so many that it is
/// worth it. `place` is where one of them stands, `counted` hears of each that goes.
pub fn thin<T>(
    list: &mut Vec<T>,
    kept: Kept,
    passed: &mut Option<Passed>,
    place: impl Fn(&T) -> Option<&Evidence>,
    mut counted: impl FnMut(&T),
) {
    if list.len() < kept.first + 2 * kept.last {
        return;
    }
    for one in list.drain(kept.first..kept.first + kept.last) {
        counted(&one);
        let Some(place) = place(&one) else {
            continue;
        };
        match passed {
            Some(passed) => {
                passed.count += 1;
                passed.span.1 = place.clone();
            }
            None => {
                *passed = Some(Passed {
                    count: 1,
                    span: (place.clone(), place.clone()),
                });
            }
        }
    }
}

/// Says which things of the list `name` were only counted, one gap for each log; gives why the list
/// is partial.
pub(super) fn tell<'p>(
    name: &str,
    passed: impl Iterator<Item = &'p Passed>,
    partial: Option<&Arc<Bilingual>>,
    facts: &mut Facts,
) -> Option<Arc<Bilingual>> {
    let mut all = 0;
    for passed in passed {
        let (count, (first, last)) = (passed.count, &passed.span);
        all += count;
        let what = Bilingual::new(
            format!(
                "too many entries for `{name}` to keep: {count} of them, from line {} to line {}, were only counted; they are in no list and no rule",
                first.line, last.line
            ),
            format!(
                "`{name}` 的条目过多：第 {} 行至第 {} 行的 {count} 条只做了计数，不出现在任何列表和规则中",
                first.line, last.line
            ),
        );
        facts.gap(&first.entry, first.line, what);
    }
    if all == 0 {
        return partial.cloned();
    }
    let why = Bilingual::new(
        format!("{all} further entries were too many to keep and were only counted"),
        format!("另有 {all} 条因数量过多只做了计数"),
    );
    Some(Arc::new(match partial {
        Some(also) => Bilingual::new(
            format!("{}; {}", why.en, also.en),
            format!("{}；{}", why.zh, also.zh),
        ),
        None => why,
    }))
}
