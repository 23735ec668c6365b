//! Bars in rows from an axis: a waterfall on its side, where each part begins where the one before ended, or what each
//! did by itself. On a page they lie over the rows of a table, which name them, so their rows are as high as those; alone
//! they have names of their own.

use super::ink::{EARLIER, INK, Ink};
use super::sheet::{Pen, Sheet, Side, drawing};
use super::{Drawing, Size, Tone};
use crate::error::Result;
use crate::report::face::Ruler;

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing is drawn in it.
    Empty,
    /// From where the row before ended to where this one ends.
    Effect {
        /// Where it begins, from the axis.
        from: f64,
        /// Where it ends.
        to: f64,
        /// What it means.
        tone: Tone,
        /// What it comes to.
        label: String,
    },
    /// From the axis to where all ended.
    Total {
        /// Where it ends.
        to: f64,
        /// What it comes to.
        label: String,
    },
    /// From the axis, for itself.
    Single {
        /// Where it ends.
        to: f64,
        /// What it means; none of what only gives the measure of the others.
        tone: Option<Tone>,
        /// What it comes to.
        label: String,
    },
    /// Only what it comes to, at the end of the axis.
    Sum {
        /// What it comes to.
        label: String,
    },
}

impl Step {
    /// Whether the next one begins where it ends.
    fn is_chained(&self) -> bool {
        matches!(self, Self::Effect { .. } | Self::Total { .. })
    }
}

/// A waterfall.
#[derive(Debug, Clone)]
pub struct Waterfall<'a> {
    /// The rows.
    pub steps: &'a [Step],
    /// What each row is called, on the left; none where that stands beside the drawing.
    pub names: &'a [String],
    /// How high each is.
    pub pitch: f64,
    /// What stays free above the first.
    pub above: f64,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// The part of a row that its bar takes.
const BAR: f64 = 0.56;
/// What stays free between a bar and its label, and on the left and the right of all.
const BESIDE: f64 = 3.0;
const LEFT: f64 = 10.5;
const RIGHT: f64 = 6.0;
/// The least width of a bar: a small effect is one all the same.
const HAIR: f64 = 0.6;

/// A bar and its label, from the axis.
struct Bar<'a> {
    from: f64,
    to: f64,
    /// None of what has only a label.
    ink: Option<Ink>,
    label: &'a str,
    text: Ink,
}

impl Bar<'_> {
    fn left(&self) -> f64 {
        self.from.min(self.to)
    }

    fn right(&self) -> f64 {
        self.from.max(self.to)
    }

    /// A label stands on the side of the axis on which its bar ends, and so never crosses the axis.
    fn is_right(&self) -> bool {
        self.to >= 0.0
    }
}

impl Waterfall<'_> {
    /// Draws it, as wide as its size and its names together, and tells how far the axis is from its left edge.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<(Drawing, f64)> {
        let mut axis = LEFT;
        let widest = self.names.iter().map(|name| ruler.width(name, NAME.weight, NAME.size)).fold(0.0, f64::max);
        let size = (size.0 + widest, size.1);
        let drawing = drawing(ruler, size, self.alt, |sheet| {
            let bars: Vec<Option<Bar<'_>>> = self.steps.iter().map(bar).collect();
            let (scale, at) = fitting(sheet, size.0 - widest, &bars);
            let at = at + widest;
            axis = at;
            let x = |value: f64| at + value * scale;
            let middle = |row: usize| self.above + self.pitch * (row as f64 + 0.5);
            let half = self.pitch * BAR / 2.0;
            for (row, (pair, steps)) in bars.windows(2).zip(self.steps.windows(2)).enumerate() {
                if let ([Some(above), Some(_)], true) = (pair, steps.iter().all(Step::is_chained)) {
                    let (top, bottom) = (middle(row) + half, middle(row + 1) - half);
                    sheet.line(&[(x(above.to), top), (x(above.to), bottom)], 0.4, EARLIER)?;
                }
            }
            for (row, bar) in bars.iter().enumerate() {
                let Some(bar) = bar else { continue };
                let (left, right) = (x(bar.left()), x(bar.right()).max(x(bar.left()) + HAIR));
                if let Some(ink) = bar.ink {
                    sheet.bar((left, middle(row) - half), (right, middle(row) + half), ink)?;
                }
                let baseline = middle(row) + LABEL.size * 0.36;
                let pen = Pen { ink: bar.text, ..LABEL };
                match bar.is_right() {
                    true => sheet.text(bar.label, (right + BESIDE, baseline), pen)?,
                    false => sheet.text(bar.label, (left - BESIDE, baseline), Pen { side: Side::Right, ..pen })?,
                }
            }
            for (row, name) in self.names.iter().enumerate() {
                sheet.text(name, (0.0, middle(row) + NAME.size * 0.36), NAME)?;
            }
            let sums =
                self.steps.iter().rev().take_while(|step| matches!(step, Step::Sum { .. } | Step::Empty)).count();
            sheet.line(&[(at, 0.0), (at, size.1 - self.pitch * sums as f64)], 0.6, INK)
        })?;
        Ok((drawing, axis))
    }
}

const LABEL: Pen = Pen::new(8.0, INK, Side::Left).bold();
const NAME: Pen = Pen::new(8.0, INK, Side::Left);

fn bar(step: &Step) -> Option<Bar<'_>> {
    match step {
        Step::Empty => None,
        Step::Effect { from, to, tone, label } => {
            Some(Bar { from: *from, to: *to, ink: Some(tone.fill()), label, text: tone.text() })
        }
        Step::Total { to, label } => Some(Bar { from: 0.0, to: *to, ink: Some(INK), label, text: INK }),
        Step::Single { to, tone, label } => {
            let (ink, text) = tone.map_or((EARLIER, INK), |tone| (tone.fill(), tone.text()));
            Some(Bar { from: 0.0, to: *to, ink: Some(ink), label, text })
        }
        Step::Sum { label } => Some(Bar { from: 0.0, to: 0.0, ink: None, label, text: INK }),
    }
}

/// The largest scale in which every bar and label fits, and where the axis stands then.
fn fitting(sheet: &Sheet<'_>, width: f64, bars: &[Option<Bar<'_>>]) -> (f64, f64) {
    // What stands beside each bar to the left and to the right.
    let beside: Vec<(f64, f64, f64, f64)> = bars
        .iter()
        .flatten()
        .map(|bar| {
            let label = BESIDE + sheet.width(bar.label, LABEL);
            let (left, right) = if bar.is_right() { (0.0, label) } else { (label, 0.0) };
            (bar.left().min(0.0), left, bar.right().max(0.0), right)
        })
        .collect();
    let mut scale = f64::INFINITY;
    for (left, left_label, ..) in &beside {
        for (_, _, right, right_label) in &beside {
            if right > left {
                let room = width - LEFT - RIGHT - left_label - right_label;
                scale = scale.min(room / (right - left));
            }
        }
    }
    let scale = if scale.is_finite() { scale.max(0.0) } else { 0.0 };
    let needed = beside.iter().map(|(left, label, ..)| LEFT + label - left * scale);
    (scale, needed.fold(LEFT, f64::max))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::face::of_tests;

    fn steps(effects: &[f64]) -> Vec<Step> {
        let mut at = 0.0;
        let mut steps = vec![Step::Empty];
        for effect in effects {
            let label = format!("{effect:+.0}");
            let tone = if *effect < 0.0 { Tone::Adverse } else { Tone::Favourable };
            steps.push(Step::Effect { from: at, to: at + effect, tone, label });
            at += effect;
        }
        steps.push(Step::Total { to: at, label: format!("{at:+.0}") });
        steps
    }

    fn draw(effects: &[f64]) -> Result<(Drawing, f64)> {
        let faces = of_tests();
        let ruler = faces.ruler()?;
        let steps = steps(effects);
        Waterfall { steps: &steps, names: &[], pitch: 21.8, above: 0.0, alt: "effects" }.draw(&ruler, (235.0, 152.6))
    }

    #[test]
    fn every_label_fits_whatever_the_week() {
        for effects in [
            vec![1052.0, 4122.0, -5755.0, 1719.0, -61.0],
            vec![-4000.0, -9000.0, -300.0, -20.0, -1.0],
            vec![4000.0, 9000.0, 300.0, 20.0, 1.0],
            vec![0.0, 0.0, 0.0],
            vec![1e15, -1e15, 5.0],
        ] {
            let (_, axis) = draw(&effects).unwrap();
            assert!((LEFT..235.0).contains(&axis), "{effects:?}: {axis}");
        }
    }

    #[test]
    fn alone_it_names_its_rows() {
        let faces = of_tests();
        let ruler = faces.ruler().unwrap();
        let steps = steps(&[10.0, -4.0]);
        let names = ["Last week", "More trips", "更少件數", "This week"].map(str::to_owned);
        let alone = Waterfall { steps: &steps, names: &names, pitch: 21.8, above: 0.0, alt: "effects" };
        let (drawing, axis) = alone.draw(&ruler, (235.0, 152.6)).unwrap();
        assert!(names.iter().all(|name| drawing.svg.contains(name.as_str())));
        let (bars, beside) = draw(&[10.0, -4.0]).unwrap();
        assert!((drawing.width - bars.width - (axis - beside)).abs() < 1e-9, "the bars are as they are without");
    }

    #[test]
    fn small_effects_show() {
        let (drawing, _) = draw(&[10_000.0, -1.0]).unwrap();
        let widths: Vec<u32> = drawing
            .svg
            .split("<rect ")
            .skip(1)
            .filter_map(|rest| rest.split("width=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths.len(), 3);
        assert!(widths.iter().all(|width| *width >= 11), "{widths:?}");
    }

    proptest! {
        #[test]
        fn no_week_is_refused(effects in prop::collection::vec(-1e6_f64..1e6, 1..6)) {
            prop_assert!(draw(&effects).is_ok());
        }
    }
}
