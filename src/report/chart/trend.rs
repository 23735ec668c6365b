//! A line over weeks on an axis of its own range, and the average of the last ones before this as a dashed mark.

use super::axis::Axis;
use super::ink::{EARLIER, INK, PAPER, RULE, SECOND, THIRD};
use super::label::Room;
use super::sheet::{LABEL, Pen, Point, Sheet, Side, drawing};
use super::{Drawing, Mark, Size};
use crate::error::Result;
use crate::report::face::Ruler;

/// A line over weeks.
#[derive(Debug, Clone)]
pub struct Trend<'a> {
    /// The values, the last one this week's; none where there are no facts.
    pub values: &'a [Option<f64>],
    /// The ticks of the axis, each with its text; the line lies between the first and the last.
    pub ticks: &'a [(f64, String)],
    /// The months, each with the week where it begins.
    pub months: &'a [(usize, String)],
    /// The labels of points.
    pub marks: &'a [Mark],
    /// What stands beside the last point.
    pub end: &'a str,
    /// An average: where it begins, its value, and what stands at its end.
    pub average: Option<(usize, f64, String)>,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// What stays free around the plot.
const LEFT: f64 = 30.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 14.0;
/// How far the first point is from the left of the grid, and labels from the last.
const INSET: f64 = 3.0;
const BESIDE: f64 = 6.0;
/// How far the baseline of months is below the plot.
const MONTHS_BELOW: f64 = 9.6;
const STROKE: f64 = 1.4;

const TICK: Pen = Pen::new(7.0, THIRD, Side::Right);
const MONTH: Pen = Pen::new(7.0, THIRD, Side::Left);
const MARK: Pen = Pen { ink: SECOND, ..LABEL };
const END: Pen = Pen::new(9.0, INK, Side::Left).bold();
const AVERAGE: Pen = Pen::new(7.5, SECOND, Side::Left);

struct Plot<'a> {
    trend: &'a Trend<'a>,
    size: Size,
    left: f64,
    right: f64,
    across: Axis,
    up: Axis,
}

impl Trend<'_> {
    /// Draws it.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let plot = self.plot(sheet, size);
            plot.grid(sheet)?;
            plot.months(sheet)?;
            plot.average(sheet)?;
            plot.line(sheet)?;
            let mut taken = plot.ends(sheet)?;
            plot.marks(sheet, &mut taken)
        })
    }

    fn plot(&self, sheet: &Sheet<'_>, size: Size) -> Plot<'_> {
        let ticks = self.ticks.iter().map(|(_, text)| sheet.width(text, TICK)).fold(0.0, f64::max);
        let average = self.average.as_ref().map_or(0.0, |(.., text)| sheet.width(text, AVERAGE));
        let ends = sheet.width(self.end, END).max(average);
        let (left, right) = (LEFT.max(ticks + 6.0), size.0 - ends - BESIDE);
        let ends = (self.ticks.first().map_or(0.0, |tick| tick.0), self.ticks.last().map_or(1.0, |tick| tick.0));
        let last = self.values.len().saturating_sub(1).max(1) as f64;
        Plot {
            trend: self,
            size,
            left,
            right,
            across: Axis::new((0.0, last), (left + INSET, right)),
            up: Axis::new(ends, (size.1 - BOTTOM, TOP)),
        }
    }
}

impl Plot<'_> {
    /// Where a week stands. One alone is the last.
    fn x(&self, at: usize) -> f64 {
        if self.trend.values.len() < 2 { self.right } else { self.across.at(at as f64) }
    }

    fn points(&self) -> Vec<Option<Point>> {
        let all = self.trend.values.iter().enumerate();
        all.map(|(at, value)| value.map(|value| (self.x(at), self.up.at(value)))).collect()
    }

    fn grid(&self, sheet: &Sheet<'_>) -> Result<()> {
        for (value, text) in self.trend.ticks {
            let y = self.up.at(*value);
            sheet.line(&[(self.left, y), (self.right, y)], 0.4, RULE)?;
            sheet.text(text, (self.left - 5.0, y + TICK.size * 0.36), TICK)?;
        }
        Ok(())
    }

    fn months(&self, sheet: &Sheet<'_>) -> Result<()> {
        let base = self.size.1 - BOTTOM;
        let mut end = f64::NEG_INFINITY;
        for (at, text) in self.trend.months {
            let left = self.x(*at);
            let right = left + 2.0 + sheet.width(text, MONTH);
            if left < end + 5.0 || right > self.size.0 {
                continue;
            }
            sheet.line(&[(left, base), (left, base + 3.0)], 0.5, SECOND)?;
            sheet.text(text, (left + 2.0, base + MONTHS_BELOW), MONTH)?;
            end = right;
        }
        Ok(())
    }

    fn average(&self, sheet: &Sheet<'_>) -> Result<()> {
        let Some((first, value, _)) = &self.trend.average else { return Ok(()) };
        sheet.dashed((self.x(*first), self.up.at(*value)), self.right, 0.7, EARLIER)
    }

    fn line(&self, sheet: &Sheet<'_>) -> Result<()> {
        let points = self.points();
        for run in points.split(Option::is_none).filter(|run| run.len() > 1) {
            sheet.line(&run.iter().flatten().copied().collect::<Vec<_>>(), STROKE, INK)?;
        }
        match points.last() {
            Some(Some(last)) => sheet.dot(*last, 1.9, INK, PAPER),
            _ => Ok(()),
        }
    }

    /// What stands at the ends of the line and of the average, one over the other where they are close.
    fn ends(&self, sheet: &Sheet<'_>) -> Result<Vec<Room>> {
        let of_line = self.points().last().copied().flatten().map(|(_, y)| y);
        let of_average = self.trend.average.as_ref().map(|(_, value, text)| (self.up.at(*value), text.as_str()));
        let mut ends = [of_line, of_average.map(|(y, _)| y)];
        if let [Some(line), Some(average)] = ends {
            let apart = END.size + 1.5;
            let push = ((apart - (line - average).abs()) / 2.0).max(0.0);
            let sign = if line < average { -1.0 } else { 1.0 };
            // Neither leaves the sheet.
            let within = |y: f64| y.clamp(END.size / 2.0 + 1.0, self.size.1 - END.size / 2.0 - 1.0);
            ends = [Some(within(line + sign * push)), Some(within(average - sign * push))];
        }
        let mut taken = Vec::new();
        let texts = [(self.trend.end, END), (of_average.map_or("", |(_, text)| text), AVERAGE)];
        for (y, (text, pen)) in ends.into_iter().zip(texts) {
            let Some(y) = y else { continue };
            let place = (self.right + BESIDE, y + pen.size * 0.36);
            sheet.text(text, place, pen)?;
            taken.push(Room::of(sheet, text, place, pen));
        }
        Ok(taken)
    }

    /// The labels of points, each where it has room: above or below its own, or aside.
    fn marks(&self, sheet: &Sheet<'_>, taken: &mut Vec<Room>) -> Result<()> {
        for mark in self.trend.marks {
            let Some(Some(value)) = self.trend.values.get(mark.at) else { continue };
            let y = self.up.at(*value);
            let half = sheet.width(&mark.text, MARK) / 2.0;
            let within = |x: f64| x.max(self.left + half + 2.0).min(self.right - half - BESIDE);
            let height = if mark.is_above { y - 4.0 } else { y + 9.5 };
            let fits = |place: &Point| {
                let room = Room::of(sheet, &mark.text, *place, MARK);
                let is_free = !taken.iter().any(|other| room.meets(other));
                is_free && room.is_within((self.size.0, self.size.1 - BOTTOM + 2.0))
            };
            let place =
                [0.0, -half, half].into_iter().map(|aside| (within(self.x(mark.at) + aside), height)).find(fits);
            if let Some(place) = place {
                sheet.text(&mark.text, place, MARK)?;
                taken.push(Room::of(sheet, &mark.text, place, MARK));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::chart::ticks_around;
    use crate::report::face::of_tests;

    fn draw(values: &[Option<f64>], average: Option<f64>) -> Result<Drawing> {
        let faces = of_tests();
        let ruler = faces.ruler()?;
        let known = values.iter().flatten().copied().chain(average);
        let ticks: Vec<(f64, String)> =
            ticks_around(known).into_iter().map(|tick| (tick, format!("{tick:.0}"))).collect();
        let marks =
            [(0, true), (values.len() / 2, false)].map(|(at, is_above)| Mark { at, text: "22.2%".into(), is_above });
        let average = average.map(|value| (values.len().saturating_sub(5), value, "前四週 20.8%".to_owned()));
        let months = [(0, "6月".to_owned()), (1, "7月".to_owned()), (5, "8月".to_owned())];
        Trend { values, ticks: &ticks, months: &months, marks: &marks, end: "21.9%", average, alt: "weeks" }
            .draw(&ruler, (307.0, 94.0))
    }

    #[test]
    fn gaps_break_the_line_and_one_week_is_a_dot() {
        let lines = |values: &[Option<f64>]| draw(values, None).unwrap().svg.matches("<circle").count();
        assert_eq!(lines(&[Some(1.0), None, Some(2.0), Some(3.0)]), 2, "the dot and its rim");
        assert_eq!(lines(&[Some(5.0)]), 2);
        assert_eq!(lines(&[Some(5.0), None]), 0);
        assert_eq!(lines(&[]), 0);
    }

    #[test]
    fn equal_ends_stand_apart() {
        let drawn = draw(&[Some(20.0); 26], Some(20.0)).unwrap();
        assert!(drawn.svg.contains("21.9%") && drawn.svg.contains("前四週 20.8%"), "{}", drawn.svg);
    }

    proptest! {
        #[test]
        fn no_weeks_are_refused(
            values in prop::collection::vec(prop::option::of(0.0_f64..100.0), 1..27),
            average in prop::option::of(0.0_f64..100.0),
        ) {
            let drawn = draw(&values, average);
            prop_assert!(drawn.is_ok(), "{:?}", drawn.err());
        }
    }
}
