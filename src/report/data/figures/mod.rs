//! Every figure of a report as a row of a file, exactly as computed: what is drawn, and what is said.

mod members;
mod visitors;

use crate::error::Result;

use super::super::ask;
use super::super::figure::Figure;
use super::super::resolve::{Body, Item, NumberKind, Report, Tile};
use super::{Compared, Data, Days, Drivers, Frame, Kpi, Rank, Shown, Weeks, above, change, halves};

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRow {
    /// The page, from 1.
    pub page: usize,
    /// The tile and what it is of, with dots.
    pub name: String,
    /// This week's value, or what was made of several.
    pub this: Option<Figure>,
    /// The value of the week before.
    pub previous: Option<Figure>,
    /// The average of the four weeks before.
    pub average: Option<Figure>,
    /// What it counts in: a currency, `%` or `pts`; nothing for counts.
    pub unit: String,
}

/// The figures as CSV (RFC 4180) with a header.
///
/// # Errors
/// Internal: they cannot be written.
pub fn csv(rows: &[FigureRow]) -> Result<Vec<u8>> {
    let header = ["page", "name", "this_week", "last_week", "avg_last_four", "unit"].map(str::to_owned);
    let shown = |figure: Option<Figure>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    let record = |row: &FigureRow| {
        let [this, previous, average] = [row.this, row.previous, row.average].map(shown);
        [row.page.to_string(), row.name.clone(), this, previous, average, row.unit.clone()]
    };
    ask::csv(header, rows.iter().map(record))
}

impl Data {
    /// Every figure, page by page and tile by tile.
    pub fn figures(&self, report: &Report) -> Vec<FigureRow> {
        let mut rows = Vec::new();
        for (at, (page, shown)) in report.pages.iter().zip(&self.pages).enumerate() {
            for (tile, shown) in page.tiles.iter().zip(shown) {
                let mut list = List { page: at + 1, tile: tile.name.clone(), frame: &self.frame, rows: &mut rows };
                list.tile(tile, shown);
            }
        }
        rows
    }
}

struct List<'a> {
    page: usize,
    tile: String,
    frame: &'a Frame,
    rows: &'a mut Vec<FigureRow>,
}

impl List<'_> {
    fn tile(&mut self, tile: &Tile, shown: &Shown) {
        match (&tile.body, shown) {
            (Body::Kpis(kpis), Shown::Kpis(_, values)) => {
                kpis.items.iter().zip(values).for_each(|(item, kpi)| self.kpi(item, kpi));
            }
            (Body::Chart(chart), Shown::Days(days)) => self.days(&chart.item, days),
            (Body::Chart(chart), Shown::Weeks(weeks)) => self.weeks(&chart.item, weeks),
            (Body::Waterfall(waterfall), Shown::Drivers(drivers)) => {
                self.compared(&waterfall.item, &drivers.whole);
                self.change(&waterfall.item, &drivers.whole);
                self.add(&format!("{}.effect", waterfall.item.measure.name), drivers.change(), unit(&waterfall.item));
                for (item, effect) in drivers.parts(waterfall) {
                    self.compared(item, &effect.compared);
                    self.change(item, &effect.compared);
                    self.add(&format!("{}.effect", item.measure.name), effect.effect, unit(&waterfall.item));
                }
                self.product(&waterfall.item, drivers);
            }
            (Body::Contributions(asked), Shown::Contributions(data)) => self.contributions(&asked.item, data),
            (Body::Bars(asked), Shown::Bars(bars)) => self.bars(&asked.item, bars),
            (Body::Flow(_), Shown::Flow(flow)) => self.flow(flow),
            (Body::Concentration(_), Shown::Concentration(parts)) => self.concentration(parts),
            (Body::Heat(heat), Shown::Heat(data)) => self.heat(&heat.item, data),
            (Body::Table(table), Shown::Table(rows)) => self.table(table, rows),
            _ => {}
        }
    }

    fn kpi(&mut self, item: &Item, kpi: &Kpi) {
        let measure = &item.measure;
        self.compared(item, &kpi.compared);
        self.change(item, &kpi.compared);
        let average = kpi.compared.change_from_average(measure);
        self.add(&format!("{}.change_average", measure.name), hundredths(item, average), change_unit(item));
        for (week, value) in &kpi.spark {
            self.add(&format!("{}.spark.{}", measure.name, week.first()), *value, unit(item));
        }
    }

    fn days(&mut self, item: &Item, days: &Days) {
        for day in &days.days {
            self.row(&day.day.to_string(), [day.this, day.before, day.average], unit(item));
        }
        let above = above(&days.days);
        // The difference of several days is the sum of theirs, where the measure adds up.
        if let Some([a, b]) = halves(&above).filter(|_| item.measure.is_additive) {
            let first = above.iter().filter(|day| day.day <= a.last).count();
            self.add(&format!("first_{first}_days.change"), Some(a.sum), unit(item));
            self.add(&format!("last_{}_days.change", above.len() - first), Some(b.sum), unit(item));
        }
    }

    fn weeks(&mut self, item: &Item, weeks: &Weeks) {
        for week in &weeks.weeks {
            self.add(&week.week.first().to_string(), week.value, unit(item));
        }
        self.compared(item, &weeks.compared);
        self.change(item, &weeks.compared);
        for (name, compared) in &weeks.parts {
            let unit = item.measure.currency.as_deref().unwrap_or_default();
            self.row(name, [compared.this, compared.previous, compared.average], unit);
        }
        if let Some(rank) = Rank::of(weeks, self.frame) {
            let whole = |n: usize| i128::try_from(n).ok().map(Figure::whole);
            self.add("rank", whole(rank.from_top), "");
            self.add("full_weeks", whole(rank.of), "");
        }
    }

    fn product(&mut self, item: &Item, drivers: &Drivers) {
        let Compared { this, previous, average } = drivers.product;
        self.row("product", [this, previous, average], unit(item));
    }

    fn compared(&mut self, item: &Item, compared: &Compared) {
        self.row(&item.measure.name, [compared.this, compared.previous, compared.average], unit(item));
    }

    fn change(&mut self, item: &Item, compared: &Compared) {
        let change = change(&item.measure, compared.this, compared.previous);
        self.add(&format!("{}.change", item.measure.name), hundredths(item, change), change_unit(item));
    }

    fn add(&mut self, name: &str, this: Option<Figure>, unit: &str) {
        self.row(name, [this, None, None], unit);
    }

    fn row(&mut self, name: &str, values: [Option<Figure>; 3], unit: &str) {
        let name = format!("{}.{name}", self.tile);
        // Shares are told in hundredths, as they are shown.
        let told = |value: Option<Figure>| value.map(|value| value.times(Figure::whole(100)));
        let [this, previous, average] = if unit == SHARE { values.map(told) } else { values };
        self.rows.push(FigureRow { page: self.page, name, this, previous, average, unit: told_unit(unit).to_owned() });
    }
}

/// A change in hundredths, as it is shown: that of a share is in hundredths already.
fn hundredths(item: &Item, change: Option<f64>) -> Option<Figure> {
    let factor = if item.measure.kind == NumberKind::Rate { 1.0 } else { 100.0 };
    change.and_then(|change| Figure::of_double(change * factor))
}

/// The unit of a share, before it is told.
const SHARE: &str = "share";

fn told_unit(unit: &str) -> &str {
    if unit == SHARE { "%" } else { unit }
}

fn change_unit(item: &Item) -> &'static str {
    if item.measure.kind == NumberKind::Rate { "pts" } else { "%" }
}

fn unit(item: &Item) -> &str {
    match item.measure.kind {
        NumberKind::Rate => SHARE,
        _ => item.measure.currency.as_deref().unwrap_or_default(),
    }
}
