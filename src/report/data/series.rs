//! Measures over time, and what is computed of them: this week, the week before, the average of four.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::mart::{Figures, Session};
use crate::model::{Arithmetic, Operator, Parts};

use super::super::ask::{Answered, Cell, ask, quoted};
use super::super::figure::Figure;
use super::super::period::Week;
use super::super::resolve::{Chart, Filter, Measured, NumberKind, Source, Values};
use super::frame::Frame;

/// Measures by days or weeks. Where there are no facts, there is no row.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The questions and the answers as they came.
    pub answered: Vec<Answered>,
    names: Vec<String>,
    rows: BTreeMap<NaiveDate, Vec<Option<Figure>>>,
}

/// The points of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Points {
    Days,
    Weeks,
}

/// A measure of this week beside earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// This week.
    pub this: Option<Figure>,
    /// The week before.
    pub previous: Option<Figure>,
    /// The average of the four weeks before: of sums and counts their mean, of a quotient the same quotient of means.
    pub average: Option<Figure>,
}

impl Compared {
    /// Its change from the week before.
    pub fn change(&self, measured: &Measured) -> Option<f64> {
        change(measured, self.this, self.previous)
    }

    /// Its distance from the average of four.
    pub fn change_from_average(&self, measured: &Measured) -> Option<f64> {
        change(measured, self.this, self.average)
    }
}

/// A change: of a share in hundredths of it, of anything else as a share of what it was.
pub fn change(measured: &Measured, this: Option<Figure>, before: Option<Figure>) -> Option<f64> {
    let (this, before) = (this?, before?);
    match measured.kind {
        NumberKind::Rate => Some(this.minus(before).double() * 100.0),
        _ => this.change_from(before),
    }
}

impl Series {
    /// Asks for measures, and for the parts that their averages need, from one day to another.
    pub(super) async fn ask(
        session: &Session,
        source: &Source,
        measures: &[&Measured],
        filter: Option<&Filter>,
        points: Points,
        bounds: (NaiveDate, NaiveDate),
    ) -> Result<Self> {
        let names = names_of(measures);
        let grain = match points {
            Points::Days => "day",
            Points::Weeks => "week",
        };
        let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT {}, {} {} GROUP BY 1 ORDER BY 1",
            quoted(&format!("{}__{grain}", source.time)),
            columns.join(", "),
            facts(source, bounds, filter)
        );
        let answered = ask(session, &sql).await?;
        let rows = answered.rows.iter().filter_map(|row| {
            let (first, values) = row.split_first()?;
            Some((first.day()?, values.iter().map(|cell| cell.figure()).collect()))
        });
        Ok(Self { rows: rows.collect(), names, answered: vec![answered] })
    }

    /// The values of a chart from days to others.
    pub(super) async fn of_chart(
        session: &Session,
        chart: &Chart,
        points: Points,
        runs: &[(NaiveDate, NaiveDate)],
        frame: &Frame,
    ) -> Result<Self> {
        let measure = &chart.item.measure;
        let mut series = Self::of_rows(vec![measure.name.clone()], BTreeMap::new());
        for bounds in runs {
            match &chart.values {
                Values::Query(source, filter) => {
                    let asked = Self::ask(session, source, &[measure], filter.as_ref(), points, *bounds).await?;
                    series.answered.extend(asked.answered);
                    series.names = asked.names;
                    series.rows.extend(asked.rows);
                }
                Values::Sql(sql) => {
                    let mut answered = ask_sql(session, sql, *bounds, None, frame).await?;
                    // Without an ORDER BY of its own it comes in any order, and the same pack has the same bytes.
                    answered.rows.sort_by_cached_key(|row| row.iter().map(Cell::written).collect::<Vec<_>>());
                    series.rows.extend(points_of(&answered)?);
                    series.answered.push(answered);
                }
            }
        }
        Ok(series)
    }

    /// A series of such rows, whoever asked for them.
    pub(super) fn of_rows(names: Vec<String>, rows: BTreeMap<NaiveDate, Vec<Option<Figure>>>) -> Self {
        Self { answered: Vec::new(), names, rows }
    }

    /// The value of a measure on a day or in the week of a Monday.
    pub fn at(&self, measured: &Measured, day: NaiveDate) -> Option<Figure> {
        self.named(&measured.name, day)
    }

    /// Whether there are facts on a day or in the week of a Monday.
    pub fn has(&self, day: NaiveDate) -> bool {
        self.rows.contains_key(&day)
    }

    fn named(&self, name: &str, day: NaiveDate) -> Option<Figure> {
        let at = self.names.iter().position(|own| own == name)?;
        *self.rows.get(&day)?.get(at)?
    }

    /// A measure of the frame's week beside earlier ones, of a series by weeks.
    pub(super) fn compared(&self, measured: &Measured, frame: &Frame) -> Compared {
        Compared {
            this: self.of_week(measured, frame.week),
            previous: frame.previous().and_then(|week| self.of_week(measured, week)),
            average: frame.four().and_then(|weeks| self.average(measured, &weeks)),
        }
    }

    /// The parts of a quotient beside earlier weeks; none of what is its own only part.
    pub(super) fn parts_compared(&self, measured: &Measured, frame: &Frame) -> Vec<(String, Compared)> {
        let names = measured.parts.as_ref().map(|parts| parts.names.as_slice()).unwrap_or_default();
        let part = |name: &String| {
            let parts = Some(Parts { names: vec![name.clone()], arithmetic: Arithmetic::Part(0) });
            let part = Measured { name: name.clone(), parts, ..measured.clone() };
            (name.clone(), self.compared(&part, frame))
        };
        names.iter().filter(|name| **name != measured.name).map(part).collect()
    }

    /// A measure in a complete week: sums and counts are nothing there, where there are no facts.
    pub(super) fn of_week(&self, measured: &Measured, week: Week) -> Option<Figure> {
        match self.has(week.first()) {
            true => self.at(measured, week.first()),
            false => of_nothing(measured),
        }
    }

    /// The average of a measure over complete weeks, those without facts among them.
    fn average(&self, measured: &Measured, weeks: &[Week]) -> Option<Figure> {
        self.pooled(measured, &weeks.iter().map(|week| week.first()).collect::<Vec<_>>())
    }

    /// The average of a measure over those of some days that have facts.
    pub(super) fn average_of_days(&self, measured: &Measured, days: &[NaiveDate]) -> Option<Figure> {
        let days: Vec<NaiveDate> = days.iter().copied().filter(|day| self.has(*day)).collect();
        self.pooled(measured, &days)
    }

    /// The averages of a measure's parts, put together as the measure is.
    fn pooled(&self, measured: &Measured, points: &[NaiveDate]) -> Option<Figure> {
        let of_parts = measured.parts.as_ref()?;
        let part = |name: &String| {
            // A sum of no facts, or of no values that count, adds nothing.
            let values: Vec<Figure> = points.iter().map(|day| self.named(name, *day).unwrap_or(Figure::ZERO)).collect();
            Figure::mean(&values)
        };
        let parts: Vec<Option<Figure>> = of_parts.names.iter().map(part).collect();
        evaluate(&of_parts.arithmetic, &parts)
    }
}

/// The measures and the parts that their averages need, each once.
pub(super) fn names_of(measures: &[&Measured]) -> Vec<String> {
    let parts = measures.iter().filter_map(|measure| measure.parts.as_ref()).flat_map(|parts| &parts.names);
    let mut seen = BTreeSet::new();
    let all = measures.iter().map(|measure| &measure.name).chain(parts);
    all.filter(|name| seen.insert(*name)).cloned().collect()
}

/// What a measure is where there are no facts: sums and counts are nothing, and a quotient has no value.
pub(super) fn of_nothing(measured: &Measured) -> Option<Figure> {
    let parts = measured.parts.as_ref()?;
    evaluate(&parts.arithmetic, &vec![Some(Figure::ZERO); parts.names.len()])
}

#[cfg(test)]
impl Series {
    /// A series of nothing.
    pub(crate) fn none() -> Self {
        Self::of_rows(Vec::new(), BTreeMap::new())
    }
}

/// The facts of a cube from a day to before another, and which of them count, as SQL has it behind what is selected.
pub(super) fn facts(source: &Source, (from, end): (NaiveDate, NaiveDate), filter: Option<&Filter>) -> String {
    let time = quoted(&source.time);
    let counted = filter.map(|filter| format!(" AND ({})", filter.sql)).unwrap_or_default();
    format!("FROM {} WHERE {time} >= DATE '{from}' AND {time} < DATE '{end}'{counted}", quoted(&source.cube))
}

/// Asks a SELECT of a report, which may name the days from which, before which and up to which it is about, of facts up
/// to the week's last day; for `rows` at most, if they are shown in its order.
pub(super) async fn ask_sql(
    session: &Session,
    sql: &str,
    (from, end): (NaiveDate, NaiveDate),
    rows: Option<usize>,
    frame: &Frame,
) -> Result<Answered> {
    let previous = frame.previous().map(Week::first);
    let dates = [("$start", Some(from)), ("$end", Some(end)), ("$as_of", Some(frame.as_of)), ("$previous", previous)];
    let written = |day: Option<NaiveDate>| day.map_or("CAST(NULL AS DATE)".to_owned(), |day| format!("DATE '{day}'"));
    let values = dates.map(|(name, day)| (name, written(day)));
    let figures = Figures { values: &values, before: frame.week.end(), rows };
    ask(session, &session.figures_only(sql, &figures).await?).await
}

/// The days and numbers of a SELECT's answer.
fn points_of(answered: &Answered) -> Result<Vec<(NaiveDate, Vec<Option<Figure>>)>> {
    let refused = |why: &str| Error::invalid(format!("the sql of a chart gives a day and a number, and {why}"));
    if answered.columns.len() != 2 {
        return Err(refused(&format!("this gives {} columns", answered.columns.len())));
    }
    let mut points: Vec<(NaiveDate, Vec<Option<Figure>>)> = Vec::new();
    for row in &answered.rows {
        let [day, value] = row.as_slice() else { return Err(refused("a row has not both")) };
        let day = day.day().ok_or_else(|| refused(&format!("'{}' is no day", day.written())))?;
        if !matches!(value, Cell::Null | Cell::Figure(_)) {
            return Err(refused(&format!("'{}' is no number", value.written())));
        }
        if points.iter().any(|(own, _)| *own == day) {
            return Err(refused(&format!("{day} comes twice")));
        }
        points.push((day, vec![value.figure()]));
    }
    Ok(points)
}

/// The value of arithmetic over parts; none where a part has none, and by nothing.
pub fn evaluate(arithmetic: &Arithmetic, parts: &[Option<Figure>]) -> Option<Figure> {
    match arithmetic {
        Arithmetic::Part(at) => *parts.get(*at)?,
        Arithmetic::Number(text) => match text.parse::<i128>() {
            Ok(units) => Some(Figure::whole(units)),
            Err(_) => text.parse().ok().and_then(Figure::of_double),
        },
        Arithmetic::Negative(of) => Some(Figure::ZERO.minus(evaluate(of, parts)?)),
        Arithmetic::Both(left, operator, right) => {
            let (left, right) = (evaluate(left, parts)?, evaluate(right, parts)?);
            match operator {
                Operator::Plus => Some(left.plus(right)),
                Operator::Minus => Some(left.minus(right)),
                Operator::Times => Some(left.times(right)),
                Operator::Over => left.over(right),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_is_recomputed_from_its_parts() {
        let part = |at| Box::new(Arithmetic::Part(at));
        let rate =
            Arithmetic::Both(part(0), Operator::Over, Box::new(Arithmetic::Both(part(1), Operator::Plus, part(0))));
        let parts = [Some(Figure::whole(1)), Some(Figure::whole(3))];
        assert_eq!(evaluate(&rate, &parts), Some(Figure::Double(0.25)));
        assert_eq!(evaluate(&rate, &[Some(Figure::ZERO), Some(Figure::ZERO)]), None);
        assert_eq!(evaluate(&rate, &[None, Some(Figure::ZERO)]), None);
        let scaled = Arithmetic::Both(Box::new(Arithmetic::Number("1.5".into())), Operator::Times, part(1));
        assert_eq!(evaluate(&scaled, &parts), Some(Figure::Double(4.5)));
    }
}
