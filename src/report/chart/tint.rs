//! The difference between a line and the one before, tinted, and what it comes to.

use super::ink::INK;
use super::label::Room;
use super::lines::{Area, BOTTOM, Plot, Point};
use super::sheet::{Pen, Sheet, Side};
use crate::error::Result;

const AREA: Pen = Pen::new(9.0, INK, Side::Middle).bold();

impl Plot<'_> {
    /// The area between both lines over each run of points, cut where they cross.
    pub(super) fn tints(&self, sheet: &Sheet<'_>) -> Result<()> {
        for area in self.lines.areas {
            let mut upper = Vec::new();
            let mut lower = Vec::new();
            for (x, this, before) in self.outline(area) {
                upper.push((x, self.up.at(this)));
                lower.push((x, self.up.at(before)));
            }
            lower.reverse();
            upper.extend(lower);
            if upper.len() >= 4 {
                sheet.area(&upper, area.tone.tint())?;
            }
        }
        Ok(())
    }

    /// Both values over a run, with the crossings before its first and behind its last point.
    fn outline(&self, area: &Area) -> Vec<(f64, f64, f64)> {
        let both = |at: usize| {
            let point = self.lines.points.get(at)?;
            Some((self.x(at), point.this?, point.before?))
        };
        let crossing = |a: usize, b: usize| {
            let ((x, this, before), (next_x, next, next_before)) = (both(a)?, both(b)?);
            let (from, to) = (this - before, next - next_before);
            if from == 0.0 || from.signum() == to.signum() {
                return None;
            }
            let share = from / (from - to);
            let at = this + (next - this) * share;
            Some((x + (next_x - x) * share, at, at))
        };
        let before = area.first.checked_sub(1).and_then(|at| crossing(at, area.first));
        let within = (area.first..=area.last).filter_map(both);
        before.into_iter().chain(within).chain(crossing(area.last, area.last + 1)).collect()
    }

    /// What the differences come to, within their areas where there is room.
    pub(super) fn differences(&self, sheet: &Sheet<'_>, mut taken: Vec<Room>) -> Result<()> {
        for area in self.lines.areas {
            let Some(text) = &area.text else { continue };
            let pen = Pen { ink: area.tone.text(), ..AREA };
            let place = self.places(area, sheet.width(text, pen)).into_iter().find(|place| {
                let room = Room::of(sheet, text, *place, pen);
                room.is_within((self.size.0, self.size.1 - BOTTOM)) && !taken.iter().any(|other| room.meets(other))
            });
            // Where there is no place for it, the line below the headline says it.
            if let Some(place) = place {
                sheet.text(text, place, pen)?;
                taken.push(Room::of(sheet, text, place, pen));
            }
        }
        Ok(())
    }

    /// Places for a label of a width, the best first: within the area where there is most room, and of places with room
    /// enough the one nearest to the middle; then below or above the line, on the side to which it went.
    fn places(&self, area: &Area, width: f64) -> Vec<(f64, f64)> {
        const STEP: f64 = 2.0;
        let outline = self.outline(area);
        let (Some(first), Some(last)) = (outline.first(), outline.last()) else { return Vec::new() };
        let middle = (first.0 + last.0) / 2.0;
        let sum: f64 = outline.iter().map(|(_, this, before)| this - before).sum();
        let count = ((last.0 - first.0) / STEP) as usize;
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for x in (0..=count).map(|step| first.0 + step as f64 * STEP) {
            let (upper, lower) = self.free(x - width / 2.0, x + width / 2.0);
            let (between, from_middle) = (lower.0 - upper.1, (x - middle).abs());
            if between >= AREA.size + 5.0 {
                let enough = between.min(AREA.size * 2.4);
                inside.push((-enough, from_middle, (x, (upper.1 + lower.0) / 2.0 + AREA.size * 0.36)));
            }
            // Beside an area narrower than itself a label would seem to belong to something else.
            if last.0 - first.0 >= width {
                let y = if sum < 0.0 { lower.1 + AREA.size + 2.0 } else { upper.0 - 5.0 };
                outside.push((0.0, from_middle, (x, y)));
            }
        }
        for places in [&mut inside, &mut outside] {
            places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        }
        inside.into_iter().chain(outside).map(|(_, _, place)| place).collect()
    }

    /// How far the upper and the lower line reach, each up and down, from one place to another.
    fn free(&self, from: f64, to: f64) -> ((f64, f64), (f64, f64)) {
        const STEPS: usize = 16;
        let mut upper = (f64::INFINITY, f64::NEG_INFINITY);
        let mut lower = upper;
        for step in 0..=STEPS {
            let x = from + (to - from) * step as f64 / STEPS as f64;
            let heights = [self.height(x, |point| point.this), self.height(x, |point| point.before)];
            let (Some(this), Some(before)) = (heights[0].or(heights[1]), heights[1].or(heights[0])) else { continue };
            let (top, bottom) = (this.min(before), this.max(before));
            upper = (upper.0.min(top), upper.1.max(top));
            lower = (lower.0.min(bottom), lower.1.max(bottom));
        }
        (upper, lower)
    }

    /// Where a line is above a place; at its ends it goes on level.
    fn height(&self, x: f64, value: fn(&Point) -> Option<f64>) -> Option<f64> {
        let points = self.lines.points;
        let known: Vec<(f64, f64)> =
            points.iter().enumerate().filter_map(|(at, point)| Some((self.x(at), self.up.at(value(point)?)))).collect();
        let after = known.iter().position(|(at, _)| *at >= x);
        match after {
            None => known.last().map(|(_, y)| *y),
            Some(0) => known.first().map(|(_, y)| *y),
            Some(at) => {
                let ((left, a), (right, b)) = (known.get(at - 1)?, known.get(at)?);
                Some(a + (b - a) * (x - left) / (right - left))
            }
        }
    }
}
