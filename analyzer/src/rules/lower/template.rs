//! Messages: words with `{{ }}`, `{% if %}` and `{% for %}`, and nothing else of a template engine.

use minijinja::{
    machinery::{ast, parse},
    syntax::SyntaxConfig,
};

use super::{Problem, duration, lower, span, syntax, within_limits};
use crate::rules::expr::{Part, Span};

/// Deepest nesting of blocks.
const BLOCKS_MAX: usize = 20;

/// Reads one message.
pub(in crate::rules) fn template(source: &str) -> Result<Vec<Part>, Problem> {
    within_limits(source)?;
    let disguised = duration::disguised(source, duration::Region::Words)?;
    match parse(&disguised, "", SyntaxConfig::default()).map_err(|e| syntax(source, &e))? {
        ast::Stmt::Template(template) => parts(&template.children, 0),
        _ => Err(Problem::new(Span::default(), "not a message")),
    }
}

fn parts(statements: &[ast::Stmt<'_>], depth: usize) -> Result<Vec<Part>, Problem> {
    statements.iter().map(|s| part(s, depth)).collect()
}

fn part(statement: &ast::Stmt<'_>, depth: usize) -> Result<Part, Problem> {
    let (name, here) = match statement {
        ast::Stmt::EmitRaw(raw) => return Ok(Part::Raw(join_wide(raw.raw))),
        ast::Stmt::EmitExpr(emit) => return Ok(Part::Show(lower(&emit.expr, 0)?)),
        ast::Stmt::IfCond(choice) if depth < BLOCKS_MAX => {
            return Ok(Part::If(
                lower(&choice.expr, 0)?,
                parts(&choice.true_body, depth + 1)?,
                parts(&choice.false_body, depth + 1)?,
            ));
        }
        ast::Stmt::ForLoop(each) if depth < BLOCKS_MAX => return loop_over(each, depth),
        ast::Stmt::IfCond(s) => ("deeper nesting", span(s.span())),
        ast::Stmt::ForLoop(s) => ("deeper nesting", span(s.span())),
        ast::Stmt::Set(s) => ("set", span(s.span())),
        ast::Stmt::SetBlock(s) => ("set", span(s.span())),
        ast::Stmt::WithBlock(s) => ("with", span(s.span())),
        ast::Stmt::AutoEscape(s) => ("autoescape", span(s.span())),
        ast::Stmt::FilterBlock(s) => ("filter", span(s.span())),
        ast::Stmt::Do(s) => ("do", span(s.span())),
        ast::Stmt::Block(s) => ("block", span(s.span())),
        ast::Stmt::Import(s) => ("import", span(s.span())),
        ast::Stmt::FromImport(s) => ("import", span(s.span())),
        ast::Stmt::Extends(s) => ("extends", span(s.span())),
        ast::Stmt::Include(s) => ("include", span(s.span())),
        ast::Stmt::Macro(s) => ("macro", span(s.span())),
        ast::Stmt::CallBlock(s) => ("call", span(s.span())),
        ast::Stmt::Template(s) => ("template", span(s.span())),
    };
    Err(Problem::new(here, format!("a message cannot use `{name}`"))
        .help("messages have {{ }}, {% if %} and {% for item in list %}; name values with `let`"))
}

fn loop_over(each: &ast::Spanned<ast::ForLoop<'_>>, depth: usize) -> Result<Part, Problem> {
    let here = span(each.span());
    let ast::Expr::Var(target) = &each.target else {
        return Err(
            Problem::new(here, "a loop needs one plain name").help("{% for item in list %}")
        );
    };
    if each.filter_expr.is_some() || each.recursive || !each.else_body.is_empty() {
        return Err(Problem::new(here, "a loop has no condition and no `else`")
            .help("filter the list: {% for item in list | where(\"field\", value) %}"));
    }
    Ok(Part::For(
        target.id.to_owned(),
        lower(&each.iter, 0)?,
        parts(&each.body, depth + 1)?,
    ))
}

/// Folded YAML puts a blank at each line end; between two Chinese characters it does not belong.
fn join_wide(raw: &str) -> String {
    let wide = |c: char| matches!(u32::from(c), 0x2e80..=0x9fff | 0xff00..=0xff60);
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let between =
            out.chars().next_back().is_some_and(wide) && chars.peek().copied().is_some_and(wide);
        if !(c == ' ' && between) {
            out.push(c);
        }
    }
    out
}
