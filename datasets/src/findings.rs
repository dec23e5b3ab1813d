//! Rules and the rows that they caught.

use std::collections::BTreeMap;

use crate::{Example, Finding};

/// Examples kept per rule.
const EXAMPLES: usize = 5;

/// Counts the rows that each rule caught and keeps the first of them.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<String, Finding>);

impl Findings {
    /// Counts a row; `at` says where it stands in its file.
    pub(crate) fn note(&mut self, rule: impl Into<String>, at: impl Into<String>, value: impl Into<String>) {
        self.told(rule.into(), at.into(), value.into()).count += 1;
    }

    /// Tells of a row that is counted under another rule.
    pub(crate) fn note_also(&mut self, rule: impl Into<String>, at: impl Into<String>, value: impl Into<String>) {
        self.told(rule.into(), at.into(), value.into()).also += 1;
    }

    fn told(&mut self, rule: String, at: String, value: String) -> &mut Finding {
        let new = |rule: &String| Finding { rule: rule.clone(), count: 0, also: 0, examples: Vec::new() };
        let finding = self.0.entry(rule).or_insert_with_key(new);
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(Example { at, value });
        }
        finding
    }

    /// Returns the findings, most frequent first.
    pub(crate) fn by_count(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.0.into_values().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.count));
        findings
    }
}
