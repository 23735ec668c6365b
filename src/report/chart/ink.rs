//! Colours and strokes. Contrast on white is at least 3 for shapes and 4.5 for texts, and no meaning is told by colour
//! alone: signs repeat it.

use plotters::style::RGBColor;

/// A colour.
pub(super) type Ink = RGBColor;

/// This week, and texts that are read first.
pub(super) const INK: Ink = RGBColor(0x16, 0x21, 0x2B);
/// Texts that are read second.
pub(super) const SECOND: Ink = RGBColor(0x43, 0x50, 0x5C);
/// Texts beside what is read, and bars above a line.
pub(super) const THIRD: Ink = RGBColor(0x5F, 0x6B, 0x77);
/// Earlier weeks, and context.
pub(super) const EARLIER: Ink = RGBColor(0x87, 0x93, 0xA0);
/// Rules.
pub(super) const RULE: Ink = RGBColor(0xD5, 0xDA, 0xDF);
/// The page.
pub(super) const PAPER: Ink = RGBColor(0xFF, 0xFF, 0xFF);

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Favourable,
    /// As it should not be.
    Adverse,
    /// Neither.
    Neutral,
}

impl Tone {
    /// The colour of a shape.
    pub(super) fn fill(self) -> Ink {
        match self {
            Self::Favourable => RGBColor(0x1D, 0x5F, 0xA6),
            Self::Adverse => RGBColor(0xD9, 0x77, 0x1A),
            Self::Neutral => SECOND,
        }
    }

    /// The colour of a text.
    pub(super) fn text(self) -> Ink {
        match self {
            Self::Favourable => RGBColor(0x1D, 0x5F, 0xA6),
            Self::Adverse => RGBColor(0xA6, 0x4A, 0x06),
            Self::Neutral => SECOND,
        }
    }

    /// The colour of an area.
    pub(super) fn tint(self) -> Ink {
        match self {
            Self::Favourable => RGBColor(0xDC, 0xE8, 0xF4),
            Self::Adverse => RGBColor(0xFB, 0xE6, 0xD3),
            Self::Neutral => RGBColor(0xF3, 0xF5, 0xF7),
        }
    }
}
