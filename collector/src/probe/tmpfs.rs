//! How full the file systems in memory are: tmpfs only, never a mount whose server may be dead.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::json;

use super::mounts;
use crate::capture::protocol::{Request, What};
use crate::item::Made;
use crate::visit::Visit;

/// Most mounts asked.
const MOUNTS_MAX: usize = 500;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// `scene/tmpfs.json`.
pub fn space(visit: &mut Visit) -> Vec<Made> {
    let mut points: Vec<String> = mounts::all(&visit.host)
        .into_iter()
        .filter(|mount| matches!(mount.kind.as_str(), "tmpfs" | "ramfs" | "devtmpfs"))
        .map(|mount| mount.point)
        .collect();
    points.sort_unstable();
    points.dedup();
    let left_out = points.len().saturating_sub(MOUNTS_MAX);
    let mut requests = points
        .into_iter()
        .take(MOUNTS_MAX)
        .map(|path| Request::new(What::Space, path, 100));
    let mut found = Vec::new();
    let done: Result<(), Infallible> =
        visit
            .reader
            .read_each(&mut requests, PATIENCE, &mut |path, got| {
                let path = format!("/{path}");
                found.push(match got {
                    Ok(content) => match numbers(content.bytes) {
                        Some([block, blocks, free]) => json!({
                            "path": path,
                            "size_bytes": block * blocks,
                            "used_bytes": block * blocks.saturating_sub(free),
                        }),
                        None => json!({"path": path, "error": "no figures"}),
                    },
                    Err(trouble) => json!({"path": path, "error": trouble.reason()}),
                });
                Ok(())
            });
    let Ok(()) = done;
    vec![Made::json(
        "scene/tmpfs.json",
        &json!({"mounts": found, "left_out": left_out}),
    )]
}

fn numbers(text: &[u8]) -> Option<[u64; 3]> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text.split(' ').map(str::parse);
    Some([
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
    ])
}
