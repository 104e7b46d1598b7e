//! The kernel's ring buffer: first, because every new line may overwrite the oldest.

use crate::item::{Item, Root, Value};
use crate::probe::kmsg;

/// Rows of this room.
pub const ITEMS: &[Item] = &[Item::made(
    "scene/kmsg",
    kmsg::take,
    "the OOM reports themselves, with sequence numbers, so that a wrapped ring buffer is known",
)
.kib(8 * 1024)
.value(Value::High)
.root(Root::Better)
.patience(5)
.live_only()];
