//! Weeks as a line.

use super::numbers::{Numbers, size};
use super::weeks::{about, month_ticks, weekly_alt};
use super::{Easel, Made};
use crate::error::Result;
use crate::report::chart::{Mark, Trend, ticks_around};
use crate::report::data::{FOUR, Weeks};
use crate::report::figure::Figure;
use crate::report::finding::{Clause, quoted_or_missing, record, title};
use crate::report::page::{Body, Picture};
use crate::report::resolve::{Chart, Tile};
use crate::report::spec::{ChartMark, Finding};

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, chart: &Chart, data: &Weeks) -> Result<Made> {
    let (locale, item) = (easel.locale, &chart.item);
    // A week that is not complete says nothing beside those that are.
    let shown: Vec<Option<Figure>> = data.weeks.iter().map(|week| week.value.filter(|_| week.is_complete)).collect();
    let average = data.compared.average.filter(|_| chart.mark == Some(ChartMark::AverageOfFour));
    let known = || shown.iter().flatten().copied().chain(average);
    let numbers = Numbers::new(locale, item, known());
    let ticks: Vec<(f64, String)> =
        ticks_around(known().map(Figure::double)).into_iter().map(|tick| (tick, numbers.tick(tick))).collect();
    let months: Vec<(usize, String)> = month_ticks(locale, data).into_iter().collect();
    let end = data.this().map_or_else(String::new, |this| numbers.text(this, false));
    let first_of_four = shown.len().saturating_sub(1 + FOUR as usize);
    let average_text = |average| locale.text("trend.average", &[("x", &numbers.text(average, false))]);
    let values: Vec<Option<f64>> = shown.iter().map(|value| value.map(Figure::double)).collect();
    let alt = weekly_alt(easel, chart, data, "alt.trend", average);
    let trend = Trend {
        values: &values,
        ticks: &ticks,
        months: &months,
        marks: &marks(&shown, &numbers),
        end: &end,
        average: average.map(|average| (first_of_four, average.double(), average_text(average))),
        alt: &alt,
    };
    let drawing = trend.draw(easel.ruler, size(tile))?;
    let (deck, named) = match chart.finding {
        Some(Finding::Record) => record(locale, chart, data, easel.frame),
        _ => {
            let value = quoted_or_missing(locale, item, data.this());
            let values = [("measure", title(locale, item)), ("value", value.as_str())];
            (Vec::new(), vec![Clause::new(locale.text("weeks.title", &values))])
        }
    };
    let mut subtitle = vec![Clause::new(about(easel, chart, data))];
    // An axis that does not begin at zero says so.
    if let Some((_, text)) = ticks.first().filter(|(low, _)| *low != 0.0) {
        subtitle.push(Clause::new(locale.text("trend.sub_axis", &[("x", text)])).mandatory());
    }
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title: named,
        subtitle,
        headline: Vec::new(),
        deck,
    })
}

/// The labels of the highest and the lowest week before this one, which has its own.
fn marks(shown: &[Option<Figure>], numbers: &Numbers<'_>) -> Vec<Mark> {
    let known = || shown.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?)));
    let (high, low) = (Figure::largest(known(), |(_, value)| *value), Figure::smallest(known(), |(_, value)| *value));
    let is_last = |at: usize| at + 1 == shown.len();
    let mark = |(at, value): (usize, Figure), is_above| Mark { at, text: numbers.text(value, false), is_above };
    let told = [(high, true), (low, false)].into_iter().filter_map(|(found, is_above)| Some((found?, is_above)));
    let mut marks: Vec<Mark> =
        told.filter(|((at, _), _)| !is_last(*at)).map(|(found, is_above)| mark(found, is_above)).collect();
    // Weeks that are all alike have one label.
    marks.dedup_by_key(|mark| mark.at);
    marks
}
