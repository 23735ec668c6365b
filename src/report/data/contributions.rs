//! What each member of a dimension contributed to the change of a measure that adds up.

use crate::error::Result;
use crate::mart::Session;

use super::super::ask::Answered;
use super::super::figure::Figure;
use super::super::resolve::{Contributions as Asked, Measured};
use super::frame::{FOUR, Frame};
use super::members::Members;
use super::series::{Compared, Points, Series};

/// A change by members: those that gained most, those that lost most, and what the others did together.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// What was asked: the members, and all of them together.
    pub answered: Vec<Answered>,
    /// The members with the largest gains, the largest first; the largest members, where there is no week before.
    pub gains: Vec<Member>,
    /// The members with the largest losses, the largest last.
    pub losses: Vec<Member>,
    /// What the others come to, facts of no known member among them; none where there are none.
    pub others: Option<Others>,
    /// All together.
    pub total: Compared,
}

/// A member beside earlier weeks.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its value in the data.
    pub key: String,
    /// This week and what it is compared with.
    pub compared: Compared,
}

/// Members that are not shown one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Others {
    /// How many known ones have facts in this week or the one before.
    pub count: usize,
    /// What they come to.
    pub compared: Compared,
}

impl Member {
    /// How far it moved.
    pub fn change(&self) -> Option<Figure> {
        difference(&self.compared)
    }
}

impl Contributions {
    pub(super) async fn ask(session: &Session, asked: &Asked, frame: &Frame) -> Result<Self> {
        let measure = &asked.item.measure;
        let (source, filter) = (&asked.source, asked.filter.as_ref());
        let members = Members::ask(session, source, &asked.by, &[measure], filter, frame).await?;
        let bounds = (frame.week.before(FOUR).first(), frame.week.end());
        let all = Series::ask(session, source, &[measure], filter, Points::Weeks, bounds).await?;
        let total = all.compared(measure, frame);
        let mut answered = vec![members.answered.clone()];
        answered.extend(all.answered);
        Ok(Self { answered, ..Self::of(&members, measure, total, (asked.top, asked.bottom), frame) })
    }

    /// The members that did most, `top` of those that gained and `bottom` of those that lost.
    pub(super) fn of(
        members: &Members,
        measure: &Measured,
        total: Compared,
        (top, bottom): (usize, usize),
        frame: &Frame,
    ) -> Self {
        let has_facts = |series: &Series| {
            series.has(frame.week.first()) || frame.previous().is_some_and(|week| series.has(week.first()))
        };
        let known: Vec<Member> = members
            .weekly
            .iter()
            .filter(|(_, series)| has_facts(series))
            .filter_map(|(key, series)| Some(Member { key: key.clone()?, compared: series.compared(measure, frame) }))
            .collect();
        let unknown = members.weekly.get(&None).is_some_and(has_facts);
        let (gains, losses) = match frame.previous() {
            Some(_) => (largest(&known, top, Member::change), smallest(&known, bottom)),
            None => (largest(&known, top + bottom, |member| member.compared.this), Vec::new()),
        };
        let shown = || gains.iter().chain(&losses);
        let count = known.len() - shown().count();
        let rest = |of: fn(&Compared) -> Option<Figure>| {
            Some(shown().filter_map(|member| of(&member.compared)).fold(of(&total)?, Figure::minus))
        };
        let compared = Compared {
            this: rest(|compared| compared.this),
            previous: rest(|compared| compared.previous),
            average: rest(|compared| compared.average),
        };
        let others = (count > 0 || unknown).then_some(Others { count, compared });
        Self { answered: Vec::new(), gains, losses, others, total }
    }

    /// The members that are shown, from the largest gain to the largest loss.
    pub fn shown(&self) -> impl Iterator<Item = &Member> {
        self.gains.iter().chain(&self.losses)
    }

    /// The member that moved most the way that all did, and how far; without a week before, or where all stood still, the
    /// one that gained most, and else the one that lost most.
    pub fn lead(&self) -> Option<(&Member, Figure)> {
        let fell = self.change().is_some_and(Figure::is_negative);
        let (gain, loss) = (self.gains.first(), self.losses.last());
        let lead = if fell { loss.or(gain) } else { gain.or(loss) }?;
        Some((lead, lead.change()?))
    }

    /// What part of the change of all that member has; none where it moved the other way, or farther than all.
    pub fn lead_share(&self) -> Option<Figure> {
        let ((_, own), all) = (self.lead()?, self.change()?);
        let is_part = own.is_negative() == all.is_negative() && own.distance().compared(all.distance()).is_le();
        if is_part { own.over(all) } else { None }
    }

    /// How far all moved together.
    pub fn change(&self) -> Option<Figure> {
        difference(&self.total)
    }
}

/// How far what is compared moved from the week before.
pub fn difference(compared: &Compared) -> Option<Figure> {
    Some(compared.this?.minus(compared.previous?))
}

/// So many members of which a number is largest and more than nothing, the largest first; of equal ones the smaller key.
fn largest(known: &[Member], count: usize, of: impl Fn(&Member) -> Option<Figure>) -> Vec<Member> {
    let is_more = |figure: Figure| !figure.is_negative() && !figure.is_zero();
    let mut found: Vec<(Figure, &Member)> =
        known.iter().filter_map(|member| Some((of(member).filter(|figure| is_more(*figure))?, member))).collect();
    // Keys are in order, and the sort keeps that of equal ones.
    found.sort_by(|(a, _), (b, _)| b.compared(*a));
    found.into_iter().take(count).map(|(_, member)| member.clone()).collect()
}

/// So many members that lost most, the one that lost most last; of equal ones those with the smaller keys.
fn smallest(known: &[Member], count: usize) -> Vec<Member> {
    let lost = |member: &Member| Some(Figure::ZERO.minus(member.change()?));
    let mut found = largest(known, count, lost);
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDate;

    use super::*;
    use crate::model::{Arithmetic, Parts};
    use crate::report::ask::Answered;
    use crate::report::resolve::NumberKind;

    fn revenue() -> Measured {
        Measured {
            name: "revenue".into(),
            parts: Some(Parts { names: vec!["revenue".into()], arithmetic: Arithmetic::Part(0) }),
            kind: NumberKind::Amount,
            currency: None,
            better: None,
            is_additive: true,
        }
    }

    fn frame(first: &str) -> Frame {
        Frame::of_tests("2017-11-20", first)
    }

    /// A member, and what it came to in the week before and in this one; nothing where there is no row.
    type Row<'a> = (Option<&'a str>, Option<i128>, Option<i128>);

    fn of(rows: &[Row<'_>], frame: &Frame) -> Contributions {
        let weeks = [frame.week.before(1).first(), frame.week.first()];
        let series = |values: [Option<i128>; 2]| {
            let rows = weeks
                .into_iter()
                .zip(values)
                .filter_map(|(week, value)| Some((week, vec![Some(Figure::whole(value?))])));
            Series::of_rows(vec!["revenue".into()], rows.collect::<BTreeMap<NaiveDate, _>>())
        };
        let weekly = rows.iter().map(|(key, before, this)| (key.map(str::to_owned), series([*before, *this])));
        let answered = Answered { sql: String::new(), columns: Vec::new(), rows: Vec::new() };
        let members = Members { answered, weekly: weekly.collect() };
        let sum = |at: fn(&Row<'_>) -> Option<i128>| Some(Figure::whole(rows.iter().filter_map(at).sum()));
        let previous = frame.previous().and(sum(|row| row.1));
        let total = Compared { this: sum(|row| row.2), previous, average: None };
        Contributions::of(&members, &revenue(), total, (2, 2), frame)
    }

    fn keys(members: &[Member]) -> Vec<&str> {
        members.iter().map(|member| member.key.as_str()).collect()
    }

    #[test]
    fn what_appears_and_what_vanishes_moved_by_all_of_it() {
        let found = of(&[(Some("new"), None, Some(50)), (Some("gone"), Some(70), None)], &frame("2017-01-01"));
        assert_eq!((keys(&found.gains), keys(&found.losses)), (vec!["new"], vec!["gone"]));
        assert_eq!(found.gains[0].compared.change(&revenue()), None, "there is nothing that it grew from");
        assert_eq!(found.losses[0].change(), Some(Figure::whole(-70)));
        assert!(found.others.is_none());
        assert_eq!(found.lead().map(|(member, by)| (member.key.as_str(), by)), Some(("gone", Figure::whole(-70))));
        assert_eq!(found.lead_share(), None, "it lost more than all did");
    }

    #[test]
    fn others_are_what_is_left_and_unknown_ones_are_among_them() {
        let rows = [
            (Some("a"), Some(10), Some(40)),
            (Some("b"), Some(10), Some(20)),
            (Some("c"), Some(10), Some(15)),
            (Some("d"), Some(10), Some(10)),
            (Some("old"), None, None),
            (None, Some(5), Some(7)),
        ];
        let found = of(&rows, &frame("2017-01-01"));
        assert_eq!((keys(&found.gains), keys(&found.losses)), (vec!["a", "b"], vec![]));
        let others = found.others.unwrap();
        assert_eq!(
            others.count, 2,
            "c and d: the old one has no facts in either week, and unknown ones are not counted"
        );
        assert_eq!(
            (others.compared.this, others.compared.previous),
            (Some(Figure::whole(32)), Some(Figure::whole(25)))
        );
    }

    #[test]
    fn equal_ones_come_by_their_names_and_what_stood_still_is_not_shown() {
        let rows = ["c", "b", "a"].map(|key| (Some(key), Some(1), Some(2)));
        assert_eq!(keys(&of(&rows, &frame("2017-01-01")).gains), ["a", "b"]);
        let rows = ["c", "b", "a"].map(|key| (Some(key), Some(2), Some(1)));
        assert_eq!(
            keys(&of(&rows, &frame("2017-01-01")).losses),
            ["b", "a"],
            "the first of equal ones is the last row"
        );
        let still = of(&[(Some("a"), Some(1), Some(1)), (None, Some(1), Some(1))], &frame("2017-01-01"));
        assert!(still.gains.is_empty() && still.losses.is_empty() && still.lead().is_none());
        assert_eq!(still.others.unwrap().count, 1);
    }

    #[test]
    fn without_a_week_before_the_largest_are_shown() {
        let rows: Vec<_> =
            ["a", "b", "c", "d", "e"].iter().zip(1..).map(|(key, this)| (Some(*key), None, Some(this))).collect();
        let found = of(&rows, &frame("2017-11-15"));
        assert_eq!((keys(&found.gains), keys(&found.losses)), (vec!["e", "d", "c", "b"], vec![]));
        assert_eq!(
            found.others.unwrap().compared,
            Compared { this: Some(Figure::whole(1)), previous: None, average: None }
        );
        assert_eq!((found.total.previous, of(&[], &frame("2017-11-15")).gains.len()), (None, 0));
    }
}
