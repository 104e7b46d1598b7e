//! What the operator asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How much is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Seconds matter: no journal, no full `smaps`, few processes in detail.
    Quick,
    /// The usual.
    Usual,
    /// Also what can stall a process or an allocator for a moment.
    Deep,
}

/// One collection: how much, of which machine, for how long, under which labels.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How much is taken.
    pub depth: Depth,
    /// When the remaining items are left out.
    pub deadline: Duration,
    /// How far back logs are wanted; `None` is without limit.
    pub since: Option<Duration>,
    /// Whether names and addresses are replaced by stand-ins.
    pub pseudonymize: bool,
    /// Most bytes of the bundle.
    pub bytes_max: Option<u64>,
    /// Root folder of the machine; `/` is the running one.
    pub root: PathBuf,
    /// Case number given by the operator.
    pub case: Option<String>,
    /// Labels given by the operator.
    pub labels: BTreeMap<String, String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            depth: Depth::Usual,
            deadline: Duration::from_secs(60),
            since: None,
            pseudonymize: false,
            bytes_max: None,
            root: PathBuf::from("/"),
            case: None,
            labels: BTreeMap::new(),
        }
    }
}
