//! Tables laid out: columns as wide as what they hold, Chinese counted double, numbers to the right, NULL apart. On a
//! terminal they fit its width: texts are cut, and where that is not enough, each row stands upright.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::grid::{Column, Grid, Side};

const NULL: &str = "NULL";
const GAP: &str = "  ";
/// Between a name and its value where rows stand upright.
const BAR: &str = " │ ";
/// Texts are not cut below this: less of them says nothing.
const LEAST: usize = 12;

/// What a table is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Sheet {
    /// A terminal's width in columns of a character; elsewhere there is none.
    pub(in crate::cli) width: Option<usize>,
    /// Whether NULL is told apart from a text by its colour.
    pub(in crate::cli) colour: bool,
    /// Whether numbers are written as the model formats them, for people.
    pub(in crate::cli) formats: bool,
    /// How rows stand.
    pub(in crate::cli) form: Form,
}

/// How rows stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Form {
    /// Side by side where that fits, upright where not.
    Fitting,
    /// Side by side, however wide.
    Abreast,
    /// Each as a block of names and values.
    Upright,
}

impl Sheet {
    /// As wide as need be, without colours.
    pub(in crate::cli) const PLAIN: Self = Self { width: None, colour: false, formats: false, form: Form::Fitting };
}

/// A table as text, and whether some value in it was cut.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Laid {
    pub(in crate::cli) text: String,
    pub(in crate::cli) cut: bool,
}

/// Lays a table out as its sheet says.
pub(in crate::cli) fn lay_out(grid: &Grid, sheet: Sheet) -> Laid {
    let natural: Vec<usize> = grid.columns.iter().map(Column::width).collect();
    let whole = || Laid { text: abreast(grid, &natural, sheet.colour), cut: false };
    let room = match (sheet.form, sheet.width) {
        (Form::Upright, width) => return upright(grid, width.unwrap_or(usize::MAX), sheet.colour),
        (Form::Abreast, _) | (Form::Fitting, None) => return whole(),
        (Form::Fitting, Some(room)) => room,
    };
    let gaps = GAP.len() * natural.len().saturating_sub(1);
    match shared(grid, &natural, room.saturating_sub(gaps)) {
        Some(widths) => Laid { cut: widths != natural, text: abreast(grid, &widths, sheet.colour) },
        None => upright(grid, room, sheet.colour),
    }
}

/// The columns' widths within `room`: the widest texts give way first, none below its name or [`LEAST`].
fn shared(grid: &Grid, natural: &[usize], room: usize) -> Option<Vec<usize>> {
    let within = |limit: usize| {
        let width = |(column, natural): (&Column, &usize)| {
            if column.cuts { (*natural).min(limit.max(column.name.width())) } else { *natural }
        };
        grid.columns.iter().zip(natural).map(width).collect::<Vec<_>>()
    };
    let fits = |limit: usize| within(limit).iter().sum::<usize>() <= room;
    let widest = natural.iter().copied().max().unwrap_or_default();
    if fits(widest) {
        return Some(natural.to_vec());
    }
    if !fits(LEAST) {
        return None;
    }
    let (mut low, mut high) = (LEAST, widest);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(middle) { low = middle } else { high = middle }
    }
    Some(within(low))
}

impl Column {
    /// What its name and values take.
    fn width(&self) -> usize {
        self.values.iter().map(|value| value_width(value.as_deref())).fold(self.name.width(), usize::max)
    }

    /// One line of a value, cut and filled to a width.
    fn cell(&self, row: usize, line: usize, width: usize, colour: bool) -> String {
        match &self.values[row] {
            Some(value) => self.pad(&cut(value.split('\n').nth(line).unwrap_or_default(), width), width),
            None if line > 0 => " ".repeat(width),
            None if colour => format!("\x1b[2m{}\x1b[0m", self.pad(NULL, width)),
            None => self.pad(NULL, width),
        }
    }

    fn pad(&self, text: &str, width: usize) -> String {
        let space = " ".repeat(width.saturating_sub(text.width()));
        if self.side == Side::Right { format!("{space}{text}") } else { format!("{text}{space}") }
    }

    /// On how many lines a value stands.
    fn lines(&self, row: usize) -> usize {
        self.values[row].as_ref().map_or(1, |value| value.split('\n').count())
    }
}

fn value_width(value: Option<&str>) -> usize {
    value.unwrap_or(NULL).split('\n').map(UnicodeWidthStr::width).max().unwrap_or_default()
}

/// The text if it fits, else its beginning and an ellipsis.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let (mut end, mut taken) = (0, 1);
    for (at, character) in text.char_indices() {
        taken += character.width().unwrap_or_default();
        if taken > width {
            break;
        }
        end = at + character.len_utf8();
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

fn rows(grid: &Grid) -> usize {
    grid.columns.first().map_or(0, |column| column.values.len())
}

/// Columns side by side.
fn abreast(grid: &Grid, widths: &[usize], colour: bool) -> String {
    let mut text = String::new();
    let mut line = |cells: Vec<String>| {
        text.push_str(cells.join(GAP).trim_end());
        text.push('\n');
    };
    let columns = || grid.columns.iter().zip(widths);
    line(columns().map(|(column, width)| column.pad(&column.name, *width)).collect());
    line(widths.iter().map(|width| "─".repeat(*width)).collect());
    for row in 0..rows(grid) {
        let height = grid.columns.iter().map(|column| column.lines(row)).max().unwrap_or(1);
        for at in 0..height {
            line(columns().map(|(column, width)| column.cell(row, at, *width, colour)).collect());
        }
    }
    text
}

/// Each row as a block of names and values.
fn upright(grid: &Grid, room: usize, colour: bool) -> Laid {
    let names = grid.columns.iter().map(|column| column.name.width()).max().unwrap_or_default();
    let room = room.saturating_sub(names + BAR.width()).max(LEAST);
    let (mut text, mut cuts) = (String::new(), false);
    for row in 0..rows(grid) {
        let head = format!("── row {} ", row + 1);
        text.push_str(&format!("{head}{}\n", "─".repeat((names + BAR.width() + LEAST).saturating_sub(head.width()))));
        for column in &grid.columns {
            let width = value_width(column.values[row].as_deref());
            // Numbers are longer than a terminal is wide in no case that matters, and stay whole in that one.
            let width = if column.cuts { width.min(room) } else { width };
            cuts |= value_width(column.values[row].as_deref()) > width;
            for at in 0..column.lines(row) {
                let name = if at == 0 { column.name.as_str() } else { "" };
                let space = " ".repeat(names - name.width());
                let line = format!("{name}{space}{BAR}{}", column.cell(row, at, width, colour));
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
    }
    Laid { text, cut: cuts }
}

#[cfg(test)]
mod tests;
