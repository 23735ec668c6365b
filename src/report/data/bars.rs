//! A measure by the members of a dimension that matter, beside their last four weeks.

use crate::error::Result;
use crate::mart::Session;

use super::super::ask::Answered;
use super::super::figure::Figure;
use super::super::resolve::{Bars as Asked, Measured};
use super::contributions::Member;
use super::frame::{FOUR, Frame};
use super::members::Members;
use super::series::{Compared, Points, Series};

/// Members and their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What was asked: the members, and all of them together.
    pub answered: Vec<Answered>,
    /// The members, the largest value first.
    pub members: Vec<Member>,
    /// All together.
    pub total: Compared,
}

impl Bars {
    pub(super) async fn ask(session: &Session, asked: &Asked, frame: &Frame) -> Result<Self> {
        let measure = &asked.item.measure;
        let measures: Vec<&Measured> =
            std::iter::once(measure).chain(asked.least.as_ref().map(|least| &least.measure)).collect();
        let (source, filter) = (&asked.source, asked.filter.as_ref());
        let members = Members::ask(session, source, &asked.by, &measures, filter, frame).await?;
        let bounds = (frame.week.before(FOUR).first(), frame.week.end());
        let all = Series::ask(session, source, &measures, filter, Points::Weeks, bounds).await?;
        let found = Self::of(&members, &all, asked, frame);
        let answered = std::iter::once(members.answered).chain(all.answered).collect();
        Ok(Self { answered, ..found })
    }

    /// The members that are large enough to be shown.
    fn of(members: &Members, all: &Series, asked: &Asked, frame: &Frame) -> Self {
        let measure = &asked.item.measure;
        // What a member comes to of all, by the measure that says which matter.
        let size = |series: &Series| {
            let of = &asked.least.as_ref()?.measure;
            Some((series.of_week(of, frame.week)?, all.of_week(of, frame.week)?))
        };
        let is_shown = |series: &Series| {
            asked.least.as_ref().is_none_or(|least| {
                let percent = Figure::whole(least.percent.into());
                size(series)
                    .is_some_and(|(own, all)| own.times(Figure::whole(100)).compared(all.times(percent)).is_ge())
            })
        };
        let mut found: Vec<(Option<Figure>, Figure, Member)> = members
            .weekly
            .iter()
            .filter(|(_, series)| series.has(frame.week.first()) && is_shown(series))
            .filter_map(|(key, series)| {
                let member = Member { key: key.clone()?, compared: series.compared(measure, frame) };
                Some((size(series).map(|(own, _)| own), member.compared.this?, member))
            })
            .collect();
        // Of too many those stay that come to most; keys are in order, and sorts keep that of equal ones.
        let sizes = |entry: &(Option<Figure>, Figure, Member)| entry.0.unwrap_or(entry.1);
        found.sort_by(|a, b| sizes(b).compared(sizes(a)));
        found.truncate(asked.top);
        found.sort_by(|a, b| b.1.compared(a.1).then_with(|| a.2.key.cmp(&b.2.key)));
        let total = all.compared(measure, frame);
        Self { answered: Vec::new(), members: found.into_iter().map(|(.., member)| member).collect(), total }
    }

    /// The member that moved most from its last four weeks, up or down; of equal ones the first shown.
    pub fn most(&self, measure: &Measured, up: bool) -> Option<(&Member, f64)> {
        let moved = self.members.iter().filter_map(|member| {
            let change = member.compared.change_from_average(measure)?;
            ((change > 0.0) == up && change != 0.0).then_some((member, change))
        });
        moved.reduce(|best, next| if next.1.abs() > best.1.abs() { next } else { best })
    }
}
