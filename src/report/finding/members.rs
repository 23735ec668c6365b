//! Which member moved most from its last four weeks.

use super::line::Clause;
use super::{member, moved, number, title};
use crate::report::data::{Bars, Member};
use crate::report::locale::{Direction, Locale};
use crate::report::resolve::Bars as Asked;

/// What is said of members: behind what is said of all of them, and as their tile's title.
pub fn members(locale: &Locale, asked: &Asked, data: &Bars) -> (Vec<Clause>, Vec<Clause>) {
    let measure = &asked.item.measure;
    let direction = moved(locale, &asked.item, data.total.change(measure)).direction;
    let shows = |found: &(&Member, f64)| {
        moved(locale, &asked.item, Some(found.1)).direction.is_some_and(|direction| direction != Direction::Flat)
    };
    let most = |up: bool| data.most(measure, up).filter(shows);
    // A member that moved against all of them explains nothing, but may be a title.
    let explains = match direction {
        Some(Direction::Up) => most(true),
        Some(Direction::Down) => most(false),
        Some(Direction::Flat) | None => None,
    };
    let any = || {
        let both = [most(true), most(false)].into_iter().flatten();
        both.reduce(|best, next| if next.1.abs() > best.1.abs() { next } else { best })
    };
    let deck = explains.filter(|_| asked.explains).map(|(found, change)| {
        let key = if change > 0.0 { "members.most_up" } else { "members.most_down" };
        Clause::new(locale.text(key, &[("member", &named(locale, asked, found))]))
    });
    let title = match explains.or_else(any) {
        Some((found, change)) => vec![moved_title(locale, asked, found, change > 0.0)],
        None => highest(locale, asked, data).into_iter().collect(),
    };
    (deck.into_iter().collect(), title)
}

fn named(locale: &Locale, asked: &Asked, found: &Member) -> String {
    locale.lowered(&member(locale, &asked.by, Some(&found.key)).0)
}

fn moved_title(locale: &Locale, asked: &Asked, found: &Member, rose: bool) -> Clause {
    let shown = |figure: Option<_>| {
        figure.map_or_else(|| locale.text("word.missing", &[]), |figure| number(locale, &asked.item, figure))
    };
    let (a, b) = (shown(found.compared.average), shown(found.compared.this));
    let measure = locale.lowered(title(locale, &asked.item));
    let subject = asked.subject.get(locale.name).unwrap_or_default();
    let name = named(locale, asked, found);
    let values =
        [("member", name.as_str()), ("measure", &measure), ("subject", subject), ("a", a.as_str()), ("b", b.as_str())];
    let key = if rose { "members.title_up" } else { "members.title_down" };
    Clause::new(locale.text(key, &values)).with_short(locale.short(key, &values)).mandatory()
}

/// Where nothing moved, or nothing is known of four weeks: the largest.
fn highest(locale: &Locale, asked: &Asked, data: &Bars) -> Option<Clause> {
    let first = data.members.first()?;
    let measure = locale.lowered(title(locale, &asked.item));
    let subject = asked.subject.get(locale.name).unwrap_or_default();
    let (name, b) = (named(locale, asked, first), number(locale, &asked.item, first.compared.this?));
    let values = [("member", name.as_str()), ("measure", &measure), ("subject", subject), ("b", &b)];
    Some(Clause::new(locale.text("members.title_no_four", &values)).mandatory())
}
