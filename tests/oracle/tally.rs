//! What was asked of the planner and how it went.

use std::collections::BTreeMap;

use super::meaning::Rows;
use super::scalar::Answer;
use super::shapes::shapes;
use super::tree::Query;

/// What was asked and how it went, by rule.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answered: usize,
    empty: usize,
    refused: BTreeMap<&'static str, usize>,
    /// How many statements had each shape, and how many of those had an answer that could be compared.
    shapes: BTreeMap<&'static str, (usize, usize)>,
}

impl Tally {
    /// Counts a statement.
    pub(crate) fn add(&mut self, statement: &Query, expected: &Answer<Rows>) {
        match expected {
            Ok(rows) => {
                self.answered += 1;
                self.empty += usize::from(rows.rows.is_empty());
            }
            Err(refusal) => *self.refused.entry(refusal.rule).or_default() += 1,
        }
        let compared = expected.as_ref().is_ok_and(|rows| !rows.chance);
        for shape in shapes(statement) {
            let (all, answered) = self.shapes.entry(shape).or_default();
            *all += 1;
            *answered += usize::from(compared);
        }
    }

    pub(crate) fn report(&self) -> String {
        let refused: Vec<String> = self.refused.iter().map(|(rule, count)| format!("rule {rule}: {count}")).collect();
        let all = self.answered + self.refused.values().sum::<usize>();
        let shapes = self.shapes.iter().map(|(shape, (all, compared))| format!("{shape}: {compared} of {all}"));
        format!(
            "{all} statements: {} answered ({} with no rows), refused by {}\nanswers compared of {}",
            self.answered,
            self.empty,
            refused.join(", "),
            shapes.collect::<Vec<_>>().join(", ")
        )
    }
}
