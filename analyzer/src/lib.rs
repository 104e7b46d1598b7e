//! Reads a bundle, a folder or a bare kernel log, and tells what ran out of memory and why.
//!
//! The stages, in order: [`intake`] → [`facts`] → [`rules`] → [`verdict`] → [`report`].

pub mod cli;
pub mod compare;
pub mod facts;
pub mod finding;
pub mod intake;
#[cfg(target_os = "linux")]
mod live;
pub mod report;
pub mod rules;
pub mod size;
pub mod verdict;
pub mod words;

/// A case that was analysed, in one language.
#[derive(Debug)]
pub struct Told {
    /// What the report shows.
    pub view: report::View,
    /// The highest severity that was found.
    pub highest_severity: Option<finding::Severity>,
}

/// The whole way: from the names of inputs to what a report shows.
///
/// # Errors
///
/// An input that cannot be opened. What can be opened is read as far as it can be understood.
pub fn run(
    names: &[String],
    stdin: &mut dyn std::io::Read,
    rules: &rules::RuleSet,
    lang: words::Lang,
) -> Result<Told, intake::IntakeError> {
    let inputs = intake::open(names, stdin)?;
    let case = report::Case::of(&inputs);
    let (facts, verdict) = analyze(&inputs, rules);
    let view = report::tell(&verdict, &facts, &case, lang);
    Ok(Told {
        view,
        highest_severity: verdict.highest_severity(),
    })
}

/// From inputs to the verdict.
#[must_use]
pub fn analyze(
    inputs: &[intake::Input],
    rules: &rules::RuleSet,
) -> (facts::Facts, verdict::Verdict) {
    let facts = facts_for(inputs, rules);
    let judged = rules::judge(rules, &facts, facts::why_missing);
    let (judged, suppressed) = rules.suppress(judged, &facts);
    let mut verdict = verdict::reach(judged, &facts);
    verdict.suppressed = suppressed;
    (facts, verdict)
}

/// All facts of the inputs, with the lines that these rules look for themselves.
#[must_use]
pub fn facts_for(inputs: &[intake::Input], rules: &rules::RuleSet) -> facts::Facts {
    let mut facts = facts::gather(inputs);
    facts::search::put(inputs, &rules.log_searches(), &mut facts);
    facts
}
