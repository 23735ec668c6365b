//! The day with the most, and hours in which it all but stopped.

use chrono::Datelike;

use super::line::Clause;
use crate::report::data::{Frame, Heat, Lull};
use crate::report::figure::Figure;
use crate::report::locale::{Locale, filled};
use crate::report::resolve::Heat as Asked;

/// What is said of the hours of a week: below the page's headline, and as their tile's title.
pub fn heat(locale: &Locale, asked: &Asked, data: &Heat, frame: &Frame, nothing: &str) -> (Vec<Clause>, Vec<Clause>) {
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let many = asked.names[0].get(locale.name).unwrap_or_default();
    let Some(leader) = data.leader() else { return (Vec::new(), Vec::new()) };
    let (weekday, n) = (locale.weekday(leader.day), whole(leader.whole.this));
    let mut title =
        vec![Clause::new(locale.text("heat.led", &[("weekday", &weekday), ("n", &n), ("many", many)])).mandatory()];
    let mut deck = Vec::new();
    if let Some(gap) = gap(locale, frame, nothing) {
        let (in_deck, in_title) = gap;
        deck.push(Clause::new(in_deck).mandatory());
        title.push(Clause::new(in_title).mandatory());
        return (deck, title);
    }
    if let Some(lull) = data.lull() {
        let lulled = asked.lull.get(locale.name).unwrap_or_default();
        let (weekday, hours) = (locale.weekday(lull.day), hours(locale, &lull, false));
        deck.push(Clause::new(filled(lulled, &[("weekday", &weekday), ("hours", &hours)])));
        title.push(Clause::new(lull_text(locale, &lull, "heat.lull")));
    }
    (deck, title)
}

/// A lull in words: when it was, what was left, and what there usually is.
pub fn lull_text(locale: &Locale, lull: &Lull, key: &str) -> String {
    let (n, m) = (locale.fixed(lull.this, 0, None, false), locale.fixed(lull.average, 0, None, false));
    let zero = format!("{key}_zero");
    let key = if lull.this.is_zero() && locale.has(&zero) { &zero } else { key };
    let (weekday, hours) = (locale.weekday(lull.day), hours(locale, lull, true));
    locale.text(key, &[("weekday", &weekday), ("hours_on", &hours), ("n", &n), ("m", &m)])
}

/// The hours of a lull; one that lasts to the day's end has no end of its own.
fn hours(locale: &Locale, lull: &Lull, on: bool) -> String {
    let (hour, end) = (lull.first.to_string(), (lull.last + 1).to_string());
    match (lull.last, on) {
        (23, true) => locale.text("word.from_hour_on", &[("hour", &hour)]),
        (23, false) => locale.text("word.from_hour", &[("hour", &hour)]),
        _ => locale.text("word.hours", &[("hour", &hour), ("end", &end)]),
    }
}

/// Days without facts, in a deck and in a title.
fn gap(locale: &Locale, frame: &Frame, nothing: &str) -> Option<(String, String)> {
    match frame.gaps.as_slice() {
        [] => None,
        [day] => {
            let values = [
                ("nothing", nothing.to_owned()),
                ("weekday", locale.weekday(*day)),
                ("wd", locale.weekday_period(*day)),
                ("day", day.day().to_string()),
                ("month", locale.month(*day)),
            ];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            Some((locale.text("heat.gap", &values), locale.text("heat.title_gap", &values)))
        }
        days => {
            let n = days.len().to_string();
            let values = [("nothing", nothing), ("n", n.as_str())];
            Some((locale.text("heat.gaps", &values), locale.text("heat.title_gaps", &values)))
        }
    }
}
