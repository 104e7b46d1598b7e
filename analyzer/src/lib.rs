//! Reads a bundle, a folder or a bare kernel log, and tells what ran out of memory and why.
//!
//! The stages, in order: [`intake`] → [`facts`] → [`rules`] → [`verdict`] → [`report`].

pub mod facts;
pub mod finding;
pub mod intake;
pub mod report;
pub mod verdict;
pub mod words;
