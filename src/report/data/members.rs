//! Measures by the members of a dimension, week by week.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::error::Result;
use crate::mart::Session;

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::resolve::{Dimension, Filter, Measured, Source};
use super::frame::{FOUR, Frame};
use super::series::{Series, facts, names_of};

/// The members of a dimension that have facts in this week or the four before.
#[derive(Debug, Clone)]
pub(super) struct Members {
    /// What was asked.
    pub(super) answered: Answered,
    /// Each member with its weeks, by its value; none stands for facts of no known member.
    pub(super) weekly: BTreeMap<Option<String>, Series>,
}

impl Members {
    pub(super) async fn ask(
        session: &Session,
        source: &Source,
        by: &Dimension,
        measures: &[&Measured],
        filter: Option<&Filter>,
        frame: &Frame,
    ) -> Result<Self> {
        let names = names_of(measures);
        let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT {}, {}, {} {} GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2",
            quoted(&by.name),
            quoted(&format!("{}__week", source.time)),
            columns.join(", "),
            facts(source, (frame.week.before(FOUR).first(), frame.week.end()), filter)
        );
        let answered = ask(session, &sql).await?;
        let mut rows: BTreeMap<Option<String>, BTreeMap<NaiveDate, Vec<Option<Figure>>>> = BTreeMap::new();
        for row in &answered.rows {
            let [member, week, values @ ..] = row.as_slice() else { continue };
            let Some(week) = week.day() else { continue };
            let values = values.iter().map(Cell::figure).collect();
            rows.entry(member.member()).or_default().insert(week, values);
        }
        let weekly = rows.into_iter().map(|(member, rows)| (member, Series::of_rows(names.clone(), rows)));
        Ok(Self { weekly: weekly.collect(), answered })
    }
}
