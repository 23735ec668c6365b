//! Bars in rows, sorted by their values, each with a mark and with what differs from it on the right.

use super::ink::{EARLIER, INK, PAPER, SECOND};
use super::sheet::{Pen, Sheet, Side, drawing};
use super::{Drawing, Size, Tone};
use crate::error::Result;
use crate::report::face::Ruler;

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is called, on its left.
    pub name: String,
    /// Its value, from the axis; less than nothing goes to the left.
    pub value: f64,
    /// The value as a text.
    pub label: String,
    /// Where its mark stands.
    pub mark: Option<f64>,
    /// What stands on the right, and what it means.
    pub change: (String, Tone),
    /// Whether that stands out.
    pub is_bold: bool,
}

/// Bars.
#[derive(Debug, Clone)]
pub struct Bars<'a> {
    /// The bars, from the top.
    pub bars: &'a [Bar],
    /// How high a row is at most.
    pub pitch: f64,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// The part of a row that its bar takes, and its mark.
const BAR: f64 = 0.56;
const MARK: f64 = 0.82;
/// What stays free between a bar and its label, names and the axis, labels and changes.
const BESIDE: f64 = 3.0;
const NAMES: f64 = 10.0;
const CHANGES: f64 = 24.0;
/// How near a mark may come to the end of its bar and still be set off from it.
const NEAR: f64 = 2.0;

const NAME: Pen = Pen::new(8.0, INK, Side::Left);
const LABEL: Pen = Pen::new(8.0, INK, Side::Left).bold();
const CHANGE: Pen = Pen::new(8.0, SECOND, Side::Right);

impl Bars<'_> {
    /// Draws them.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let pitch = self.pitch.min(size.1 / self.bars.len().max(1) as f64);
            let names = self.bars.iter().map(|bar| sheet.width(&bar.name, NAME)).fold(0.0, f64::max);
            let changes = self.bars.iter().map(|bar| sheet.width(&bar.change.0, change(bar))).fold(0.0, f64::max);
            let (left, right) = (names + NAMES, size.0 - changes - CHANGES);
            let (axis, scale) = self.scale(sheet, (left, right));
            for (row, bar) in self.bars.iter().enumerate() {
                let middle = pitch * (row as f64 + 0.5);
                row_of(sheet, bar, (axis, scale), middle, pitch)?;
                let baseline = middle + NAME.size * 0.36;
                sheet.text(&bar.name, (0.0, baseline), NAME)?;
                sheet.text(&bar.change.0, (size.0, baseline), change(bar))?;
            }
            sheet.line(&[(axis, 0.0), (axis, pitch * self.bars.len() as f64)], 0.6, INK)
        })
    }

    /// Where the axis stands, and the largest scale in which every bar with its mark and its label fits.
    fn scale(&self, sheet: &Sheet<'_>, (left, right): (f64, f64)) -> (f64, f64) {
        let low = self.bars.iter().flat_map(|bar| [Some(bar.value), bar.mark]).flatten().fold(0.0, f64::min);
        let widest = self.bars.iter().map(|bar| sheet.width(&bar.label, LABEL)).fold(0.0, f64::max);
        let high = self.bars.iter().map(end).fold(0.0, f64::max);
        let room = right - left - BESIDE - widest;
        let scale = if high > low { (room / (high - low)).max(0.0) } else { 0.0 };
        (left - low * scale, scale)
    }
}

/// The end of a bar or of its mark, whichever is farther on the right.
fn end(bar: &Bar) -> f64 {
    bar.mark.unwrap_or(bar.value).max(bar.value).max(0.0)
}

fn change(bar: &Bar) -> Pen {
    let pen = Pen { ink: bar.change.1.text(), ..CHANGE };
    if bar.is_bold { pen.bold() } else { pen }
}

fn row_of(sheet: &Sheet<'_>, bar: &Bar, (axis, scale): (f64, f64), middle: f64, pitch: f64) -> Result<()> {
    let x = |value: f64| axis + value * scale;
    let half = pitch * BAR / 2.0;
    sheet.bar((x(bar.value.min(0.0)), middle - half), (x(bar.value.max(0.0)), middle + half), SECOND)?;
    if let Some(mark) = bar.mark {
        let (at, half) = (x(mark), pitch * MARK / 2.0);
        // A white rim parts a mark from the bar that it lies on, but would hide the end of one that ends there.
        let lies_on = mark > 0.0 && x(bar.value) - at > NEAR;
        if lies_on {
            sheet.line(&[(at, middle - half), (at, middle + half)], 2.6, PAPER)?;
        }
        sheet.line(&[(at, middle - half), (at, middle + half)], 1.2, EARLIER)?;
    }
    sheet.text(&bar.label, (x(end(bar)) + BESIDE, middle + LABEL.size * 0.36), LABEL)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::face::of_tests;

    fn bar(value: f64, mark: Option<f64>) -> Bar {
        let change = (format!("{:+.1}", value - mark.unwrap_or(0.0)), Tone::Favourable);
        Bar { name: "Drug & general merch.".into(), value, label: format!("{value:.1}%"), mark, change, is_bold: true }
    }

    fn draw(bars: &[Bar]) -> Result<Drawing> {
        let faces = of_tests();
        Bars { bars, pitch: 13.3, alt: "shares" }.draw(&faces.ruler()?, (307.0, 95.0))
    }

    #[test]
    fn a_mark_on_a_bar_has_a_rim_and_one_at_its_end_has_none() {
        let rims = |bars: &[Bar]| draw(bars).unwrap().svg.matches("#FFFFFF").count();
        assert_eq!(rims(&[bar(40.0, Some(20.0))]), 1);
        assert_eq!(rims(&[bar(40.0, Some(39.9))]), 0);
        assert_eq!(rims(&[bar(40.0, Some(45.0))]), 0);
    }

    #[test]
    fn none_and_nothing_are_drawn() {
        assert!(draw(&[]).is_ok());
        assert!(draw(&[bar(0.0, None), bar(0.0, Some(0.0))]).is_ok());
        assert!(draw(&[bar(-5.0, Some(3.0)), bar(-8.0, None)]).is_ok());
    }

    proptest! {
        #[test]
        fn no_shares_are_refused(rows in prop::collection::vec((-20.0_f64..100.0, prop::option::of(0.0_f64..100.0)), 1..8)) {
            let bars: Vec<Bar> = rows.iter().map(|(value, mark)| bar(*value, *mark)).collect();
            let drawn = draw(&bars);
            prop_assert!(drawn.is_ok(), "{:?}", drawn.err());
        }
    }
}
