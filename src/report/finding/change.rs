//! A change and what drove it: how far the measure moved, and the largest effects either way.

use chrono::Datelike;

use super::line::Clause;
use super::{moved, quoted, title, whole};
use crate::report::data::{Drivers, Effect, Frame};
use crate::report::figure::Figure;
use crate::report::locale::{Direction, Locale};
use crate::report::resolve::{Directions, Driver, Waterfall};

/// What is said of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As a page's headline.
    pub headline: Vec<Clause>,
    /// As its tile's title.
    pub title: Vec<Clause>,
}

/// What is said of a change in a language.
pub fn change(locale: &Locale, waterfall: &Waterfall, data: &Drivers, frame: &Frame, nothing: &str) -> Change {
    let item = &waterfall.item;
    let measure = title(locale, item);
    let value = data.whole.this.map_or_else(|| locale.text("word.missing", &[]), |this| quoted(locale, item, this));
    let values = [("measure", measure), ("value", value.as_str())];
    let gap = gap(locale, frame, nothing);
    let Some(difference) = data.change().filter(|_| frame.previous().is_some()) else {
        let lead = Clause::new(locale.text("change.no_previous", &values)).mandatory();
        let title = Clause::new(locale.text("note.no_previous", &[])).mandatory();
        return Change { headline: std::iter::once(lead).chain(gap).collect(), title: vec![title] };
    };
    let change = moved(locale, item, data.whole.change(&item.measure));
    let lead = match change.direction {
        Some(Direction::Flat) => locale.text("change.flat", &values),
        Some(direction) => {
            let key = if direction == Direction::Up { "change.up" } else { "change.down" };
            locale.text(key, &[values[0], values[1], ("pct", &change.size)])
        }
        None => {
            let before = data.whole.previous.map(|before| quoted(locale, item, before)).unwrap_or_default();
            locale.text("change.no_base", &[values[0], values[1], ("before", &before)])
        }
    };
    let told = told(locale, waterfall, data);
    let is_flat = change.direction == Some(Direction::Flat);
    let second = gap.or_else(|| drivers_clause(locale, &ordered(&told, !difference.is_negative(), false)));
    let headline = std::iter::once(Clause::new(lead).mandatory()).chain(second).collect();
    let in_title = ordered(&told, !difference.is_negative(), is_flat);
    Change { headline, title: title_clauses(locale, waterfall, &in_title) }
}

/// A driver whose change shows, and what it did.
#[derive(Debug, Clone, Copy)]
struct Told<'a> {
    driver: &'a Driver,
    effect: Figure,
    /// Whether the total that it may be said against went the other way.
    against: bool,
}

impl Told<'_> {
    fn rose(&self) -> bool {
        !self.effect.is_negative()
    }

    /// What is said of it, right behind the driver of the measure `before`.
    fn says(&self, locale: &Locale, before: Option<&str>) -> String {
        let after = self.driver.after.as_ref().filter(|(other, _)| Some(other.as_str()) == before);
        let says = match (after, &self.driver.against) {
            (Some((_, says)), _) => says,
            (None, Some((_, says, _))) if self.against => says,
            _ => &self.driver.says,
        };
        self.directed(locale, says)
    }

    fn subject(&self, locale: &Locale) -> String {
        match &self.driver.against {
            Some((_, _, subject)) if self.against => self.directed(locale, subject),
            _ => self.directed(locale, &self.driver.subject),
        }
    }

    fn directed(&self, locale: &Locale, says: &Directions) -> String {
        let words = if self.rose() { &says.up } else { &says.down };
        words.get(locale.name).unwrap_or_default().to_owned()
    }
}

/// The drivers with the largest effect up and down, of those whose change is not flat as printed.
fn told<'a>(locale: &Locale, waterfall: &'a Waterfall, data: &Drivers) -> Vec<Told<'a>> {
    let shows = |driver: &Driver, effect: &Effect| {
        let change = effect.compared.change(&driver.item.measure);
        moved(locale, &driver.item, change).direction.is_some_and(|direction| direction != Direction::Flat)
    };
    let all: Vec<Told<'_>> = waterfall
        .drivers
        .iter()
        .zip(&data.drivers)
        .filter(|(driver, effect)| shows(driver, effect))
        .filter_map(|(driver, of)| {
            let effect = of.effect?;
            let against = of.total_change.is_some_and(|total| (total < 0.0) != effect.is_negative() && total != 0.0);
            Some(Told { driver, effect, against })
        })
        .collect();
    let largest = |rose: bool| {
        let of_sign = all.iter().copied().filter(|told| told.rose() == rose && !told.effect.is_zero());
        Figure::largest(of_sign, |told| told.effect.distance())
    };
    [largest(true), largest(false)].into_iter().flatten().collect()
}

/// The two in the order in which they are said: the one of the total's sign first, or the one that did more.
fn ordered<'a>(told: &[Told<'a>], rose: bool, by_size: bool) -> Vec<Told<'a>> {
    let mut ordered = told.to_vec();
    if by_size {
        ordered.sort_by(|a, b| b.effect.distance().compared(a.effect.distance()));
    } else {
        ordered.sort_by_key(|told| told.rose() != rose);
    }
    ordered
}

fn drivers_clause(locale: &Locale, told: &[Told<'_>]) -> Option<Clause> {
    let first = told.first()?;
    let driver_a = first.says(locale, None);
    let Some(second) = told.get(1) else {
        return Some(Clause::new(locale.text("change.drivers_one", &[("driver_a", &driver_a)])));
    };
    let driver_b = second.says(locale, Some(&first.driver.item.measure.name));
    let values = [("driver_a", driver_a.as_str()), ("driver_b", driver_b.as_str())];
    let short = locale.short("change.drivers_two", &values);
    Some(Clause::new(locale.text("change.drivers_two", &values)).with_short(short))
}

fn title_clauses(locale: &Locale, waterfall: &Waterfall, told: &[Told<'_>]) -> Vec<Clause> {
    let Some(first) = told.first() else {
        let measure = locale.lowered(title(locale, &waterfall.item));
        return vec![Clause::new(locale.text("drivers.title_flat", &[("measure", &measure)])).mandatory()];
    };
    let amount = |told: &Told<'_>| whole(locale, &waterfall.item, told.effect.distance());
    let key = if first.rose() { "drivers.title_added" } else { "drivers.title_took" };
    let lead = locale.text(key, &[("driver_a", &first.subject(locale)), ("x", &amount(first))]);
    let second = told.get(1).map(|second| {
        let key = if second.rose() { "drivers.title_then_added" } else { "drivers.title_then_took" };
        Clause::new(locale.text(key, &[("driver_b", &second.subject(locale)), ("y", &amount(second))]))
    });
    std::iter::once(Clause::new(lead).mandatory()).chain(second).collect()
}

/// The days of the week without facts, which must not be missed.
fn gap(locale: &Locale, frame: &Frame, nothing: &str) -> Option<Clause> {
    let clause = match frame.gaps.as_slice() {
        [] => return None,
        [day] => locale.text(
            "gap.one",
            &[
                ("nothing", nothing),
                ("weekday", &locale.weekday(*day)),
                ("wd", &locale.weekday_period(*day)),
                ("day", &day.day().to_string()),
                ("month", &locale.month(*day)),
            ],
        ),
        days => locale.text("gap.several", &[("nothing", nothing), ("n", &days.len().to_string())]),
    };
    Some(Clause::new(clause).mandatory())
}
