//! What a run of many clients says at its end: which promises were kept, and whether anything happened at all.

use crate::checker::{judge, Finding, Terms};
use crate::history::Event;
use crate::storm::coverage::Seen;
use crate::tally::Tally;

const FINDINGS_SHOWN: usize = 3;

/// Answers the number of duties with two hashes granted, which the first check counts.
pub fn judge_history(events: &[Event], terms: &Terms, tally: &mut Tally) -> usize {
    let verdicts = judge(events, terms);
    let double_grants = verdicts[0].findings.len();
    for verdict in &verdicts {
        let result = if verdict.findings.is_empty() { Ok(String::new()) } else { Err(show(&verdict.findings, events)) };
        tally.check(verdict.name, result);
    }
    double_grants
}

/// The first findings, each with everything that was asked about its duty.
pub fn show(findings: &[Finding], events: &[Event]) -> String {
    let mut text = format!("{} found", findings.len());
    for finding in findings.iter().take(FINDINGS_SHOWN) {
        text.push_str(&format!("\n{}", finding.what));
        let Some(key) = finding.key else {
            continue;
        };
        let mut of_key: Vec<&Event> = events.iter().filter(|event| event.call.key() == Some(key)).collect();
        of_key.sort_by_key(|event| event.start);
        text.push_str("\n  all about this duty:");
        for event in of_key {
            text.push_str(&format!("\n    {event}"));
        }
    }
    text
}

pub fn judge_coverage(all: Vec<Seen>, tally: &mut Tally) {
    for seen in all {
        let result = if seen.enough() {
            Ok(seen.count.to_string())
        } else {
            Err(format!("{}, of at least {}", seen.count, seen.at_least))
        };
        tally.check(&format!("seen: {}", seen.what), result);
    }
}
