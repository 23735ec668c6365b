//! How many there were in the last week, and how many more or fewer than in the week before.

use super::line::Clause;
use super::percent;
use crate::report::data::Weeks;
use crate::report::figure::Figure;
use crate::report::locale::{Locale, counted};
use crate::report::resolve::Chart;

/// What may be told in percent: the fewest in the week before and in this one.
const MANY_BEFORE: Figure = Figure::whole(20);
const MANY: Figure = Figure::whole(2);

/// What is said of the last of some weeks: in the line below the headline, and as its tile's title.
pub fn count(locale: &Locale, chart: &Chart, weeks: &Weeks) -> (Vec<Clause>, Vec<Clause>) {
    let (Some(this), Some(forms)) = (weeks.compared.this, &chart.phrases.counted) else {
        return (Vec::new(), vec![Clause::new(locale.text("word.missing", &[]))]);
    };
    let [many, one, none] = forms.each_ref().map(|words| words.get(locale.name).unwrap_or_default());
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let (pattern, form) = match whole(this).as_str() {
        "0" => (none, "_zero"),
        "1" => (one, "_one"),
        _ => (many, ""),
    };
    let says = counted(pattern, &whole(this));
    let unit = super::unit(locale, &chart.item).filter(|_| locale.is_chinese()).unwrap_or_default();
    let (key, by) = match weeks.compared.previous {
        None => ("no_previous".to_owned(), String::new()),
        Some(before) => {
            let difference = this.minus(before);
            let side = if difference.is_negative() { "fewer" } else { "more" };
            let in_percent = before.compared(MANY_BEFORE).is_ge()
                && this.compared(MANY).is_ge()
                && difference.distance().compared(before).is_le();
            match difference.distance().over(before).filter(|_| in_percent) {
                _ if difference.is_zero() => (format!("same{form}"), String::new()),
                Some(share) => (side.to_owned(), percent(locale, share)),
                None => (side.to_owned(), format!("{}{unit}", whole(difference.distance()))),
            }
        }
    };
    let values = [("says", says.as_str()), ("by", by.as_str())];
    let said = |place: &str| {
        let own = format!("count.{place}_{key}");
        vec![Clause::new(locale.text(&own, &values))]
    };
    (said("deck"), said("title"))
}
