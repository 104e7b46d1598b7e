//! The search for parts of words: each word about memory holds one of the parts here. It decides how fast a
//! long log is read, so there are two: one for all processors, and one for those that can do better.

use aho_corasick::{AhoCorasick, MatchKind};

use super::words::REACH_BYTES;

#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(target_arch = "x86_64")]
use wide::{GROUPS, Part, Wide};

/// For the vector search of every processor, which looks at the first four bytes of all parts at once and
/// has eight buckets, filled in turn: parts of one bucket are alike in their bytes, and no part begins like
/// common words, so that the search seldom stops for nothing. With other parts it is up to four times
/// slower: see `benches/log.sh`. Of more than 32 parts it would look at half as many bytes at once, so
/// there are two sets. The lone word of three letters has a search of its own, or three bytes would be
/// looked at.
const SETS: [&[&str]; 3] = [
    &[
        "lmkd",
        "_kill",
        "XECVE",
        "ille",
        "pe=1",
        "e_anon",
        "al_vm",
        "ages RAM",
        "nux version ",
        "detected stall",
        "ump_header",
        "illin",
        "= -1 E",
        "fork",
        "yoom",
        "m_reaper",
        "nohan",
        "IGKILL",
        "ressed",
        "ill process",
        "emory",
        "VmData",
        " lockup",
        "oom-kill",
        "lloc",
        "oomd",
        "result '",
        "IGTERM to ",
        " more than",
        "ages dropped",
        "viction",
        "igkill",
    ],
    &[
        "ree(): ",
        "ata too larg",
        "it_status:13",
        "cklog limit ",
        "le free or",
        "wning",
        " OS thread",
        "rt thread",
        "t heap",
        "dumped core",
        "EMORY",
        "x8007000E",
        " oom ",
        "ffer overrun",
        "hdog timeout",
        "ew thread",
        "pthread_crea",
        "tCode=137",
        "corrupted ",
        "yslog missed",
        "l message",
        "t_lost",
        "ss space",
        "te-limiting",
        "Log statisti",
        "NOM_ABEND",
        "emporarily",
        "ignal 9",
        "/oom",
        "nned by",
        "swap-device",
    ],
    &["OOM"],
];

/// The same parts for the wide search: groups whose bytes are alike at the five places that are looked at,
/// found by trying a hundred thousand divisions on logs.
#[cfg(target_arch = "x86_64")]
const WIDE: [&[Part]; GROUPS] = [
    &[
        ("nux version ", 3),
        ("detected stall", 2),
        ("ressed", 0),
        ("igkill", 1),
        ("corrupted ", 0),
        ("Log statisti", 6),
        ("NOM_ABEND", 1),
    ],
    &[
        ("pe=1", 0),
        ("al_vm", 0),
        ("ump_header", 2),
        ("fork", 0),
        ("yoom", 0),
        ("lloc", 0),
        ("oomd", 0),
        ("t_lost", 1),
        ("/oom", 0),
    ],
    &[
        ("e_anon", 0),
        ("ages RAM", 1),
        ("ages dropped", 5),
        ("hdog timeout", 0),
        ("ignal 9", 1),
    ],
    &[
        ("nohan", 0),
        ("emory", 0),
        ("ree(): ", 1),
        ("it_status:13", 7),
        (" OS thread", 5),
        ("rt thread", 4),
        ("EMORY", 0),
        ("ffer overrun", 6),
        ("ew thread", 4),
        ("pthread_crea", 2),
        ("emporarily", 5),
    ],
    &[
        ("m_reaper", 1),
        ("ata too larg", 3),
        ("le free or", 3),
        ("t heap", 1),
        ("l message", 0),
        ("nned by", 0),
    ],
    &[
        ("lmkd", 0),
        ("XECVE", 0),
        ("ille", 0),
        ("illin", 0),
        ("ill process", 0),
        ("result '", 2),
        ("IGTERM to ", 3),
        ("cklog limit ", 0),
        ("OOM", 0),
    ],
    &[
        ("_kill", 0),
        ("= -1 E", 1),
        ("IGKILL", 1),
        ("VmData", 0),
        (" more than", 0),
        ("wning", 0),
        (" oom ", 0),
        ("yslog missed", 0),
        ("ss space", 2),
        ("swap-device", 1),
    ],
    &[
        (" lockup", 2),
        ("oom-kill", 2),
        ("viction", 0),
        ("dumped core", 0),
        ("x8007000E", 3),
        ("tCode=137", 3),
        ("te-limiting", 4),
    ],
];

/// Bytes that the sets of parts look at in turn: they come from the nearest cache the second time.
const STEP_BYTES: usize = 8 * 1024;

/// The search for all parts.
#[derive(Debug)]
pub(super) enum Parts {
    /// All at once.
    #[cfg(target_arch = "x86_64")]
    Wide(Box<Wide>),
    /// Set by set.
    Sets(Vec<AhoCorasick>),
}

impl Parts {
    /// The fastest that this processor can do.
    pub(super) fn new() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = Wide::new(&WIDE) {
            return Self::Wide(Box::new(wide));
        }
        Self::sets()
    }

    /// The search of every processor.
    pub(super) fn sets() -> Self {
        Self::Sets(SETS.iter().map(|parts| search(parts.iter())).collect())
    }

    /// An offset inside of the first part that lies in `from..to`, or of one that begins there and of which the
    /// bytes that are looked at lie there.
    pub(super) fn first(&self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide) => wide.find(bytes, from, to),
            Self::Sets(sets) => (from..to).step_by(STEP_BYTES).find_map(|at| {
                let step = to.min(at + STEP_BYTES + REACH_BYTES);
                first_of_sets(sets, bytes, at, step)
            }),
        }
    }
}

fn first_of_sets(sets: &[AhoCorasick], bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut first = None;
    for finder in sets {
        // What lies behind the first part of one set is no matter for the next; a part may reach
        // over it.
        let end = first.map_or(to, |at: usize| to.min(at + REACH_BYTES));
        let found = finder.find(bytes.get(from..end)?);
        let start = found.map(|part| from + part.start());
        first = first.min(start).or(first).or(start);
    }
    first
}

/// A search for words of which the leftmost one counts.
pub(super) fn search<'w>(words: impl Iterator<Item = &'w &'w str>) -> AhoCorasick {
    // Leftmost matches let the searcher use vector instructions for them.
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words);
    match built {
        Ok(searcher) => searcher,
        Err(error) => unreachable!("words: {error}"),
    }
}
