//! What kind of input is this? Opens a bundle, a folder or a bare log; never looks into contents.

use oomscene_bundle::{End, Header, Line, Tear};

/// Kind of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A bundle of `oomscene-collect`.
    Bundle,
    /// A folder: an unpacked bundle, or loose files laid out as on the machine.
    Folder,
    /// One bare file or standard input.
    Log,
}

/// One file of an input, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path as on the machine without its leading `/` (bundle, folder), or the file's name (log).
    pub path: String,
    /// The bytes.
    pub content: Vec<u8>,
}

/// One input of a case. Several inputs given together are one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Name as the user gave it.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// Header, when it is a bundle.
    pub header: Option<Header>,
    /// Files in their order.
    pub files: Vec<File>,
    /// Ledger lines, when it is a bundle.
    pub ledger: Vec<Line>,
    /// End record, when it is a complete bundle.
    pub end: Option<End>,
    /// Where the bundle is torn, if it is.
    pub tear: Option<Tear>,
    /// Entries that differ from their checksum.
    pub changed: Vec<String>,
}
