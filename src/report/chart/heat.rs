//! Weekdays by hours, darker where there is more, with the days as bars beside them and a key below.

use plotters::style::RGBColor;

use super::ink::{EARLIER, INK, Ink, PAPER, SECOND, THIRD};
use super::sheet::{Pen, Sheet, Side, drawing};
use super::{Drawing, Size, Tone};
use crate::error::Result;
use crate::report::face::Ruler;

/// A day.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatRow {
    /// What it is called, and its number.
    pub name: (String, String),
    /// Its hours; none where the day has no facts.
    pub cells: Option<Vec<HeatCell>>,
    /// The whole day, as a number and as a text.
    pub whole: (f64, String),
    /// What differs from other weeks, and what that means.
    pub change: (String, Tone),
}

/// An hour of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatCell {
    /// How dark it is, from 0, which is nothing.
    pub step: usize,
    /// Its number; none of nothing.
    pub text: String,
    /// Whether it is hatched.
    pub is_hatched: bool,
}

/// Days by hours.
#[derive(Debug, Clone)]
pub struct Heat<'a> {
    /// What stands above the hours; the first stands for several.
    pub hours: &'a [String],
    /// The days.
    pub rows: &'a [HeatRow],
    /// What stands above the bars, and above what differs.
    pub heads: (&'a str, &'a str),
    /// What each step means, and what hatching does, if there is any.
    pub key: (&'a [String], Option<&'a str>),
    /// What stands in a day without facts.
    pub nothing: &'a str,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// How dark the steps are.
const STEPS: [Ink; 6] = [
    RGBColor(0xF3, 0xF5, 0xF7),
    RGBColor(0xE1, 0xE7, 0xEC),
    RGBColor(0xC6, 0xD0, 0xD9),
    RGBColor(0xA3, 0xB2, 0xBF),
    RGBColor(0x5A, 0x6E, 0x7F),
    RGBColor(0x33, 0x47, 0x5A),
];
/// From which step on digits are white.
const DARK: usize = 4;
/// How many steps there are.
pub const HEAT_STEPS: usize = STEPS.len();

/// What names take, what parts the first hour from the others, the hours from the bars, and what stands right of those.
const NAMES: f64 = 52.4;
const APART: f64 = 3.1;
const BARS: f64 = 15.8;
const CHANGES: f64 = 54.0;
/// The part of the width that bars take.
const BAR_PART: f64 = 0.105;
/// What heads and the key take, and the white between cells.
const HEAD: f64 = 12.0;
const KEY: f64 = 19.0;
const BETWEEN: f64 = 1.4;

const TICK: Pen = Pen::new(7.0, THIRD, Side::Middle);
const NAME: Pen = Pen::new(8.0, INK, Side::Left);
const NUMBER: Pen = Pen::new(7.0, THIRD, Side::Right);
const DIGITS: Pen = Pen::new(7.5, INK, Side::Middle);
const WHOLE: Pen = Pen::new(8.0, SECOND, Side::Left);
const CHANGE: Pen = Pen::new(8.0, SECOND, Side::Right).bold();
const TEXT: Pen = Pen::new(7.0, SECOND, Side::Left);

struct Plot {
    step: (f64, f64),
    bars: f64,
    size: Size,
}

impl Plot {
    fn left(&self, at: usize) -> f64 {
        NAMES + self.step.0 * at as f64 + if at > 0 { APART } else { 0.0 }
    }

    fn top(&self, row: usize) -> f64 {
        HEAD + self.step.1 * row as f64
    }
}

impl Heat<'_> {
    /// Draws them.
    ///
    /// # Errors
    /// Invalid: a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let bars = size.0 * BAR_PART;
            let across = (size.0 - NAMES - APART - BARS - bars - CHANGES) / self.hours.len().max(1) as f64;
            let down = (size.1 - HEAD - KEY) / self.rows.len().max(1) as f64;
            let plot = Plot { step: (across, down), bars, size };
            for (at, hour) in self.hours.iter().enumerate() {
                sheet.text(hour, (plot.left(at) + across / 2.0, 6.5), TICK)?;
            }
            let left = size.0 - CHANGES - bars;
            sheet.text(self.heads.0, (left, 6.5), Pen { side: Side::Left, ..TICK })?;
            sheet.text(self.heads.1, (size.0, 6.5), Pen { side: Side::Right, ..TICK })?;
            let most = self.rows.iter().map(|row| row.whole.0).fold(0.0, f64::max);
            let widest = self.rows.iter().map(|row| sheet.width(&row.whole.1, WHOLE)).fold(0.0, f64::max);
            let room = (plot.bars - widest - 3.0).max(1.0);
            for (at, row) in self.rows.iter().enumerate() {
                self.row(sheet, &plot, at, row)?;
                let length = if most > 0.0 { row.whole.0 / most * room } else { 0.0 };
                self.whole(sheet, &plot, at, row, length)?;
            }
            self.key(sheet, &plot)
        })
    }

    fn row(&self, sheet: &Sheet<'_>, plot: &Plot, at: usize, row: &HeatRow) -> Result<()> {
        let (top, height) = (plot.top(at), plot.step.1 - BETWEEN);
        let baseline = top + height / 2.0 + NAME.size * 0.36;
        sheet.text(&row.name.0, (0.0, baseline), NAME)?;
        sheet.text(&row.name.1, (NAMES - 7.0, baseline), NUMBER)?;
        let Some(cells) = &row.cells else {
            let (from, to) = (plot.left(0), plot.left(self.hours.len()) - BETWEEN);
            sheet.hatched((from, top), (to, top + height), EARLIER)?;
            let middle = (from + to) / 2.0;
            let half = sheet.width(self.nothing, TICK) / 2.0 + 4.0;
            sheet.bar((middle - half, top + 2.0), (middle + half, top + height - 2.0), PAPER)?;
            return sheet.text(self.nothing, (middle, baseline), TICK);
        };
        for (hour, cell) in cells.iter().enumerate() {
            let (left, right) = (plot.left(hour), plot.left(hour) + plot.step.0 - BETWEEN);
            let middle = (left + right) / 2.0;
            let step = cell.step.min(STEPS.len() - 1);
            let pen = if step >= DARK && !cell.is_hatched { Pen { ink: PAPER, ..DIGITS } } else { DIGITS };
            match cell.is_hatched {
                true => {
                    sheet.hatched((left, top), (right, top + height), EARLIER)?;
                    let half = sheet.width(&cell.text, DIGITS.bold()) / 2.0 + 2.5;
                    let centre = top + height / 2.0;
                    sheet.bar((middle - half, centre - 5.0), (middle + half, centre + 5.0), PAPER)?;
                    sheet.text(&cell.text, (middle, baseline), DIGITS.bold())?;
                }
                false => {
                    if let Some(ink) = STEPS.get(step) {
                        sheet.bar((left, top), (right, top + height), *ink)?;
                    }
                    sheet.text(&cell.text, (middle, baseline), pen)?;
                }
            }
        }
        Ok(())
    }

    fn whole(&self, sheet: &Sheet<'_>, plot: &Plot, at: usize, row: &HeatRow, length: f64) -> Result<()> {
        let middle = plot.top(at) + (plot.step.1 - BETWEEN) / 2.0;
        let left = plot.size.0 - CHANGES - plot.bars;
        let half = plot.step.1 * 0.56 / 2.0;
        if row.cells.is_some() {
            sheet.bar((left, middle - half), (left + length, middle + half), SECOND)?;
            sheet.text(&row.whole.1, (left + length + 3.0, middle + WHOLE.size * 0.36), WHOLE)?;
        }
        let pen = Pen { ink: row.change.1.text(), ..CHANGE };
        sheet.text(&row.change.0, (plot.size.0, middle + CHANGE.size * 0.36), pen)
    }

    fn key(&self, sheet: &Sheet<'_>, plot: &Plot) -> Result<()> {
        const BOX: (f64, f64) = (14.0, 7.0);
        let baseline = plot.size.1 - 3.0;
        let mut left = NAMES;
        for (step, text) in self.key.0.iter().enumerate() {
            if let Some(ink) = STEPS.get(step) {
                sheet.bar((left, baseline - BOX.1 + 0.5), (left + BOX.0, baseline + 0.5), *ink)?;
            }
            sheet.text(text, (left + BOX.0 + 4.0, baseline), TEXT)?;
            left += BOX.0 + 4.0 + sheet.width(text, TEXT) + 12.0;
        }
        let Some(hatched) = self.key.1 else { return Ok(()) };
        sheet.hatched((left, baseline - BOX.1 + 0.5), (left + BOX.0, baseline + 0.5), EARLIER)?;
        sheet.text(hatched, (left + BOX.0 + 4.0, baseline), TEXT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::face::of_tests;

    fn draw(text: &str, count: usize) -> Result<Drawing> {
        let faces = of_tests();
        let hours: Vec<String> =
            std::iter::once("0–5".to_owned()).chain((6..24).map(|hour| hour.to_string())).collect();
        let cell = |at: usize| HeatCell { step: at % 7, text: text.to_owned(), is_hatched: at.is_multiple_of(9) };
        let row = |at: usize| HeatRow {
            name: ("Wed".into(), "22".into()),
            cells: (at != 3).then(|| (0..hours.len()).map(cell).collect()),
            whole: (at as f64 * 100.0, "10,000".into()),
            change: ("+1,067.8%".into(), Tone::Favourable),
        };
        let rows: Vec<HeatRow> = (0..count).map(row).collect();
        let key: Vec<String> = ["0", "1–9", "10–19", "20–34", "35–49", "50+"].map(str::to_owned).to_vec();
        let heads = ("Trips per day", "vs 4-wk same day");
        let key = (key.as_slice(), Some("Under 10% of the 4-week average (average of at least 5)"));
        Heat { hours: &hours, rows: &rows, heads, key, nothing: "no sales", alt: "hours" }
            .draw(&faces.ruler()?, (756.8, 193.0))
    }

    #[test]
    fn hours_of_all_sizes_are_drawn() {
        for text in ["", "7", "66", "10,000"] {
            let drawn = draw(text, 7).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(drawn.svg.contains("no sales"), "a day without facts says so");
        }
        assert!(draw("7", 0).is_ok());
    }
}
