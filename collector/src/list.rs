//! The catalogue for people: what would be taken from this machine, how much, and why.

use std::io;

use crate::item::{Item, Root};
use crate::sources::{ROOMS, Room};
use crate::summary::size;

/// Writes the catalogue as text.
///
/// # Errors
/// As `out`.
pub fn text(out: &mut dyn io::Write) -> io::Result<()> {
    let width = ROOMS
        .iter()
        .flat_map(|room| room.items)
        .map(|item| item.path.len())
        .max()
        .unwrap_or(0);
    for Room {
        name,
        question,
        items,
    } in ROOMS
    {
        writeln!(out, "{name}: {question}")?;
        for item in *items {
            let limit = size(item.bytes_max as u64);
            let root = match item.root {
                Root::No => "",
                Root::Better => "root better",
                Root::Needed => "root needed",
            };
            writeln!(
                out,
                "  {:width$}  {limit:>7}  {root:11}  {}",
                item.path, item.why
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes the catalogue as Markdown tables.
///
/// # Errors
/// As `out`.
pub fn markdown(out: &mut dyn io::Write) -> io::Result<()> {
    for Room {
        name,
        question,
        items,
    } in ROOMS
    {
        writeln!(out, "## {name}: {question}\n")?;
        writeln!(
            out,
            "| item | limit | worth | root | when missing | why |\n|---|---|---|---|---|---|"
        )?;
        for Item {
            path,
            bytes_max,
            value,
            root,
            remedy,
            why,
            ..
        } in *items
        {
            let limit = size(*bytes_max as u64);
            writeln!(
                out,
                "| `{path}` | {limit} | {} | {} | {remedy} | {why} |",
                value.word(),
                root.word()
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn catalogue_is_golden() {
        let mut out = Vec::new();
        super::text(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
