//! Columns that stand, or stand and hang from one line, with a mark each and rows of figures below them.

use super::axis::Axis;
use super::ink::{EARLIER, INK, Ink, PAPER, RULE, SECOND, THIRD};
use super::sheet::{Pen, Sheet, Side, drawing};
use super::{Drawing, Size, Tone};
use crate::error::Result;
use crate::report::face::Ruler;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// What stands.
    pub up: Limb,
    /// What hangs.
    pub down: Option<Limb>,
    /// Where its mark is.
    pub mark: Option<f64>,
    /// Whether it and its figures stand out.
    pub is_bold: bool,
}

/// A part of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Limb {
    /// How long it is; never less than nothing.
    pub size: f64,
    /// What stands at its end.
    pub label: String,
    /// What a difference of it means; none where it is one of many, or none has a meaning.
    pub tone: Option<Tone>,
}

/// A row of figures, one for each column.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// What they are.
    pub name: String,
    /// The figures.
    pub texts: Vec<String>,
    /// Whether those of columns that stand out do so too.
    pub stand_out: bool,
}

/// Columns and figures.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The columns.
    pub columns: &'a [Stand],
    /// What stands beside those above the line and those below.
    pub sides: Option<(&'a str, &'a str)>,
    /// The rows of figures below them.
    pub rows: &'a [Figures],
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// The part of a step that its column takes, and its mark.
const BAR: f64 = 0.58;
const MARK: f64 = 0.8;
/// How high a row of figures is, and how far it is below the columns.
const ROW: f64 = 13.2;
const BELOW: f64 = 7.0;
/// What stays free above the columns, for their labels; and how far those are from them.
const TOP: f64 = 16.0;
const BESIDE: f64 = 4.0;
/// The room that labels take below what hangs.
const HANGING: f64 = 13.0;
/// What stays free behind the names.
const NAMES: f64 = 10.0;

const NAME: Pen = Pen::new(7.5, SECOND, Side::Left);
const LABEL: Pen = Pen::new(7.5, SECOND, Side::Middle);
const FIGURE: Pen = Pen::new(7.5, SECOND, Side::Middle);

struct Plot {
    left: f64,
    step: f64,
    bar: f64,
    zero: f64,
    up: Axis,
    down: Axis,
    size: Size,
}

impl Standing<'_> {
    /// Draws them.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let plot = self.plot(sheet, size);
            for (at, column) in self.columns.iter().enumerate() {
                plot.column(sheet, at, column)?;
            }
            sheet.line(&[(plot.left, plot.zero), (size.0, plot.zero)], 0.6, INK)?;
            if let Some((above, below)) = self.sides {
                let ends = (plot.up.at(plot.largest_up()), plot.down.at(plot.largest_down()));
                let middles = [(above, (plot.zero + ends.0) / 2.0), (below, (plot.zero + ends.1) / 2.0)];
                for (name, y) in middles {
                    sheet.text(name, (0.0, y + NAME.size * 0.36), NAME)?;
                }
            }
            self.figures(sheet, &plot)
        })
    }

    fn plot(&self, sheet: &Sheet<'_>, size: Size) -> Plot {
        let sides = self.sides.into_iter().flat_map(|(above, below)| [above, below]);
        let names = sides.chain(self.rows.iter().map(|row| row.name.as_str()));
        let left = names.map(|name| sheet.width(name, NAME)).fold(0.0, f64::max) + NAMES;
        let step = (size.0 - left) / self.columns.len().max(1) as f64;
        let highest = self.columns.iter().flat_map(|column| [Some(column.up.size), column.mark]);
        let highest = highest.flatten().fold(0.0, f64::max);
        let lowest = self.columns.iter().filter_map(|column| Some(column.down.as_ref()?.size)).fold(0.0, f64::max);
        let bottom = size.1 - BELOW - ROW * self.rows.len() as f64;
        let bottom = if self.sides.is_some() { bottom - HANGING } else { bottom };
        // Both sides have one scale.
        let all = highest + lowest;
        let zero = if all > 0.0 { TOP + (bottom - TOP) * highest / all } else { bottom };
        Plot {
            left,
            step,
            bar: step * BAR,
            zero,
            up: Axis::new((0.0, highest.max(f64::MIN_POSITIVE)), (zero, TOP)),
            down: Axis::new((0.0, lowest.max(f64::MIN_POSITIVE)), (zero, bottom.max(zero))),
            size,
        }
    }

    fn figures(&self, sheet: &Sheet<'_>, plot: &Plot) -> Result<()> {
        let top = plot.size.1 - ROW * self.rows.len() as f64;
        for (row, Figures { name, texts, stand_out }) in self.rows.iter().enumerate() {
            let baseline = top + ROW * row as f64 + 9.0;
            if row > 0 {
                let y = top + ROW * row as f64;
                sheet.line(&[(0.0, y), (plot.size.0, y)], 0.35, RULE)?;
            }
            sheet.text(name, (0.0, baseline), Pen { ink: THIRD, ..NAME })?;
            for (at, figure) in texts.iter().enumerate() {
                let is_bold = *stand_out && self.columns.get(at).is_some_and(|column| column.is_bold);
                let pen = if is_bold { bold(FIGURE) } else { FIGURE };
                sheet.text(figure, (plot.middle(at), baseline), pen)?;
            }
        }
        Ok(())
    }
}

fn bold(pen: Pen) -> Pen {
    Pen { ink: INK, ..pen.bold() }
}

impl Plot {
    fn middle(&self, at: usize) -> f64 {
        self.left + self.step * (at as f64 + 0.5)
    }

    fn largest_up(&self) -> f64 {
        self.up.at_end()
    }

    fn largest_down(&self) -> f64 {
        self.down.at_end()
    }

    fn column(&self, sheet: &Sheet<'_>, at: usize, column: &Stand) -> Result<()> {
        let middle = self.middle(at);
        let (left, right) = (middle - self.bar / 2.0, middle + self.bar / 2.0);
        let top = self.up.at(column.up.size);
        sheet.bar((left, self.zero), (right, top), ink(&column.up, column.is_bold))?;
        let mark = column.mark.map(|mark| self.up.at(mark));
        if let Some(y) = mark {
            let half = self.step * MARK / 2.0;
            // A mark within its column needs a rim to be seen; one at its end would hide that.
            if y - top > 2.0 {
                sheet.line(&[(left, y), (right, y)], 2.6, PAPER)?;
            }
            sheet.line(&[(middle - half, y), (middle + half, y)], 0.9, SECOND)?;
        }
        let above = mark.map_or(top, |mark| mark.min(top));
        sheet.text(&column.up.label, (middle, above - BESIDE), label(&column.up, column.is_bold))?;
        let Some(down) = &column.down else { return Ok(()) };
        let bottom = self.down.at(down.size);
        match down.tone {
            Some(tone) => sheet.bar((left, self.zero), (right, bottom), tone.fill())?,
            None => {
                let corners =
                    [(left, self.zero), (right, self.zero), (right, bottom), (left, bottom), (left, self.zero)];
                sheet.line(&corners, 0.7, EARLIER)?;
            }
        }
        sheet.text(&down.label, (middle, bottom + BESIDE + 5.6), label(down, column.is_bold))
    }
}

fn ink(limb: &Limb, is_bold: bool) -> Ink {
    match limb.tone {
        Some(tone) => tone.fill(),
        None if is_bold => INK,
        None => EARLIER,
    }
}

fn label(limb: &Limb, is_bold: bool) -> Pen {
    match (limb.tone, is_bold) {
        (Some(tone), _) => Pen { ink: tone.text(), ..LABEL.bold() },
        (None, true) => bold(LABEL),
        (None, false) => LABEL,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::face::of_tests;

    fn limb(size: f64) -> Limb {
        Limb { size, label: format!("{size:.1}"), tone: None }
    }

    fn draw(columns: &[Stand], sides: Option<(&str, &str)>) -> Result<Drawing> {
        let faces = of_tests();
        let row = |name: &str| Figures {
            name: name.to_owned(),
            texts: columns.iter().map(|_| "2,052".to_owned()).collect(),
            stand_out: true,
        };
        let rows = [row("4-week active"), row("淨增減")];
        Standing { columns, sides, rows: &rows, alt: "columns" }.draw(&faces.ruler()?, (430.0, 163.0))
    }

    #[test]
    fn none_one_and_nothing_are_drawn() {
        assert!(draw(&[], None).is_ok());
        let one = Stand { up: limb(0.0), down: Some(limb(0.0)), mark: Some(0.0), is_bold: true };
        assert!(draw(std::slice::from_ref(&one), Some(("New + returned", "Lapsed"))).is_ok());
        assert!(draw(&[one], None).is_ok());
    }

    proptest! {
        #[test]
        fn no_columns_are_refused(
            sizes in prop::collection::vec((0.0_f64..100.0, 0.0_f64..100.0, prop::option::of(0.0_f64..100.0)), 1..14),
            hangs in any::<bool>(),
        ) {
            let columns: Vec<Stand> = sizes.iter().map(|(up, down, mark)| Stand {
                up: limb(*up), down: hangs.then(|| limb(*down)), mark: *mark, is_bold: false,
            }).collect();
            let drawn = draw(&columns, hangs.then_some(("New + returned", "Lapsed")));
            prop_assert!(drawn.is_ok(), "{:?}", drawn.err());
        }
    }
}
