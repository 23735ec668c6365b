//! Charts as SVG, drawn by plotters on a backend of ours. All texts come ready made; a chart places them, so that none is
//! cut and none lies over another. Lengths are in points.

mod axis;
mod columns;
mod ink;
mod label;
mod lines;
mod sheet;
mod spark;
mod svg;
mod tint;
mod waterfall;

pub use axis::ticks;
pub use columns::{Column, Columns, Look, Reference};
pub use ink::Tone;
pub use lines::{Area, Lines, Mark, Point};
pub use spark::{AROUND, spark};
pub use waterfall::{Step, Waterfall};

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The SVG document.
    pub svg: String,
    /// Its width in points.
    pub width: f64,
    /// Its height in points.
    pub height: f64,
}

/// The width and height of a drawing, in points.
pub type Size = (f64, f64);
