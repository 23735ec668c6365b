//! Where the last week stands among the complete weeks of its year.

use super::line::Clause;
use super::{quoted_or_missing, title};
use crate::report::data::{Frame, Place, Rank, Weeks};
use crate::report::locale::Locale;
use crate::report::resolve::Item;

/// What is said of the last of some weeks: in the line below the headline, and as its tile's title.
pub fn rank(locale: &Locale, item: &Item, weeks: &Weeks, frame: &Frame) -> (Vec<Clause>, Vec<Clause>) {
    let measure = title(locale, item);
    let Some(rank) = Rank::of(weeks, frame) else {
        // A week without a value has no place, however many there are.
        let key = if weeks.this().is_some() { "rank.title_none" } else { "weeks.title" };
        let value = quoted_or_missing(locale, item, weeks.this());
        let text = locale.text(key, &[("measure", measure), ("value", &value)]);
        return (Vec::new(), vec![Clause::new(text)]);
    };
    let (form, place) = match rank.place {
        Place::First => ("_first", 1),
        Place::High(place) => ("", place),
        Place::Low(place) => ("_low", place),
        Place::Last => ("_last", 1),
    };
    let (ordinal, digits, n) = (locale.ordinal(place), place.to_string(), rank.of.to_string());
    let said = |key: &str| {
        let values = [("ordinal", ordinal.as_str()), ("rank", &digits), ("n", &n), ("measure", measure)];
        vec![Clause::new(locale.text(&format!("{key}{form}"), &values)).sentence()]
    };
    (said("rank.deck"), said("rank.title"))
}
