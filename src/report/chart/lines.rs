//! A line over the days of a week, the week before behind it, and the difference between both tinted.

use super::axis::Axis;
use super::ink::{EARLIER, INK, PAPER, RULE, SECOND, THIRD};
use super::label::Room;
use super::sheet::{LABEL, Pen, Sheet, Side, drawing};
use super::{Drawing, Size, Tone};
use crate::error::Result;
use crate::report::face::Ruler;

/// A point of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What stands below it.
    pub head: String,
    /// What stands below that.
    pub foot: String,
    /// The value; none where there are no facts.
    pub this: Option<f64>,
    /// The value before.
    pub before: Option<f64>,
}

/// A label of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Which point.
    pub at: usize,
    /// The label.
    pub text: String,
    /// Whether it stands above its point, or below.
    pub is_above: bool,
}

/// Points in a row of which the difference is tinted.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The first point.
    pub first: usize,
    /// The last point.
    pub last: usize,
    /// What the difference means.
    pub tone: Tone,
    /// What it comes to, if that is to be told.
    pub text: Option<String>,
}

/// A line and the one before.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    /// The points.
    pub points: &'a [Point],
    /// The ticks of the axis, each with its text.
    pub ticks: &'a [(f64, String)],
    /// What the line is called.
    pub this: &'a str,
    /// What the line before is called.
    pub before: &'a str,
    /// The labels of points.
    pub marks: &'a [Mark],
    /// The tinted differences.
    pub areas: &'a [Area],
    /// What stands where there are no facts.
    pub nothing: &'a str,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// What stays free around the plot: for ticks, end labels, labels of points, and the names of days.
const LEFT: f64 = 30.0;
const RIGHT: f64 = 34.0;
const TOP: f64 = 20.0;
pub(super) const BOTTOM: f64 = 24.0;
/// How far the first point is from the axis.
const INSET: f64 = 15.0;

const TICK: Pen = Pen::new(7.0, THIRD, Side::Right);
const HEAD: Pen = Pen::new(7.5, INK, Side::Middle);
const FOOT: Pen = Pen::new(7.0, THIRD, Side::Middle);
const MARK: Pen = LABEL.bold();

/// Where everything stands.
pub(super) struct Plot<'a> {
    pub(super) lines: &'a Lines<'a>,
    pub(super) size: Size,
    left: f64,
    right: f64,
    across: Axis,
    pub(super) up: Axis,
}

impl Lines<'_> {
    /// Draws it.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let plot = self.plot(sheet, size);
            plot.grid(sheet)?;
            plot.tints(sheet)?;
            plot.series(sheet)?;
            let mut taken = plot.days(sheet)?;
            taken.extend(plot.ends(sheet)?);
            plot.marks(sheet, &mut taken)?;
            plot.differences(sheet, taken)
        })
    }

    fn plot(&self, sheet: &Sheet<'_>, size: Size) -> Plot<'_> {
        let ticks = self.ticks.iter().map(|(_, text)| sheet.width(text, TICK)).fold(0.0, f64::max);
        let ends = sheet.width(self.this, LABEL.bold()).max(sheet.width(self.before, LABEL));
        let left = LEFT.max(ticks + 6.0);
        let right = size.0 - RIGHT.max(ends + 8.0);
        let values = || {
            let of_points = self.points.iter().flat_map(|point| [point.this, point.before]).flatten();
            of_points.chain(self.ticks.iter().map(|(at, _)| *at))
        };
        let range = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let last = self.points.len().saturating_sub(1) as f64;
        Plot {
            lines: self,
            size,
            left,
            right,
            across: Axis::new((0.0, last), (left + INSET, right)),
            up: Axis::new(range, (size.1 - BOTTOM, TOP)),
        }
    }
}

impl Plot<'_> {
    pub(super) fn x(&self, at: usize) -> f64 {
        self.across.at(at as f64)
    }

    fn grid(&self, sheet: &Sheet<'_>) -> Result<()> {
        for (value, text) in self.lines.ticks {
            let y = self.up.at(*value);
            if *value == 0.0 {
                sheet.line(&[(self.left, y), (self.right + 3.0, y)], 0.5, SECOND)?;
            } else {
                sheet.line(&[(self.left, y), (self.right + 3.0, y)], 0.4, RULE)?;
            }
            sheet.text(text, (self.left - 5.0, y + TICK.size * 0.36), TICK)?;
        }
        Ok(())
    }

    fn series(&self, sheet: &Sheet<'_>) -> Result<()> {
        let points = self.lines.points;
        let line = |value: fn(&Point) -> Option<f64>| {
            let all = points.iter().enumerate();
            all.map(|(at, point)| value(point).map(|value| (self.x(at), self.up.at(value)))).collect::<Vec<_>>()
        };
        let (this, before) = (line(|point| point.this), line(|point| point.before));
        for (line, stroke, ink) in [(&before, 1.2, EARLIER), (&this, 1.9, INK)] {
            for run in line.split(Option::is_none).filter(|run| run.len() > 1) {
                sheet.line(&run.iter().flatten().copied().collect::<Vec<_>>(), stroke, ink)?;
            }
        }
        this.iter().flatten().try_for_each(|point| sheet.dot(*point, 1.9, INK, PAPER))
    }

    /// The names of the days, and what stands in those without facts.
    fn days(&self, sheet: &Sheet<'_>) -> Result<Vec<Room>> {
        let base = self.size.1 - BOTTOM;
        let mut taken = Vec::new();
        for (at, point) in self.lines.points.iter().enumerate() {
            let x = self.x(at);
            sheet.text(&point.head, (x, base + 11.0), HEAD)?;
            sheet.text(&point.foot, (x, base + 20.5), FOOT)?;
            if point.this.is_none() {
                let place = (x, self.up.at(0.0) - 4.0);
                let half = sheet.width(self.lines.nothing, FOOT) / 2.0;
                // What the lines are called stands behind the last point.
                let place = (place.0.max(self.left + half + 2.0).min(self.right + 3.0 - half), place.1);
                let room = Room::of(sheet, self.lines.nothing, place, FOOT);
                if !taken.iter().any(|other| room.meets(other)) {
                    sheet.text(self.lines.nothing, place, FOOT)?;
                    taken.push(room);
                }
            }
        }
        Ok(taken)
    }

    /// The labels of points: above or below, and beside where another label stands there.
    fn marks(&self, sheet: &Sheet<'_>, taken: &mut Vec<Room>) -> Result<()> {
        for mark in self.lines.marks {
            let Some(value) = self.lines.points.get(mark.at).and_then(|point| point.this) else { continue };
            let y = self.up.at(value);
            // A label below its point must not stand among the names of the days.
            let below = y + 11.5;
            let is_above = mark.is_above || below > self.size.1 - BOTTOM - 1.0;
            let half = sheet.width(&mark.text, MARK) / 2.0;
            let within = |x: f64| x.max(self.left + half + 2.0).min(self.size.0 - half);
            let height = if is_above { y - 6.0 } else { below };
            let beside = [0.0, -half, -2.0 * half - 4.0, half, 2.0 * half + 4.0];
            let place = beside.into_iter().map(|aside| (within(self.x(mark.at) + aside), height)).find(|place| {
                let room = Room::of(sheet, &mark.text, *place, MARK);
                !taken.iter().any(|other| room.meets(other))
            });
            if let Some(place) = place {
                sheet.text(&mark.text, place, MARK)?;
                taken.push(Room::of(sheet, &mark.text, place, MARK));
            }
        }
        Ok(())
    }

    /// What the lines are called, behind their last points.
    fn ends(&self, sheet: &Sheet<'_>) -> Result<Vec<Room>> {
        let last = |value: fn(&Point) -> Option<f64>| self.lines.points.iter().rev().find_map(value);
        let (this, before) = (last(|point| point.this), last(|point| point.before));
        let Some(before) = before else { return Ok(Vec::new()) };
        let apart = LABEL.size + 2.0;
        let mut ends = [self.up.at(this.unwrap_or(before)), self.up.at(before)];
        let distance = ends[0] - ends[1];
        if distance.abs() < apart {
            let push = (apart - distance.abs()) / 2.0;
            let sign = if distance < 0.0 { -1.0 } else { 1.0 };
            ends = [ends[0] + sign * push, ends[1] - sign * push];
        }
        // Both stay above the names of the days.
        let over = (ends[0].max(ends[1]) + LABEL.size / 2.0 - (self.size.1 - BOTTOM)).max(0.0);
        let mut taken = Vec::new();
        let this_pen = Pen { side: Side::Left, ..LABEL.bold() };
        let before_pen = Pen { side: Side::Left, ink: THIRD, ..LABEL };
        for (text, y, pen) in [(self.lines.this, ends[0], this_pen), (self.lines.before, ends[1], before_pen)] {
            let place = (self.right + 6.0, y - over + pen.size * 0.36);
            sheet.text(text, place, pen)?;
            taken.push(Room::of(sheet, text, place, pen));
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::chart::ticks;
    use crate::report::face::of_tests;

    fn draw(days: &[(Option<f64>, Option<f64>)], areas: &[Area]) -> Result<Drawing> {
        let faces = of_tests();
        let ruler = faces.ruler()?;
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let points: Vec<Point> = days
            .iter()
            .zip(names)
            .map(|((this, before), name)| Point {
                head: name.into(),
                foot: "20 Nov".into(),
                this: *this,
                before: *before,
            })
            .collect();
        let values = days.iter().flat_map(|(this, before)| [*this, *before]).flatten();
        let ticks: Vec<(f64, String)> = ticks(values).into_iter().map(|tick| (tick, format!("{tick:.3e}"))).collect();
        let extreme = |sign: f64| {
            let known = days.iter().enumerate().filter_map(|(at, (this, _))| Some((at, sign * (*this)?)));
            known.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(at, _)| at)
        };
        let marks: Vec<Mark> = [(extreme(1.0), true), (extreme(-1.0), false)]
            .into_iter()
            .filter_map(|(at, is_above)| Some(Mark { at: at?, text: "$20.1K".into(), is_above }))
            .collect();
        let (this, before, nothing) = ("This wk", "Last wk", "no sales");
        Lines { points: &points, ticks: &ticks, this, before, marks: &marks, areas, nothing, alt: "days" }
            .draw(&ruler, (307.0, 168.0))
    }

    fn area(first: usize, last: usize, tone: Tone) -> Area {
        Area { first, last, tone, text: Some("+$19.4K".into()) }
    }

    #[test]
    fn the_difference_is_cut_where_the_lines_cross() {
        let days: Vec<_> =
            [(15.9, 11.9), (17.4, 12.3), (20.1, 9.8), (7.0, 11.7), (9.0, 13.7), (9.9, 15.6), (13.1, 16.3)]
                .map(|(this, before)| (Some(this), Some(before)))
                .to_vec();
        let areas = [area(0, 2, Tone::Favourable), area(3, 6, Tone::Adverse)];
        let drawn = draw(&days, &areas).unwrap();
        assert_eq!(drawn.svg.matches("<polygon").count(), 2);
        assert_eq!(drawn.svg.matches("+$19.4K").count(), 2, "both fit inside");
        let polygons: Vec<Vec<&str>> = drawn
            .svg
            .split("<polygon points=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().split(' ').collect())
            .collect();
        let crossing = polygons[0].iter().find(|point| polygons[1].contains(point));
        assert!(crossing.is_some(), "both areas end in the crossing: {polygons:?}");
    }

    #[test]
    fn a_day_without_facts_breaks_the_line() {
        let mut days = vec![(Some(10.0), Some(9.0)); 7];
        days[0].0 = None;
        let drawn = draw(&days, &[area(1, 6, Tone::Favourable)]).unwrap();
        assert_eq!(drawn.svg.matches(">no sales<").count(), 1);
        assert_eq!(drawn.svg.matches("r=\"38\"").count(), 6);
        assert!(draw(&[(None, None); 7], &[]).is_ok());
        assert!(draw(&[(Some(1.0), None)], &[]).is_ok());
    }

    proptest! {
        #[test]
        fn no_week_is_refused(
            days in prop::collection::vec((prop::option::of(-1e3_f64..1e6), prop::option::of(0.0_f64..1e6)), 7),
        ) {
            let areas = [area(0, 2, Tone::Favourable), area(3, 6, Tone::Adverse)];
            let drawn = draw(&days, &areas);
            prop_assert!(drawn.is_ok(), "{:?}", drawn.err());
        }
    }
}
