//! Writes the manual page and the shell completions of `oomscene-collect` into `docs/man/`.

use std::path::Path;

#[path = "../../tests/handover/pages.rs"]
mod pages;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/man");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in pages::all() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
