//! The figures of tiles about who comes, how much they bring and when.

use chrono::Datelike;

use super::{List, SHARE, change_unit, hundredths};
use crate::report::data::{Beside, Concentration, FOUR, Flow, Heat, change};
use crate::report::figure::Figure;
use crate::report::resolve::Item;

impl List<'_> {
    pub(super) fn flow(&mut self, flow: &Flow) {
        let frame = self.frame;
        let of = |back: u64| flow.weeks.iter().find(|week| week.week == frame.week.before(back));
        let mut row = |name: &str, value: &dyn Fn(u64) -> Option<Figure>| {
            let four: Option<Vec<Figure>> = (1..=FOUR).map(value).collect();
            let average = four.and_then(|four| Figure::mean(&four));
            self.row(name, [value(0), value(1), average], "");
        };
        row("base", &|back| of(back)?.base);
        let moves = |back: u64| of(back)?.moves;
        row("new", &|back| Some(moves(back)?.new));
        row("returned", &|back| Some(moves(back)?.returned));
        row("lapsed", &|back| Some(moves(back)?.lapsed));
        self.add("base.change", flow.change(frame), "");
        for week in &flow.weeks {
            let (day, Some(moves)) = (week.week.first(), week.moves) else { continue };
            self.add(&format!("{day}.gained"), Some(moves.gained()), "");
            self.add(&format!("{day}.lapsed"), Some(moves.lapsed), "");
            self.add(&format!("{day}.net"), Some(moves.net()), "");
            self.add(&format!("{day}.base"), week.base, "");
        }
    }

    pub(super) fn concentration(&mut self, concentration: &Concentration) {
        for (at, part) in concentration.parts.iter().enumerate() {
            self.row(&(at + 1).to_string(), [Some(part.share), part.previous, part.average], SHARE);
            self.add(&format!("{}.mean", at + 1), part.mean, "");
        }
        self.add("first_2", concentration.top(2), SHARE);
    }

    pub(super) fn heat(&mut self, item: &Item, heat: &Heat) {
        for day in &heat.days {
            let name = day.day.weekday().to_string().to_lowercase();
            for (hour, cell) in heat.hours.iter().zip(&day.cells) {
                self.beside(&format!("{name}.{hour}"), cell.beside);
            }
            self.beside(&name, day.whole);
            let change = change(&item.measure, Some(day.whole.this), day.whole.average);
            self.add(&format!("{name}.change_average"), hundredths(item, change), change_unit(item));
        }
        if let Some(lull) = heat.lull() {
            let name = lull.day.weekday().to_string().to_lowercase();
            self.row(
                &format!("lull.{name}.{}_{}", lull.first, lull.last),
                [Some(lull.this), None, Some(lull.average)],
                "",
            );
        }
    }

    fn beside(&mut self, name: &str, beside: Beside) {
        self.row(name, [Some(beside.this), beside.previous, beside.average], "");
    }
}
