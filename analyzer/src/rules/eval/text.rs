//! Messages: parts with values put in. Values are inserted as they are and never read again.

use super::{Scope, Val, values::Read};
use crate::{
    rules::{
        expr::Part,
        figures::{TEXT_BYTES_MAX, plain},
        shell,
    },
    words::Lang,
};

/// How a value is written into the text.
type Write = fn(&Val<'_>, Lang) -> String;

/// Renders a message in the scope's language.
pub(in crate::rules) fn render<'f>(
    scope: &mut Scope<'f>,
    parts: &'f [Part],
    reads: &mut Vec<Read<'f>>,
) -> String {
    written(scope, parts, plain, reads)
}

/// Renders a command: each value is one word of the shell, whatever it holds.
pub(in crate::rules) fn render_command<'f>(scope: &mut Scope<'f>, parts: &'f [Part]) -> String {
    let word: Write = |value, lang| shell::quoted(&plain(value, lang));
    written(scope, parts, word, &mut Vec::new())
}

fn written<'f>(
    scope: &mut Scope<'f>,
    parts: &'f [Part],
    write: Write,
    reads: &mut Vec<Read<'f>>,
) -> String {
    let mut out = String::new();
    scope.fuel = super::FUEL;
    scope.parts(parts, write, &mut out, reads);
    let squeezed: Vec<&str> = out.lines().map(str::trim_end).collect();
    squeezed.join("\n").trim().to_owned()
}

impl<'f> Scope<'f> {
    fn parts(
        &mut self,
        parts: &'f [Part],
        write: Write,
        out: &mut String,
        reads: &mut Vec<Read<'f>>,
    ) {
        for part in parts {
            if out.len() > TEXT_BYTES_MAX || !self.pay(1) {
                if !out.ends_with('…') {
                    out.push('…');
                }
                return;
            }
            match part {
                Part::Raw(words) => out.push_str(words),
                Part::Show(expr) => {
                    let value = self.eval(expr, reads);
                    out.push_str(&write(&value, self.lang));
                }
                Part::If(condition, yes, no) => match self.eval(condition, reads) {
                    Val::Flag(true) => self.parts(yes, write, out, reads),
                    _ => self.parts(no, write, out, reads),
                },
                Part::For(name, list, body) => {
                    if let Val::List(list) = self.eval(list, reads) {
                        for (_, item) in list.items.iter() {
                            self.loops.push((name, item.clone()));
                            self.parts(body, write, out, reads);
                            self.loops.pop();
                        }
                    }
                }
            }
        }
    }
}
