//! Every cap on a bundle as a named constant with its reason.

/// Longest entry path in bytes. Linux allows 4096; evidence needs far less.
pub const PATH_BYTES_MAX: usize = 1024;
/// Most entries in one bundle. A full collection has a few hundred, because processes are packed.
pub const ENTRIES_MAX: usize = 50_000;
/// Largest entry in bytes. Logs are cut by the collector at far less.
pub const ENTRY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest `header.json` in bytes.
pub const HEADER_BYTES_MAX: u64 = 1024 * 1024;
/// Largest sum of all entries in bytes.
pub const TOTAL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Highest ratio of unpacked to packed bytes. Text of `/proc` packs 5 to 40 times, a table of
/// thousands of like processes up to 100; a gzip bomb reaches 1,032.
pub const RATIO_MAX: u64 = 250;
/// The ratio is not judged below this many unpacked bytes: small bundles are harmless.
pub const RATIO_FROM_BYTES: u64 = 64 * 1024 * 1024;
