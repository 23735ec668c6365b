//! Columns over time, with a line at a value.

use super::axis::Axis;
use super::ink::{EARLIER, INK, Ink, SECOND, THIRD};
use super::label::Room;
use super::sheet::{Pen, Sheet, Side, drawing};
use super::{Drawing, Size};
use crate::error::{Error, Result};
use crate::report::face::Ruler;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its value; none where there are no facts.
    pub value: Option<f64>,
    /// How it looks.
    pub look: Look,
    /// What stands above it, if there is room.
    pub label: Option<String>,
    /// What stands below it.
    pub tick: Option<Tick>,
}

/// What stands below a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tick {
    /// What begins there, from the column's left on: a month.
    Begins(String),
    /// Its own name in its middle, and what stands below that.
    Under(String, Option<String>),
}

/// How a column looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As an earlier period.
    Earlier,
    /// As one above the line.
    Above,
    /// As this period.
    This,
    /// As one that is not complete: hatched.
    Partial,
}

/// A line through the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Where.
    pub at: f64,
    /// What it is.
    pub name: String,
    /// The value.
    pub text: String,
}

/// Columns.
#[derive(Debug, Clone)]
pub struct Columns<'a> {
    /// The columns.
    pub columns: &'a [Column],
    /// The line, if there is one.
    pub reference: Option<&'a Reference>,
    /// What stands in a slot without facts, where it is wide enough.
    pub nothing: &'a str,
    /// What it shows, for those who do not see it.
    pub alt: &'a str,
}

/// The part of a step that its column takes.
const BAR: f64 = 0.56;
/// A chart of few columns has them as wide as this many.
const WIDEST: usize = 12;
/// The least step that can be told from the next.
const NARROWEST: f64 = 1.0;
/// What stays free above the columns, for their labels, and below, for the ticks.
const TOP: f64 = 15.0;
const BOTTOM: f64 = 12.0;
/// How far the baseline of ticks is below the columns: what hangs from it, as of a g, has room.
const TICK_BELOW: f64 = 9.6;
/// How far a label is above its column.
const ABOVE: f64 = 3.0;
/// How far a label may be lifted over a neighbour of its column.
const LIFT: f64 = 6.0;
/// Between the columns, the end of the line, its name and its value.
const BESIDE: f64 = 5.0;
const APART: f64 = 10.0;

/// How far names and what stands below them are under the columns, and the room that they need.
const NAMES_BELOW: [f64; 2] = [11.0, 20.5];
const NAMES_ROOM: f64 = 24.0;

const LABEL: Pen = Pen::new(7.5, SECOND, Side::Middle);
const OWN: Pen = Pen::new(8.0, INK, Side::Middle).bold();
const UNDER: Pen = Pen::new(7.0, THIRD, Side::Middle);
const NAME: Pen = Pen::new(8.0, INK, Side::Right);
const VALUE: Pen = Pen::new(9.0, INK, Side::Right).bold();
const TICK: Pen = Pen::new(7.0, THIRD, Side::Left);

struct Plot {
    /// Where the columns stand.
    base: f64,
    size: Size,
    step: f64,
    bar: f64,
    right: f64,
    up: Axis,
}

impl Columns<'_> {
    /// Draws them.
    ///
    /// # Errors
    /// Invalid: there are more columns than can be told apart, or a label does not fit.
    pub fn draw(&self, ruler: &Ruler<'_>, size: Size) -> Result<Drawing> {
        drawing(ruler, size, self.alt, |sheet| {
            let plot = self.plot(sheet, size)?;
            let base = plot.up.at(0.0);
            for (at, column) in self.columns.iter().enumerate() {
                self.column(sheet, &plot, at, column, base)?;
            }
            sheet.line(&[(0.0, base), (plot.right, base)], 0.5, SECOND)?;
            self.labels(sheet, &plot)?;
            self.ticks(sheet, &plot)?;
            match self.reference {
                Some(reference) => mark(sheet, &plot, reference),
                None => Ok(()),
            }
        })
    }

    fn plot(&self, sheet: &Sheet<'_>, size: Size) -> Result<Plot> {
        let beside = self.reference.map_or(0.0, |reference| {
            BESIDE * 2.0 + sheet.width(&reference.name, NAME) + APART + sheet.width(&reference.text, VALUE)
        });
        let right = size.0 - beside;
        let step = right / self.columns.len().max(WIDEST) as f64;
        if step < NARROWEST {
            return Err(Error::invalid(format!(
                "{} columns are more than can be told apart in {:.0} points; show fewer",
                self.columns.len(),
                size.0
            )));
        }
        let values = || self.columns.iter().filter_map(|column| column.value);
        let marked = self.reference.map_or(0.0, |reference| reference.at);
        let range = (values().fold(marked.min(0.0), f64::min), values().fold(marked.max(0.0), f64::max));
        let right = (step * self.columns.len() as f64).max(step);
        let are_named = self.columns.iter().any(|column| matches!(column.tick, Some(Tick::Under(..))));
        let base = size.1 - if are_named { NAMES_ROOM } else { BOTTOM };
        Ok(Plot { base, size, step, bar: step * BAR, right, up: Axis::new(range, (base, TOP)) })
    }

    fn column(&self, sheet: &Sheet<'_>, plot: &Plot, at: usize, column: &Column, base: f64) -> Result<()> {
        let left = plot.left(at);
        let Some(value) = column.value else {
            let top = plot.up.at(0.0) - (plot.up.at(0.0) - TOP).min(12.0);
            sheet.hatched((left, base), (left + plot.bar, top), EARLIER)?;
            let pen = Pen::new(7.0, THIRD, Side::Middle);
            let fits = sheet.width(self.nothing, pen) < plot.step;
            return if fits { sheet.text(self.nothing, (left + plot.bar / 2.0, top - ABOVE), pen) } else { Ok(()) };
        };
        let (from, to) = ((left, base), (left + plot.bar, plot.up.at(value)));
        match column.look {
            Look::Partial => sheet.hatched(from, to, EARLIER),
            look => sheet.bar(from, to, ink(look)),
        }
    }

    /// Labels above their columns, those of larger values first: what would lie over one is left out.
    fn labels(&self, sheet: &Sheet<'_>, plot: &Plot) -> Result<()> {
        let mut labelled: Vec<(usize, f64, &str)> = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(at, column)| Some((at, column.value?, column.label.as_deref()?)))
            .collect();
        let pen_of = |at: usize| match self.columns.get(at).map(|column| column.look) {
            Some(Look::This) => OWN,
            _ => LABEL,
        };
        labelled.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut taken: Vec<Room> = Vec::new();
        for (at, value, text) in labelled {
            let pen = pen_of(at);
            let half = sheet.width(text, pen) / 2.0;
            let x = (plot.left(at) + plot.bar / 2.0).max(half).min((plot.right + 4.0).min(plot.size.0) - half);
            let own = plot.up.at(value.max(0.0));
            let Some(top) = self.highest(plot, (x - half, x + half)).filter(|top| own - top <= LIFT) else { continue };
            let point = (x, top.min(own) - ABOVE);
            let room = Room::of(sheet, text, point, pen);
            if room.is_within(plot.size) && !taken.iter().any(|other| room.meets(other)) {
                sheet.text(text, point, pen)?;
                taken.push(room);
            }
        }
        Ok(())
    }

    /// How high the columns reach that stand below a label.
    fn highest(&self, plot: &Plot, (left, right): (f64, f64)) -> Option<f64> {
        let below = self.columns.iter().enumerate().filter(|(at, _)| {
            let from = plot.left(*at);
            from < right && left < from + plot.bar
        });
        below.filter_map(|(_, column)| column.value).map(|value| plot.up.at(value.max(0.0))).reduce(f64::min)
    }

    fn ticks(&self, sheet: &Sheet<'_>, plot: &Plot) -> Result<()> {
        let mut end = f64::NEG_INFINITY;
        let below = plot.base;
        for (at, column) in self.columns.iter().enumerate() {
            let text = match &column.tick {
                Some(Tick::Begins(text)) => text,
                Some(Tick::Under(name, under)) => {
                    self.name(sheet, plot, (at, column.look), name, under.as_deref())?;
                    continue;
                }
                None => continue,
            };
            let left = plot.left(at);
            let right = left + sheet.width(text, TICK);
            if left < end + BESIDE || right > plot.size.0 {
                continue;
            }
            sheet.line(&[(left, below), (left, below + 3.0)], 0.5, SECOND)?;
            sheet.text(text, (left, below + TICK_BELOW), TICK)?;
            end = right;
        }
        Ok(())
    }
}

impl Columns<'_> {
    /// The name of a column and what stands below it, in its middle.
    fn name(
        &self,
        sheet: &Sheet<'_>,
        plot: &Plot,
        (at, look): (usize, Look),
        name: &str,
        under: Option<&str>,
    ) -> Result<()> {
        let middle = plot.left(at) + plot.bar / 2.0;
        let pen = if look == Look::This { UNDER.bold() } else { UNDER };
        let pen = if look == Look::This { Pen { ink: INK, ..pen } } else { pen };
        sheet.text(name, (middle, plot.base + NAMES_BELOW[0]), pen)?;
        match under {
            Some(under) => sheet.text(under, (middle, plot.base + NAMES_BELOW[1]), UNDER),
            None => Ok(()),
        }
    }
}

impl Plot {
    fn left(&self, at: usize) -> f64 {
        self.step * at as f64 + (self.step - self.bar) / 2.0
    }
}

fn ink(look: Look) -> Ink {
    match look {
        Look::This => INK,
        Look::Above => THIRD,
        Look::Earlier | Look::Partial => EARLIER,
    }
}

/// The line and what it is, beside the columns.
fn mark(sheet: &Sheet<'_>, plot: &Plot, reference: &Reference) -> Result<()> {
    let y = plot.up.at(reference.at);
    let name_left = plot.right + BESIDE * 2.0;
    let name_right = name_left + sheet.width(&reference.name, NAME);
    let right = name_right + APART + sheet.width(&reference.text, VALUE);
    sheet.line(&[(0.0, y), (name_left - BESIDE, y)], 0.7, INK)?;
    sheet.text(&reference.name, (name_right, y + NAME.size * 0.36), NAME)?;
    sheet.text(&reference.text, (right, y + VALUE.size * 0.36), VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::face::of_tests;

    fn draw(values: &[Option<f64>], label: &str) -> Result<Drawing> {
        let faces = of_tests();
        let ruler = faces.ruler()?;
        let columns: Vec<Column> = values
            .iter()
            .enumerate()
            .map(|(at, value)| Column {
                value: *value,
                look: if at == 0 { Look::Partial } else { Look::Earlier },
                label: Some(label.to_owned()),
                tick: Some(Tick::Begins("1月".into())),
            })
            .collect();
        let reference = Reference {
            at: values.iter().flatten().copied().next().unwrap_or(0.0),
            name: "本週".into(),
            text: "9萬".into(),
        };
        let nothing = "無交易";
        Columns { columns: &columns, reference: Some(&reference), nothing, alt: "" }.draw(&ruler, (756.0, 93.0))
    }

    #[test]
    fn few_and_many_columns_are_drawn() {
        for count in [0, 1, 2, 12, 53, 300] {
            let values: Vec<Option<f64>> = (0..count).map(|at| Some(f64::from(at) * 7.0 % 50.0)).collect();
            let drawn = draw(&values, "9.34萬").unwrap_or_else(|error| panic!("{count}: {error}"));
            assert!(drawn.svg.matches("<rect").count() >= (count as usize).saturating_sub(1));
        }
        let error = draw(&[Some(1.0); 10_000], "x").unwrap_err();
        assert!(error.message().starts_with("10000 columns"), "{error}");
    }

    #[test]
    fn nothing_hangs_out() {
        // The letters that hang lowest do so by less than a quarter of their size.
        let drawn = draw(&[Some(40.0), Some(50.0)], "gjpqy").unwrap();
        let number = |text: &str, name: &str| -> f64 {
            text.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        let lowest = drawn.svg.split("<text ").skip(1).map(|text| number(text, "y") + number(text, "font-size") / 4.0);
        let lowest = lowest.fold(0.0, f64::max);
        assert!(lowest <= drawn.height * 20.0, "{lowest} of {}", drawn.height * 20.0);
    }

    #[test]
    fn labels_give_way_to_larger_values() {
        let drawn = draw(&[Some(40.0), Some(50.0)], "a label as wide as several columns").unwrap();
        assert_eq!(drawn.svg.matches("a label as wide").count(), 1);
    }

    #[test]
    fn what_is_below_zero_hangs_and_what_is_missing_is_hatched() {
        let drawn = draw(&[Some(-10.0), None, Some(20.0), Some(1e15)], "x").unwrap();
        assert!(drawn.svg.contains("無交易"), "{}", drawn.svg);
        assert!(draw(&[Some(0.0), Some(0.0)], "0").is_ok());
        assert!(draw(&[None, None], "0").is_ok());
    }
}
