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
        Self {
            left: left - AROUND,
            right: left + width + AROUND,
            top: y - 0.74 * pen.size - AROUND,
            bottom: y + 0.05 * pen.size + AROUND,
        }
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    /// Whether it lies within a sheet of a size.
    pub(super) fn is_within(&self, (width, height): (f64, f64)) -> bool {
        self.left >= -AROUND && self.top >= -AROUND && self.right <= width + AROUND && self.bottom <= height + AROUND
    }
}
