//! Charts as SVG, drawn by plotters on a backend of ours. All texts come ready made; a chart places them, so that none is
//! cut and none lies over another. Lengths are in points.

mod axis;
mod bars;
mod columns;
mod heat;
mod ink;
mod label;
mod lines;
mod sheet;
mod spark;
mod standing;
mod svg;
mod tint;
mod trend;
mod waterfall;

pub use axis::{ticks, ticks_around};
pub use bars::{Bar, Bars};
pub use columns::{Column, Columns, Look, Reference, Tick};
pub use heat::{HEAT_STEPS, Heat, HeatCell, HeatRow};
pub use ink::Tone;
pub use lines::{Area, Lines, Mark, Point};
pub use spark::{AROUND, spark};
pub use standing::{Figures, Limb, Stand, Standing};
pub use trend::Trend;
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
