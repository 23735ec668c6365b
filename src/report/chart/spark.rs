//! A small line without axes: how something came to where it is.

use super::axis::Axis;
use super::ink::{EARLIER, INK, PAPER};
use super::sheet::{Point, drawing};
use super::{Drawing, Size};
use crate::error::Result;
use crate::report::face::Ruler;

/// The stroke of the line, and the radius of the last point.
const STROKE: f64 = 0.9;
const RADIUS: f64 = 1.9;
/// What stays free around, for the last point.
pub const AROUND: f64 = 3.0;

/// A line over its own range; where a value is missing it is broken.
///
/// # Errors
/// Internal: it cannot be drawn.
pub fn spark(ruler: &Ruler<'_>, size: Size, values: &[Option<f64>]) -> Result<Drawing> {
    let known = || values.iter().flatten().copied();
    let range = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    drawing(ruler, size, "", |sheet| {
        if known().next().is_none() {
            return Ok(());
        }
        let steps = values.len().saturating_sub(1) as f64;
        let across = Axis::new((0.0, steps), (AROUND, size.0 - AROUND));
        // A line without ups and downs runs through the middle.
        let (low, high) = if range.0 == range.1 { (range.0 - 1.0, range.1 + 1.0) } else { range };
        let up = Axis::new((low, high), (size.1 - AROUND, AROUND));
        let points: Vec<Option<Point>> = values
            .iter()
            .enumerate()
            .map(|(at, value)| value.map(|value| (across.at(at as f64), up.at(value))))
            .collect();
        for run in points.split(Option::is_none).filter(|run| run.len() > 1) {
            sheet.line(&run.iter().flatten().copied().collect::<Vec<_>>(), STROKE, EARLIER)?;
        }
        match points.last() {
            Some(Some(last)) => sheet.dot(*last, RADIUS, INK, PAPER),
            _ => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::face::of_tests;

    #[test]
    fn gaps_break_the_line() {
        let faces = of_tests();
        let ruler = faces.ruler().unwrap();
        let lines = |values: &[Option<f64>]| {
            let drawn = spark(&ruler, (53.0, 18.0), values).unwrap();
            (drawn.svg.matches("<polyline").count(), drawn.svg.matches("<circle").count())
        };
        assert_eq!(lines(&[Some(1.0), Some(2.0), Some(1.5)]), (1, 2));
        assert_eq!(lines(&[Some(1.0), Some(2.0), None, Some(1.5), Some(1.0)]), (2, 2));
        assert_eq!(lines(&[Some(5.0), Some(5.0), None]), (1, 0));
        assert_eq!(lines(&[Some(5.0)]), (0, 2));
        assert_eq!(lines(&[None, None]), (0, 0));
        assert_eq!(lines(&[]), (0, 0));
    }
}
