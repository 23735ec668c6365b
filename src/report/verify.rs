//! Whether the figures of a pack are still what the mart answers: its questions asked again at the version that it was made
//! of, and each answer compared with the one that it carries.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::mart::Mart;
use crate::query::{Principal, Settings};

use super::ask::ask;
use super::record::{Carried, RECORD, Record};

/// What a verification found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What the pack says of itself.
    pub record: Record,
    /// The model's files have changed since, so that a difference may be meant.
    pub model_changed: bool,
    /// Each question's file, and what differs.
    pub answers: Vec<(String, Option<Difference>)>,
}

/// How an answer differs from the one that a pack carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The pack does not carry it.
    Missing,
    /// The question is refused now.
    Refused(String),
    /// The first line that differs, from 1 and with all lines but the header in order: the pack's, and the one of now.
    Line {
        /// Which.
        number: usize,
        /// What the pack has.
        then: String,
        /// What is answered now.
        now: String,
    },
}

impl Verified {
    /// Whether every answer is the same.
    pub fn passes(&self) -> bool {
        self.answers.iter().all(|(_, difference)| difference.is_none())
    }
}

/// Asks the questions of a pack again.
///
/// # Errors
/// Invalid: it carries no record. NotFound: its mart version is gone. Otherwise what stops any query.
pub async fn verify(mart: &Arc<Mart>, principal: Principal, carried: &[Carried]) -> Result<Verified> {
    let file = |name: &str| carried.iter().find(|file| file.name == name).map(|file| file.bytes.as_slice());
    let record =
        file(RECORD).ok_or_else(|| Error::invalid(format!("the file carries no {RECORD}; it is no pack of ours")))?;
    let record = Record::read(record)?;
    let settings = Settings { mart_version: Some(record.mart_version), timezone: Some(record.timezone.clone()) };
    let session = mart.session(principal, settings);
    let (_, model) = session.model().await?;
    let mut answers = Vec::new();
    for question in &record.queries {
        let difference = match (file(&question.file), ask(&session, &question.sql).await) {
            (None, _) => Some(Difference::Missing),
            (_, Err(error)) if stops(&error) => return Err(error),
            (_, Err(error)) => Some(Difference::Refused(error.message().to_owned())),
            (Some(then), Ok(answered)) => compared(then, &answered.csv()?),
        };
        answers.push((question.file.clone(), difference));
    }
    Ok(Verified { model_changed: model.hash != record.model_hash, record, answers })
}

/// Whether an error is no answer to the question, but says that it could not be asked.
fn stops(error: &Error) -> bool {
    use crate::error::Kind;
    !matches!(error.kind(), Kind::Invalid | Kind::NotFound | Kind::Denied)
}

fn compared(then: &[u8], now: &[u8]) -> Option<Difference> {
    if then == now {
        return None;
    }
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut then, mut now) = (lines(then), lines(now));
    // What is asked without ORDER BY comes in any order; a header stays the first line.
    for lines in [&mut then, &mut now] {
        if let Some(rows) = lines.get_mut(1..) {
            rows.sort();
        }
    }
    let at = (0..then.len().max(now.len())).find(|at| then.get(*at) != now.get(*at))?;
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_else(|| "no line".to_owned());
    Some(Difference::Line { number: at + 1, then: line(&then), now: line(&now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told() {
        assert_eq!(compared(b"a\n1\n", b"a\n1\n"), None);
        let line = |number, then: &str, now: &str| {
            Some(Difference::Line { number, then: then.to_owned(), now: now.to_owned() })
        };
        assert_eq!(compared(b"a\n1\n2\n", b"a\n2\n1\n"), None, "the order says nothing");
        assert_eq!(compared(b"a\n1\n2\n", b"a\n1\n3\n"), line(3, "2", "3"));
        assert_eq!(compared(b"a\n1\n", b"a\n1\n3\n"), line(3, "no line", "3"));
    }
}
