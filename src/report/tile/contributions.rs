//! A change by members: a table of what each was and is, and bars of what it did.

use super::{Easel, Made, tone};
use crate::error::Result;
use crate::report::chart::{Step, Tone, Waterfall as Bars};
use crate::report::data::{Compared, Contributions, Member, difference};
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause, currency, member, moved, title, unit};
use crate::report::locale::Direction;
use crate::report::page::{Body, Cell, Column, Grid, POINTS, Picture, Row};
use crate::report::resolve::{CONTRIBUTIONS, Contributions as Asked, Tile};

/// The widths of names, of this week and the last, and of the two changes, in millimetres; the bars have what is left.
const NAMES: f64 = 32.0;
const WEEKS: [f64; 2] = [15.2, 16.2];
const CHANGES: [f64; 2] = [16.1, 13.47];
/// What stays free above the first row.
const ABOVE: f64 = 0.93;
/// The size of texts in rows and of heads.
const ROW: f64 = 8.0;
const HEAD: f64 = 7.0;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, asked: &Asked, data: &Contributions) -> Result<Made> {
    let locale = easel.locale;
    let (headline, named) = finding::contributions(locale, asked, data);
    let drawn = Drawn { easel, tile, asked, data, has_previous: data.change().is_some() };
    let lines = drawn.lines();
    let (picture, axis) = drawn.bars(&lines)?;
    let columns = drawn.columns(axis)?;
    let rows = lines.iter().map(|line| drawn.row(line)).collect::<Result<Vec<_>>>()?;
    let grid = Grid {
        columns,
        rows,
        under: CONTRIBUTIONS.head,
        above: ABOVE,
        pitch: CONTRIBUTIONS.pitch,
        picture: Some(picture),
        over: 1 + WEEKS.len(),
    };
    let subtitle = vec![Clause::new(drawn.described())];
    Ok(Made { body: Body::Grid(grid), title: named, subtitle, headline, deck: Vec::new() })
}

struct Drawn<'a> {
    easel: &'a Easel<'a>,
    tile: &'a Tile,
    asked: &'a Asked,
    data: &'a Contributions,
    has_previous: bool,
}

/// A row before it is written.
struct Line<'a> {
    name: String,
    short: Option<String>,
    kind: Kind,
    compared: &'a Compared,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Member,
    Others,
    Total,
}

impl<'a> Drawn<'a> {
    /// Those that gained, the others, those that lost, and all.
    fn lines(&self) -> Vec<Line<'a>> {
        let locale = self.easel.locale;
        let of = |found: &'a Member| {
            let (name, short) = member(locale, &self.asked.by, Some(&found.key));
            Line { name, short, kind: Kind::Member, compared: &found.compared }
        };
        let mut lines: Vec<Line<'a>> = self.data.gains.iter().map(of).collect();
        if let Some(others) = &self.data.others {
            let name = match others.count {
                0 => locale.text("word.unknown", &[]),
                n => {
                    let (one, many) = &self.asked.nouns;
                    let noun = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
                    let (one, many, n_text) = (noun(one), noun(many), n.to_string());
                    let values = [("n", n_text.as_str()), ("one", &one), ("many", &many)];
                    locale.text(&locale.form("contributions.others", n), &values)
                }
            };
            lines.push(Line { name, short: None, kind: Kind::Others, compared: &others.compared });
        }
        lines.extend(self.data.losses.iter().map(of));
        let name = locale.text("table.total", &[]);
        lines.push(Line { name, short: None, kind: Kind::Total, compared: &self.data.total });
        lines
    }

    fn bars_width(&self) -> f64 {
        self.tile.area.width - NAMES - WEEKS.iter().sum::<f64>() - CHANGES.iter().sum::<f64>()
    }

    fn columns(&self, axis: f64) -> Result<Vec<Column>> {
        let (locale, item) = (self.easel.locale, &self.asked.item);
        let sign = match currency(locale, item) {
            Some(currency) if !currency.sign.is_empty() => Some(currency.sign.trim().to_owned()),
            _ => unit(locale, item),
        };
        let head = |key: &str| locale.text(key, &[]);
        let in_unit = |key: &str| match &sign {
            Some(sign) => locale.text("word.head_unit", &[("what", &head(key)), ("unit", sign)]),
            None => head(key),
        };
        let by = self.asked.by.title.get(locale.name).unwrap_or_default().to_owned();
        let bars = if self.has_previous { in_unit("contributions.head_change") } else { String::new() };
        let last = match self.has_previous {
            true => [head("contributions.head_change_share"), head("contributions.head_points")],
            false => [String::new(), head("contributions.head_share")],
        };
        let before = if self.has_previous { head("drivers.head_last_week") } else { String::new() };
        let [share, points] = last;
        let texts = [by, in_unit("drivers.head_this_week"), before, bars, share, points];
        let widths = [NAMES, WEEKS[0], WEEKS[1], self.bars_width(), CHANGES[0], CHANGES[1]];
        let mut columns = Vec::new();
        for (at, (text, width)) in texts.into_iter().zip(widths).enumerate() {
            let indent = if at == 1 + WEEKS.len() { axis } else { 0.0 };
            let head = self.easel.cut(&text, Weight::Regular, HEAD, width - indent)?;
            columns.push(Column { head, indent, width, is_right: !matches!(at, 0 | 3) });
        }
        Ok(columns)
    }

    fn row(&self, line: &Line<'_>) -> Result<Row> {
        let (locale, item, easel) = (self.easel.locale, &self.asked.item, self.easel);
        let is_total = line.kind == Kind::Total;
        let weight = if is_total { Weight::Bold } else { Weight::Regular };
        let whole = |figure: Option<Figure>| {
            figure.map_or_else(|| locale.text("word.missing", &[]), |figure| locale.fixed(figure, 0, None, false))
        };
        let name_fill = if line.kind == Kind::Others { "third" } else { "ink" };
        let mut cells = vec![Cell::new(self.name(line)?).filled(name_fill).bold(is_total)];
        let change = moved(locale, item, line.compared.change(&item.measure)).text;
        let texts = match self.has_previous {
            true => [whole(line.compared.this), whole(line.compared.previous), change, self.points(line.compared)],
            false => [whole(line.compared.this), String::new(), String::new(), self.share(line.compared)],
        };
        let fills = ["ink", "third", if is_total { "ink" } else { "second" }, if is_total { "ink" } else { "second" }];
        for ((text, fill), width) in texts.into_iter().zip(fills).zip(WEEKS.into_iter().chain(CHANGES)) {
            cells.push(Cell::new(easel.number(text, weight, ROW, width)?).filled(fill).bold(is_total));
        }
        Ok(Row { cells, is_total })
    }

    /// A row's name, in few words where the long ones do not fit.
    fn name(&self, line: &Line<'_>) -> Result<String> {
        let weight = if line.kind == Kind::Total { Weight::Bold } else { Weight::Regular };
        self.easel.shortened(&line.name, line.short.as_deref(), weight, ROW, NAMES - 1.0)
    }

    /// A change as a part of what all were: in hundredths of it.
    fn points(&self, compared: &Compared) -> String {
        let locale = self.easel.locale;
        let part = difference(compared).zip(self.data.total.previous).and_then(|(change, all)| change.over(all));
        locale.points_bare(part.map(|part| part.times(Figure::whole(100)).double())).text
    }

    /// A value as a part of all.
    fn share(&self, compared: &Compared) -> String {
        let part = compared.this.zip(self.data.total.this).and_then(|(this, all)| this.over(all));
        part.map_or_else(|| self.easel.locale.text("word.missing", &[]), |part| self.easel.locale.rate(part))
    }

    /// The bars, and how far the axis is from their left, in millimetres.
    fn bars(&self, lines: &[Line<'_>]) -> Result<(Picture, f64)> {
        let steps: Vec<Step> = lines.iter().map(|line| self.step(line)).collect();
        let alt = self.alt();
        let pitch = CONTRIBUTIONS.pitch * POINTS;
        let above = ABOVE * POINTS;
        let size = (self.bars_width() * POINTS, above + pitch * lines.len() as f64);
        let bars = Bars { steps: &steps, names: &[], pitch, above, alt: &alt };
        let (drawing, axis) = bars.draw(self.easel.ruler, size)?;
        let names = lines.iter().map(|line| self.name(line)).collect::<Result<Vec<_>>>()?;
        let (alone, _) = Bars { names: &names, ..bars }.draw(self.easel.ruler, size)?;
        let picture = Picture { alone: Some(alone.svg), ..Picture::new(&self.tile.name, drawing, Some(alt.clone())) };
        Ok((picture, axis / POINTS))
    }

    fn step(&self, line: &Line<'_>) -> Step {
        let locale = self.easel.locale;
        if !self.has_previous {
            let Some(this) = line.compared.this.filter(|_| line.kind != Kind::Total) else { return Step::Empty };
            return Step::Single { to: this.double(), tone: None, label: String::new() };
        }
        let change = difference(line.compared).unwrap_or(Figure::ZERO);
        let label = locale.fixed(change, 0, None, true);
        match line.kind {
            Kind::Total => Step::Sum { label },
            Kind::Others => Step::Single { to: change.double(), tone: None, label },
            Kind::Member => Step::Single { to: change.double(), tone: Some(self.meaning(change)), label },
        }
    }

    fn meaning(&self, change: Figure) -> Tone {
        let direction = match (change.is_zero(), change.is_negative()) {
            (true, _) => Direction::Flat,
            (_, true) => Direction::Down,
            (_, false) => Direction::Up,
        };
        tone(self.asked.item.measure.better, Some(direction))
    }

    /// What the rows are, below the title.
    fn described(&self) -> String {
        let locale = self.easel.locale;
        let own =
            |words: Option<&crate::model::Text>| words.and_then(|words| words.get(locale.name)).map(str::to_owned);
        let whole = own(self.asked.whole.as_ref()).unwrap_or_else(|| locale.text("contributions.whole", &[]));
        let measure = locale.lowered(title(locale, &self.asked.item));
        let by = locale.lowered(self.asked.by.title.get(locale.name).unwrap_or_default());
        let key = if self.has_previous { "contributions.sub" } else { "contributions.sub_no_previous" };
        locale.text(key, &[("measure", &measure), ("dimension", &by), ("whole", &whole)])
    }

    fn alt(&self) -> String {
        let (locale, item) = (self.easel.locale, &self.asked.item);
        let measure = locale.lowered(title(locale, item));
        let by = locale.lowered(self.asked.by.title.get(locale.name).unwrap_or_default());
        let key = if self.has_previous { "contributions.what" } else { "contributions.what_no_previous" };
        let what = locale.text(key, &[("measure", &measure), ("dimension", &by)]);
        let what = match unit(locale, item) {
            Some(unit) => locale.text("word.with_unit", &[("what", &what), ("unit", &unit)]),
            None => what,
        };
        let (week, before) = (self.easel.frame.week.number().0, self.easel.frame.week.before(1).number().0);
        let told = |found: Option<&Member>| {
            let found = found?;
            let value = if self.has_previous { found.change() } else { found.compared.this };
            Some((
                self.easel.spoken(&member(locale, &self.asked.by, Some(&found.key)).0),
                locale.fixed(value?, 0, None, self.has_previous),
            ))
        };
        let (first, last) = (told(self.data.shown().next()), told(self.data.shown().last()));
        let total = if self.has_previous { self.data.change() } else { self.data.total.this };
        let total = total.map_or_else(String::new, |total| locale.fixed(total, 0, None, self.has_previous));
        let mut alt = locale.text(
            if self.has_previous { "alt.contributions" } else { "alt.contributions_no_previous" },
            &[("what", &what), ("week", &week.to_string()), ("week_before", &before.to_string())],
        );
        if let (Some((most, max)), Some((least, min))) = (first, last) {
            let values = [("most", most.as_str()), ("max", &max), ("least", &least), ("min", &min)];
            alt.push_str(&locale.text("alt.contributions_ends", &values));
        }
        alt.push_str(&locale.text("alt.total", &[("t", &total)]));
        alt + self.easel.sentences().1
    }
}
