//! What a report is about: the week, up to which day facts are read, and which weeks it is compared with.

use chrono::{NaiveDate, NaiveDateTime};

use crate::error::{Error, Result};
use crate::mart::Session;

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::period::{Span, Week};
use super::super::resolve::{Report, Source};

/// The week of a report, and what is known of the facts around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The cube whose facts say which weeks are complete.
    pub cube: String,
    /// The week.
    pub week: Week,
    /// The last day whose facts count.
    pub as_of: NaiveDate,
    /// The days of the first and the last fact.
    pub span: Span,
    /// The moment of the week's last fact, by the wall clock.
    pub last_fact: NaiveDateTime,
    /// The days of the week that have no facts.
    pub gaps: Vec<NaiveDate>,
    /// What the foot of the pages counts.
    pub counted: Option<Figure>,
    /// What was asked for this.
    pub answered: Vec<Answered>,
}

/// How many weeks an average takes.
pub const FOUR: u64 = 4;

impl Frame {
    /// The week before, if it is complete.
    pub fn previous(&self) -> Option<Week> {
        Some(self.week.before(1)).filter(|week| self.span.completes(*week))
    }

    /// The four weeks before, the earliest first; none where they are not all complete.
    pub fn four(&self) -> Option<[Week; FOUR as usize]> {
        let weeks = [4, 3, 2, 1].map(|back| self.week.before(back));
        self.span.completes(weeks[0]).then_some(weeks)
    }
}

/// Finds the week that a report is about: the last that the facts up to `as_of` fill.
///
/// # Errors
/// Invalid: there are no facts, or they fill no week. Otherwise as the queries.
pub(super) async fn frame(session: &Session, report: &Report, as_of: Option<NaiveDate>) -> Result<Frame> {
    let Source { cube, time } = &report.lead;
    let (cube, time) = (quoted(cube), quoted(time));
    let until = as_of.and_then(|day| day.succ_opt()).map(|day| format!(" WHERE {time} < DATE '{day}'"));
    let sql =
        format!("SELECT MIN({time}) AS first, MAX({time}) AS last FROM {cube}{}", until.as_deref().unwrap_or_default());
    let spanned = ask(session, &sql).await?;
    let ends: Vec<Option<NaiveDate>> = spanned.rows.iter().flatten().map(Cell::day).collect();
    let [Some(first), Some(last)] = ends.as_slice() else {
        let when = as_of.map(|day| format!(" up to {day}")).unwrap_or_default();
        return Err(Error::invalid(format!("cube {cube} has no facts{when}, so there is nothing to report")));
    };
    let span = Span { first: *first, last: *last };
    let week = span.last_complete()?;
    let bounds = format!("{time} >= DATE '{}' AND {time} < DATE '{}'", week.first(), week.end());
    let day = quoted(&format!("{}__day", report.lead.time));
    let sql = format!("SELECT {day}, MAX({time}) AS last FROM {cube} WHERE {bounds} GROUP BY 1 ORDER BY 1");
    let days = ask(session, &sql).await?;
    let with_facts: Vec<NaiveDate> = days.rows.iter().filter_map(|row| row.first()?.day()).collect();
    let last_fact = days.rows.iter().filter_map(|row| row.get(1)?.time()).max();
    let gaps: Vec<NaiveDate> = week.days().filter(|day| !with_facts.contains(day)).collect();
    let Some(last_fact) = last_fact else {
        return Err(Error::invalid(format!(
            "the week from {} to {} has no facts at all, so there is nothing to report",
            week.first(),
            week.last()
        )));
    };
    let mut answered = vec![spanned, days];
    let mut counted = None;
    if let Some((measure, _)) = &report.counts {
        let sql = format!("SELECT {} FROM {cube} WHERE {bounds}", quoted(&measure.name));
        let count = ask(session, &sql).await?;
        counted = count.rows.first().and_then(|row| row.first()?.figure());
        answered.push(count);
    }
    Ok(Frame {
        cube: report.lead.cube.clone(),
        week,
        as_of: as_of.unwrap_or(*last),
        span,
        last_fact,
        gaps,
        counted,
        answered,
    })
}

#[cfg(test)]
impl Frame {
    /// The week of a day, of facts that begin on another and fill it.
    pub(crate) fn of_tests(day: &str, first: &str) -> Self {
        let week = Week::of(day.parse().unwrap());
        Self {
            cube: "sales".into(),
            week,
            as_of: week.last(),
            span: Span { first: first.parse().unwrap(), last: week.last() },
            last_fact: week.last().and_hms_opt(23, 28, 0).unwrap(),
            gaps: Vec::new(),
            counted: None,
            answered: Vec::new(),
        }
    }
}
