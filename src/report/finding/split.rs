//! Days beside those of the week before: where the week splits into days above and days below.

use super::line::Clause;
use super::{quoted, title};
use crate::report::data::{Above, Day, Frame, Run, above, halves, runs, smaller};
use crate::report::figure::Figure;
use crate::report::locale::Locale;
use crate::report::period::DAYS;
use crate::report::resolve::Item;

/// What is said of the days of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// In the line below the headline.
    pub deck: Vec<Clause>,
    /// As the tile's title.
    pub title: Vec<Clause>,
    /// The runs of days above or below, in order.
    pub runs: Vec<Run>,
    /// The two parts that the week splits into, if it is told so.
    pub halves: Option<[Run; 2]>,
}

/// The part of the week before that a part must come to at least, to be told.
const TOLD: Figure = Figure::whole(100);
/// Below which part of the smaller one both nearly cancel.
const CANCELS: Figure = Figure::whole(10);
/// The part of the week before by which days are above it that are called strong.
const STRONG: Figure = Figure::whole(10);

/// What is said of the days in a language; `verb` says what they did: "sold".
pub fn split(locale: &Locale, item: &Item, verb: &str, days: &[Day], frame: &Frame) -> Split {
    let above = above(days);
    if frame.previous().is_none() || above.is_empty() {
        let best = best(locale, item, verb, days);
        return Split { deck: best.clone(), title: best, runs: Vec::new(), halves: None };
    }
    let before = days.iter().filter_map(|day| day.before).reduce(Figure::plus).unwrap_or(Figure::ZERO);
    let halves = halves(&above).filter(|[a, b]| smaller(a.sum, b.sum).times(TOLD).compared(before).is_ge());
    let deck = match &halves {
        Some(halves) => told_halves(locale, item, verb, halves),
        None => told_days(locale, item, verb, &above, before),
    };
    Split { deck, title: title_of(locale, &above, days, frame), runs: runs(&above), halves }
}

fn told_halves(locale: &Locale, item: &Item, verb: &str, [a, b]: &[Run; 2]) -> Vec<Clause> {
    let key = if a.sum.is_negative() { "split.less_more" } else { "split.more_less" };
    let text = locale.text(
        key,
        &[
            ("range_a", &locale.weekdays(a.first, a.last)),
            ("range_b", &locale.weekdays(b.first, b.last)),
            ("verb", verb),
            ("x", &quoted(locale, item, a.sum.distance())),
            ("y", &quoted(locale, item, b.sum.distance())),
        ],
    );
    let net = a.sum.plus(b.sum).distance();
    let cancels = net.times(CANCELS).compared(smaller(a.sum, b.sum)).is_lt() && locale.has("split.nearly_cancel");
    let cancel = cancels.then(|| Clause::new(locale.text("split.nearly_cancel", &[])));
    std::iter::once(Clause::new(text).sentence()).chain(cancel).collect()
}

/// The largest day up and the largest down, of those that are worth telling; the one of the total's sign first.
fn told_days(locale: &Locale, item: &Item, verb: &str, above: &[Above], before: Figure) -> Vec<Clause> {
    let total = above.iter().map(|day| day.by).reduce(Figure::plus).unwrap_or(Figure::ZERO);
    let largest = |up: bool| {
        let of_sign = above.iter().filter(|day| !day.by.is_zero() && day.by.is_negative() != up);
        let best = Figure::largest(of_sign, |day| day.by.distance());
        best.filter(|day| day.by.distance().times(TOLD).compared(before).is_ge())
    };
    let mut told: Vec<&Above> = [largest(true), largest(false)].into_iter().flatten().collect();
    told.sort_by_key(|day| day.by.is_negative() != total.is_negative());
    match told.as_slice() {
        [a, b] => {
            let run = |day: &Above| Run { first: day.day, last: day.day, sum: day.by };
            // What nearly cancels is said of whole weeks alone.
            told_halves(locale, item, verb, &[run(a), run(b)]).into_iter().take(1).collect()
        }
        [only] => {
            let key = if only.by.is_negative() { "split.less" } else { "split.more" };
            let x = quoted(locale, item, only.by.distance());
            let values = [("range_a", locale.weekday(only.day)), ("verb", verb.to_owned()), ("x", x)];
            vec![Clause::new(locale.text(key, &values.each_ref().map(|(name, value)| (*name, value.as_str()))))]
        }
        _ => Vec::new(),
    }
}

/// Without a week before: the day with the most.
fn best(locale: &Locale, item: &Item, verb: &str, days: &[Day]) -> Vec<Clause> {
    let known = days.iter().filter_map(|day| Some((day.day, day.this?)));
    let Some((day, value)) = Figure::largest(known, |(_, value)| *value) else { return Vec::new() };
    let values = [
        ("weekday", locale.weekday(day)),
        ("verb", verb.to_owned()),
        ("measure", title(locale, item).to_owned()),
        ("x", quoted(locale, item, value)),
    ];
    vec![Clause::new(locale.text("split.no_previous", &values.each_ref().map(|(name, value)| (*name, value.as_str()))))]
}

fn title_of(locale: &Locale, above: &[Above], days: &[Day], frame: &Frame) -> Vec<Clause> {
    let ups = above.iter().filter(|day| !day.by.is_negative() && !day.by.is_zero()).count();
    let counted = |key: &str, n: usize| {
        let (count, digits) = (locale.count(n), n.to_string());
        Clause::new(
            locale.text(&locale.form(key, n), &[("count", &count), ("n", &digits), ("days", &DAYS.to_string())]),
        )
    };
    let whole = frame.gaps.is_empty() && above.len() as u64 == DAYS;
    let turns = runs(above);
    match turns.as_slice() {
        [only] if whole && !only.sum.is_zero() && only.sum.is_negative() => {
            vec![counted("days.title_all_below", above.len())]
        }
        [only] if whole && !only.sum.is_zero() => vec![counted("days.title_all_above", above.len())],
        // A day that is as the week before is neither above nor below.
        [first, rest] if whole && opposite(first, rest) => {
            let n = above.iter().filter(|day| day.day <= first.last).count();
            let then = above.len() - n;
            if first.sum.is_negative() {
                return vec![counted("days.title_below", n), counted("days.title_then_above", then)];
            }
            let base =
                days.iter().filter(|day| day.day <= first.last).filter_map(|day| day.before).reduce(Figure::plus);
            let strong = base.is_some_and(|base| first.sum.times(STRONG).compared(base).is_ge());
            match strong {
                true => vec![counted("days.title_strong", n), counted("days.title_strong_then_below", then)],
                false => vec![counted("days.title_above", n), counted("days.title_then_below", then)],
            }
        }
        _ => vec![counted("days.title_mixed", ups)],
    }
}

fn opposite(a: &Run, b: &Run) -> bool {
    !a.sum.is_zero() && !b.sum.is_zero() && a.sum.is_negative() != b.sum.is_negative()
}

#[cfg(test)]
mod tests {
    use chrono::{Days, NaiveDate};

    use super::*;
    use crate::model::{Arithmetic, Parts, Text};
    use crate::report::resolve::{Measured, NumberKind};

    fn monday() -> NaiveDate {
        "2017-11-20".parse().unwrap()
    }

    /// What is said in English of days against a hundred each.
    fn said(by: [i64; 7]) -> (String, String) {
        let title = Text::new([("en".to_owned(), "Takings".to_owned())]);
        let parts = Parts { names: vec!["takings".into()], arithmetic: Arithmetic::Part(0) };
        let (kind, name) = (NumberKind::Amount, "takings".to_owned());
        let parts = Some(parts);
        let measure = Measured { name, parts, kind, currency: None, better: None, is_additive: true };
        let item = Item { measure, title, unit: None, target: None };
        let frame = Frame::of_tests(&monday().to_string(), &(monday() - Days::new(70)).to_string());
        let whole = |value: i64| Some(Figure::whole(value.into()));
        let day = |(at, by): (usize, i64)| Day {
            day: monday() + Days::new(at as u64),
            this: whole(100 + by),
            before: whole(100),
            average: None,
        };
        let days: Vec<Day> = by.into_iter().enumerate().map(day).collect();
        let split = split(&Locale::of("en").unwrap(), &item, "made", &days, &frame);
        let joined = |clauses: &[Clause]| clauses.iter().map(|clause| clause.long.as_str()).collect::<String>();
        (joined(&split.deck), joined(&split.title))
    }

    #[test]
    fn weeks_are_told_by_where_they_turn() {
        let (deck, title) = said([10, 10, 10, -10, -10, -10, -9]);
        assert_eq!(deck, "Monday–Wednesday made 30 more than last week, Thursday–Sunday 39 less");
        assert_eq!(title, "three strong days, then four below last week", "a tenth above is strong");
        assert_eq!(said([9, 9, 9, -10, -10, -10, -9]).1, "three days above last week, then four below");
        assert_eq!(said([-20, 9, 9, 9, 9, 9, 9]).1, "one day below last week, then six above");
        assert_eq!(said([5; 7]).1, "all 7 days above last week");
        assert_eq!(said([-5; 7]).1, "all 7 days below last week");
        assert_eq!(said([5, 0, 5, -5, 5, -5, 5]).1, "4 of 7 days above last week");
    }

    #[test]
    fn little_is_not_told_and_one_sign_tells_its_largest_day() {
        assert_eq!(said([0; 7]).0, "");
        assert_eq!(said([6, 0, 0, 0, 0, 0, -6]).0, "", "less than a hundredth of the week before");
        assert_eq!(said([7, 0, 0, 0, 0, 0, -7]).0, "Monday made 7 more than last week, Tuesday–Sunday 7 less");
        assert_eq!(said([8, 9, 9, 0, 0, 0, 0]).0, "Tuesday made 9 more than last week", "of equal days the earlier");
    }
}
