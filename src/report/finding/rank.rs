//! Where the last week stands among the complete weeks of its year.

use super::line::Clause;
use super::{quoted, title};
use crate::report::data::{Frame, Place, Rank, Weeks};
use crate::report::figure::Figure;
use crate::report::locale::Locale;
use crate::report::resolve::Item;

/// What is said of the last of some weeks: in the line below the headline, and as its tile's title.
pub fn rank(locale: &Locale, item: &Item, weeks: &Weeks, frame: &Frame) -> (Vec<Clause>, Vec<Clause>) {
    let measure = title(locale, item);
    let Some(rank) = Rank::of(weeks, frame) else {
        let this = weeks.complete().find(|(week, _)| *week == frame.week).map(|(_, value)| value);
        let value = quoted(locale, item, this.unwrap_or(Figure::ZERO));
        let text = locale.text("rank.title_none", &[("measure", measure), ("value", &value)]);
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
        vec![Clause::new(locale.text(&format!("{key}{form}"), &values))]
    };
    (said("rank.deck"), said("rank.title"))
}
