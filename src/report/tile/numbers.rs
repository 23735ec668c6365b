//! The numbers of a chart.

use crate::report::figure::Figure;
use crate::report::finding::currency;
use crate::report::locale::{Currency, Locale, Scale};
use crate::report::page::POINTS;
use crate::report::resolve::{Item, NumberKind, Tile};

/// How far below a tile's top its chart begins, in millimetres.
const BODY: f64 = 12.0;

/// How the numbers of a chart are written: all alike.
pub(super) struct Numbers<'a> {
    locale: &'a Locale,
    item: &'a Item,
    scale: Scale,
    currency: Option<Currency>,
}

impl<'a> Numbers<'a> {
    pub(super) fn new(locale: &'a Locale, item: &'a Item, values: impl Iterator<Item = Figure>) -> Self {
        let largest = Figure::largest(values.map(Figure::distance), |value| *value);
        let scale = locale.scale(largest.unwrap_or(Figure::ZERO));
        Self { locale, item, scale, currency: currency(locale, item) }
    }

    pub(super) fn text(&self, figure: Figure, signed: bool) -> String {
        match self.item.measure.kind {
            NumberKind::Amount => self.locale.scaled(figure, &self.scale, self.currency.as_ref(), signed),
            NumberKind::PerUnit(decimals) => self.locale.fixed(figure, decimals, self.currency.as_ref(), signed),
            NumberKind::Rate => self.locale.rate(figure),
        }
    }

    /// The number alone, where its unit stands beside another.
    pub(super) fn bare(&self, figure: Figure) -> String {
        match self.item.measure.kind {
            NumberKind::Amount => self.locale.scaled(figure, &self.scale.wordless(), None, false),
            NumberKind::PerUnit(decimals) => self.locale.fixed(figure, decimals, None, false),
            NumberKind::Rate => self.locale.rate(figure),
        }
    }

    pub(super) fn tick(&self, value: f64) -> String {
        let figure = Figure::Double(value);
        match self.item.measure.kind {
            NumberKind::Rate => self.locale.rate_tick(figure),
            _ => self.locale.tick(figure, &self.scale, self.currency.as_ref()),
        }
    }
}

/// The size of a tile's chart, in points.
pub(super) fn size(tile: &Tile) -> (f64, f64) {
    (tile.area.width * POINTS, (tile.area.height - BODY) * POINTS)
}
