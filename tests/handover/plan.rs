//! What `--dry-run` says, against what a collection does.
