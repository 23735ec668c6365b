//! What a base gained and lost.

use std::cmp::Ordering;

use super::line::Clause;
use crate::report::data::{Flow, Frame};
use crate::report::figure::Figure;
use crate::report::locale::{Locale, filled};
use crate::report::resolve::Flow as Asked;

/// What is said of a base: as a page's headline, below it, and as its tile's title.
pub fn flow(locale: &Locale, asked: &Asked, data: &Flow, frame: &Frame) -> (Vec<Clause>, Vec<Clause>, Vec<Clause>) {
    let own = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let unit = asked.unit.as_ref().map(own).unwrap_or_default();
    let Some(this) = data.this(frame) else {
        let missing = Clause::new(locale.text("flow.no_four", &[])).mandatory();
        return (vec![missing.clone()], Vec::new(), vec![missing]);
    };
    let mut headline = Vec::new();
    match this.base {
        Some(base) => {
            headline.push(Clause::new(filled(&own(&asked.base), &[("n", &whole(base))])).mandatory());
            match data.extreme(frame) {
                Some(Ordering::Greater) => headline.push(Clause::new(locale.text("flow.most", &[]))),
                Some(Ordering::Less) => headline.push(Clause::new(locale.text("flow.fewest", &[]))),
                _ => {}
            }
        }
        None => headline.push(Clause::new(filled(&own(&asked.own), &[("n", &whole(this.own))])).mandatory()),
    }
    if let Some(change) = data.change(frame) {
        let d = format!("{}{unit}", whole(change.distance()));
        let key = match (change.is_zero(), change.is_negative()) {
            (true, _) => "flow.same",
            (_, true) => "flow.fewer",
            (_, false) => "flow.more",
        };
        headline.push(Clause::new(locale.text(key, &[("d", &d)])));
    }
    let Some(moves) = this.moves else {
        return (headline, Vec::new(), vec![Clause::new(locale.text("flow.no_four", &[])).mandatory()]);
    };
    let (new, returned, lapsed) = (whole(moves.new), whole(moves.returned), whole(moves.lapsed));
    let said = filled(&own(&asked.moves), &[("new", &new), ("returned", &returned), ("lapsed", &lapsed)]);
    let title = filled(&own(&asked.title), &[("gained", &whole(moves.gained())), ("lost", &lapsed)]);
    let titles = vec![Clause::new(title).mandatory(), run(locale, data, frame, moves.net(), &unit)];
    (headline, vec![Clause::new(said)], titles)
}

/// For how many weeks it has grown or shrunk, or by how much.
fn run(locale: &Locale, data: &Flow, frame: &Frame, net: Figure, unit: &str) -> Clause {
    let side = if net.is_negative() { "loss" } else { "gain" };
    let d = format!("{}{unit}", locale.fixed(net.distance(), 0, None, false));
    Clause::new(match data.run(frame) {
        0 => locale.text("flow.even", &[]),
        1 => locale.text(&format!("flow.{side}"), &[("d", &d)]),
        n => {
            let (ordinal, count) = (locale.ordinal(n), locale.count(n));
            locale.text(&format!("flow.{side}_run"), &[("ordinal", &ordinal), ("count", &count)])
        }
    })
}
