//! How far the last week moved, and since when no week was as high or as low.

use chrono::Datelike;

use super::line::Clause;
use super::{moved, number};
use crate::report::data::{Frame, Record, Since, Weeks};
use crate::report::locale::{Direction, Locale, counted};
use crate::report::resolve::Chart;

/// What is said of the last of some weeks: in the line below the headline, and as its tile's title.
pub fn record(locale: &Locale, chart: &Chart, weeks: &Weeks, frame: &Frame) -> (Vec<Clause>, Vec<Clause>) {
    let words = |text: &Option<crate::model::Text>| {
        text.as_ref().and_then(|text| text.get(locale.name)).unwrap_or_default().to_owned()
    };
    let subject = words(&chart.phrases.subject);
    let printed = match weeks.compared.this {
        Some(this) => number(locale, &chart.item, this),
        None => locale.text("word.missing", &[]),
    };
    let value = counted(&words(&chart.phrases.value), &printed);
    let values = [("subject", subject.as_str()), ("value", value.as_str()), ("share", printed.as_str())];
    let change = moved(locale, &chart.item, weeks.compared.change(&chart.item.measure));
    let lead = match change.direction {
        None => "record.no_previous",
        Some(Direction::Flat) => "record.flat",
        Some(Direction::Up) => "record.rose",
        Some(Direction::Down) => "record.fell",
    };
    let lead = Clause::new(locale.text(lead, &values));
    let found = match change.direction {
        None | Some(Direction::Flat) => None,
        Some(_) => Record::of(weeks, frame),
    };
    let (deck, title) = match (found, change.direction) {
        (Some(found), _) => told(locale, found, &values),
        (None, None) => (None, locale.text("record.title_no_previous", &values)),
        (None, Some(Direction::Flat)) => (None, locale.text("record.title_flat", &values)),
        (None, Some(_)) => {
            let values = [values[0], values[1], values[2], ("points", change.text.as_str())];
            (Some(Clause::new(locale.text("record.change", &values))), locale.text("record.title_change", &values))
        }
    };
    (std::iter::once(lead).chain(deck).collect(), vec![Clause::new(title).mandatory()])
}

/// An extreme, behind what is said of the change, and as a title.
fn told(locale: &Locale, found: Record, values: &[(&str, &str); 3]) -> (Option<Clause>, String) {
    let side = if found.is_high { "highest" } else { "lowest" };
    let (form, n, day, month) = match found.since {
        Since::All(n) => ("weeks", n.to_string(), String::new(), String::new()),
        Since::Week(week) => ("since", String::new(), week.first().day().to_string(), locale.month(week.first())),
    };
    let all = [values[0], values[1], values[2], ("n", n.as_str()), ("day", &day), ("month", &month)];
    let key = format!("record.{side}_{form}");
    let clause = Clause::new(locale.text(&key, &all)).with_short(locale.short(&key, &all));
    (Some(clause), locale.text(&format!("record.title_{side}_{form}"), &all))
}
