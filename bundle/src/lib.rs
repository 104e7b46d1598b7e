//! The bundle format, version 1: what `oomscene-collect` writes and `oomscene-analyze` reads.
//!
//! A bundle is one gzip-compressed tar stream with one top folder:
//!
//! ```text
//! oomscene-<host>-<YYYYMMDDTHHMMSSZ>/header.json         always first
//! oomscene-…/proc/meminfo                                evidence, paths as on the machine
//! oomscene-…/scene/kmsg                                  evidence that no single file holds
//! oomscene-…/proc/all/status.000                         many small files packed like `head -v`
//! oomscene-…/ledger/00-kernel-log.jsonl                  after each room: one line per item
//! oomscene-…/ledger/end.json                             always last
//! ```
//!
//! The stream is flushed after each room, so a collector that is killed leaves everything up to
//! its last finished room. A bundle without `ledger/end.json` is *torn*: the reader hands out all
//! whole entries before the tear and says where it was.
//!
//! This crate knows containers, never contents: what is inside an entry is not its business.
//! A bundle is untrusted input; every cap is a named constant in [`limits`].

pub mod cut;
pub mod error;
pub mod header;
pub mod layout;
pub mod ledger;
pub mod limits;
pub mod packed;
pub mod reader;
pub mod writer;

pub use cut::Cut;
pub use error::{Error, Kind};
pub use header::Header;
pub use ledger::{End, Line, Outcome, Silence, TimeSpan};
pub use reader::{Entry, Reader, Tear};
pub use writer::Writer;
