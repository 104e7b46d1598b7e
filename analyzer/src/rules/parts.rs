//! The expressions of a rule, each with the key of the file that holds it.

use super::{
    Advice, Message, Rule,
    expr::{Expr, Node, Part},
    vocabulary::Function,
};
use crate::facts::search::LogSearch;

impl Rule {
    /// All expressions, in a fixed order.
    pub(super) fn expressions(&self) -> Vec<(String, &Expr)> {
        let mut all: Vec<(String, &Expr)> = Vec::new();
        for (name, expr) in &self.lets {
            all.push((format!("let.{name}"), expr));
        }
        all.push(("when".to_owned(), &self.when));
        all.extend(self.group_by.iter().map(|e| ("group_by".to_owned(), e)));
        all.extend(
            self.certain
                .iter()
                .map(|e| ("confidence.certain".to_owned(), e)),
        );
        all.extend(
            self.likely
                .iter()
                .map(|e| ("confidence.likely".to_owned(), e)),
        );
        texts(&mut all, "says", &self.says);
        texts(&mut all, "why", &self.why);
        if let Some(otherwise) = &self.otherwise {
            texts(&mut all, "otherwise", otherwise);
        }
        for (i, advice) in self.advice.iter().enumerate() {
            let Advice {
                when,
                text,
                command,
            } = advice;
            all.extend(when.iter().map(|e| (format!("advice[{i}].when"), e)));
            texts(&mut all, &format!("advice[{i}].do"), text);
            if let Some(command) = command {
                parts(&mut all, &format!("advice[{i}].command"), command);
            }
        }
        all
    }

    /// Variable and list of `for_each`.
    pub(super) fn each(&self) -> Option<(&str, &str)> {
        self.for_each
            .as_ref()
            .map(|each| (each.variable.as_str(), each.list.as_str()))
    }

    /// What the rule looks for in logs.
    pub(super) fn log_searches(&self) -> Vec<LogSearch> {
        let mut found = Vec::new();
        for (_, expr) in self.expressions() {
            expr.walk(&mut |node| {
                if let Node::Call(Function::LogLine, arguments) = &node.node
                    && let [pattern, source, ..] = arguments.as_slice()
                    && let (Node::Text(pattern), Node::Text(source)) = (&pattern.node, &source.node)
                {
                    found.push(LogSearch {
                        pattern: pattern.clone(),
                        source: source.clone(),
                    });
                }
            });
        }
        found
    }
}

fn texts<'r>(all: &mut Vec<(String, &'r Expr)>, key: &str, message: &'r Message) {
    parts(all, &format!("{key}.en"), &message.en);
    parts(all, &format!("{key}.zh"), &message.zh);
}

fn parts<'r>(all: &mut Vec<(String, &'r Expr)>, key: &str, from: &'r [Part]) {
    let mut found = Vec::new();
    Part::expressions(from, &mut found);
    all.extend(found.into_iter().map(|expr| (key.to_owned(), expr)));
}
