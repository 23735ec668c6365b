//! Where labels stand, so that none lies over another.

use super::sheet::{Pen, Point, Sheet, Side};

/// The room that a label takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Room {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// What stays free around a label.
const AROUND: f64 = 1.0;

impl Room {
    /// The room of a text whose baseline is at a point.
    pub(super) fn of(sheet: &Sheet<'_>, text: &str, (x, y): Point, pen: Pen) -> Self {
        let width = sheet.width(text, pen);
        let left = match pen.side {
            Side::Left => x,
            Side::Middle => x - width / 2.0,
            Side::Right => x - width,
        };
        Self::covered(left, width, y, pen.size).widened(AROUND)
    }

    /// What the letters of a text cover, which is not the whole em.
    pub(super) fn covered(left: f64, width: f64, baseline: f64, size: f64) -> Self {
        Self { left, right: left + width, top: baseline - 0.74 * size, bottom: baseline + 0.05 * size }
    }

    fn widened(self, by: f64) -> Self {
        Self { left: self.left - by, right: self.right + by, top: self.top - by, bottom: self.bottom + by }
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether it lies within a sheet of a size.
    pub(super) fn is_within(&self, size: (f64, f64)) -> bool {
        self.leaves_by_at_most(AROUND, size)
    }

    /// Whether no side of it leaves a sheet of a size by more.
    pub(super) fn leaves_by_at_most(&self, by: f64, (width, height): (f64, f64)) -> bool {
        self.left >= -by && self.top >= -by && self.right <= width + by && self.bottom <= height + by
    }
}
