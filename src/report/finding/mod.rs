//! What figures say: pure rules from a tile's data to clauses in a language. Each rule has its fallback, so that no sentence
//! says more than its figures do.

mod change;
mod contributions;
mod count;
mod flow;
mod heat;
mod lead;
mod line;
mod members;
mod rank;
mod record;
mod split;
#[cfg(test)]
mod tests;

pub use change::{Change, change};
pub use contributions::contributions;
pub use count::count;
pub use flow::flow;
pub use heat::{heat, lull_text};
pub use lead::lead;
pub use line::{Clause, Line};
pub use members::members;
pub use rank::rank;
pub use record::record;
pub use split::{Split, split};

use super::figure::Figure;
use super::locale::{Change as Moved, Currency, Locale};
use super::resolve::{Dimension, Item, NumberKind};

/// A number of a measure as a sentence quotes it, with its unit where the language writes it behind.
pub fn quoted(locale: &Locale, item: &Item, figure: Figure) -> String {
    with_unit(locale, item, &number(locale, item, figure))
}

/// A number of a measure as a sentence quotes it, or the sign that there is none.
pub fn quoted_or_missing(locale: &Locale, item: &Item, figure: Option<Figure>) -> String {
    figure.map_or_else(|| locale.text("word.missing", &[]), |figure| quoted(locale, item, figure))
}

/// A number of a measure as it stands alone.
pub fn number(locale: &Locale, item: &Item, figure: Figure) -> String {
    let currency = currency(locale, item);
    match item.measure.kind {
        NumberKind::PerUnit(decimals) if !locale.is_abbreviated(figure) => {
            locale.fixed(figure, decimals, currency.as_ref(), false)
        }
        NumberKind::Amount | NumberKind::PerUnit(_) => locale.amount(figure, currency.as_ref()),
        NumberKind::Rate => locale.rate(figure),
    }
}

/// A number of a measure that is not abbreviated, since rows are compared digit by digit; or the sign that there is none.
pub fn exact(locale: &Locale, item: &Item, figure: Option<Figure>) -> String {
    let Some(figure) = figure else { return locale.text("word.missing", &[]) };
    let currency = currency(locale, item);
    match item.measure.kind {
        NumberKind::Amount => locale.fixed(figure, 0, currency.as_ref(), false),
        NumberKind::PerUnit(decimals) => locale.fixed(figure, decimals, currency.as_ref(), false),
        NumberKind::Rate => locale.rate(figure),
    }
}

/// A number of a measure that is not abbreviated, as a sentence quotes it.
pub fn whole(locale: &Locale, item: &Item, figure: Figure) -> String {
    with_unit(locale, item, &exact(locale, item, Some(figure)))
}

/// A change of a measure.
pub fn moved(locale: &Locale, item: &Item, change: Option<f64>) -> Moved {
    match item.measure.kind {
        NumberKind::Rate => locale.points(change),
        _ => locale.change(change),
    }
}

/// A change of a measure without its unit, which a head says: of a share in hundredths of it.
pub fn moved_bare(locale: &Locale, item: &Item, change: Option<f64>) -> Moved {
    match item.measure.kind {
        NumberKind::Rate => locale.points_bare(change),
        _ => locale.change(change),
    }
}

/// What a member of a dimension is called, and in few words if there are such; unknown ones have no name of their own.
pub fn member(locale: &Locale, dimension: &Dimension, key: Option<&str>) -> (String, Option<String>) {
    let Some(key) = key else { return (locale.text("word.unknown", &[]), None) };
    let labels = dimension.labels.as_ref();
    let long = labels.and_then(|labels| labels.get(key, locale.name)).unwrap_or(key);
    let short = labels.and_then(|labels| labels.short(key, locale.name));
    (long.to_owned(), short.map(str::to_owned))
}

/// A ratio that a sentence makes: whole percents.
pub fn percent(locale: &Locale, share: Figure) -> String {
    format!("{}%", locale.fixed(share.times(Figure::whole(100)), 0, None, false))
}

/// The currency that a measure counts in.
pub fn currency(locale: &Locale, item: &Item) -> Option<Currency> {
    item.measure.currency.as_ref().map(|code| locale.currency(code))
}

/// What a measure counts in, as it stands beside its title.
pub fn unit(locale: &Locale, item: &Item) -> Option<String> {
    let own = item.unit.as_ref().and_then(|unit| unit.get(locale.name)).map(str::to_owned);
    own.or_else(|| Some(currency(locale, item)?.code))
}

/// The title of a measure.
pub fn title<'a>(locale: &Locale, item: &'a Item) -> &'a str {
    item.title.get(locale.name).unwrap_or_default()
}

/// The title of a measure within a sentence, with its unit: `revenue, US$`.
pub fn described(locale: &Locale, item: &Item) -> String {
    let what = locale.lowered(title(locale, item));
    match unit(locale, item) {
        Some(unit) => locale.text("word.with_unit", &[("what", &what), ("unit", &unit)]),
        None => what,
    }
}

fn with_unit(locale: &Locale, item: &Item, number: &str) -> String {
    let unit = if locale.is_chinese() { unit(locale, item) } else { None };
    locale.text("word.amount", &[("n", number), ("unit", unit.as_deref().unwrap_or_default())])
}
