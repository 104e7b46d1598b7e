//! How the verdict is told: one view, several formats, two languages.

mod draw;
mod escape;
pub mod figures;
pub mod shown;
mod tell;
pub mod view;
pub mod words;

pub use draw::Error;
pub use tell::{Case, tell};
pub use view::View;

use crate::words::Lang;

/// How a format is drawn.
enum Drawing {
    /// A template of the templates folder.
    Template(&'static str),
    /// The view itself.
    Json,
}

/// One output format.
pub struct Format {
    /// Name as given to `--format`.
    pub name: &'static str,
    /// File that it is written to.
    pub file: &'static str,
    /// What it is for.
    pub what: &'static str,
    drawing: Drawing,
}

/// All formats. Adding one = a row here and a template.
pub const FORMATS: &[Format] = &[
    Format {
        name: "html",
        file: "report.html",
        what: "one file for a browser or a mail, without scripts and outside parts",
        drawing: Drawing::Template(include_str!("../templates/report.html.j2")),
    },
    Format {
        name: "md",
        file: "report.md",
        what: "Markdown for a ticket",
        drawing: Drawing::Template(include_str!("../templates/report.md.j2")),
    },
    Format {
        name: "json",
        file: "report.json",
        what: "the whole report for other programs, versioned",
        drawing: Drawing::Json,
    },
    Format {
        name: "text",
        file: "report.txt",
        what: "plain text for a terminal, at most 100 columns",
        drawing: Drawing::Template(include_str!("../templates/report.txt.j2")),
    },
];

/// The format with this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

/// Draws a view.
///
/// # Errors
///
/// Only when a template is broken, which tests rule out.
pub fn render(view: &View, format: &Format, lang: Lang) -> Result<String, Error> {
    match format.drawing {
        Drawing::Json => draw::json(view),
        Drawing::Template(source) => draw::template(format.file, source, view, lang),
    }
}

/// The short form that `report` and `live` print when they are done.
///
/// # Errors
///
/// Only when the template is broken, which tests rule out.
pub fn summary(view: &View, lang: Lang) -> Result<String, Error> {
    let source = include_str!("../templates/summary.txt.j2");
    draw::template("summary.txt", source, view, lang)
}

#[cfg(test)]
mod tests;
