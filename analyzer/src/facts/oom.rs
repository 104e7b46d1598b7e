//! OOM events: from the records of the kernel log to the facts `oom_events`, `oom_groups` and
//! `oom_summary`.
//!
//! [`part`] says what a line is, [`join`] puts lines together, [`merge`] recognises the same event
//! in several logs, [`page_size`] finds the unit of the tables, and [`facts`] names the results.

pub mod allocation;
pub mod endings;
pub mod event;
pub mod facts;
pub mod gfp;
mod groups;
pub mod invocation;
pub mod join;
pub mod kill;
mod markers;
pub mod memcg;
pub mod memory;
pub mod merge;
pub mod page_size;
pub mod part;
mod prose;
pub mod stats;
pub(in crate::facts) mod storm;
pub mod summary;
pub mod tasks;
pub mod trace;
mod victim;
pub mod watermark;
mod wrapped;
