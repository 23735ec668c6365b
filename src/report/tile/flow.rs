//! What a base of four weeks gained and lost, week by week.

use super::numbers::size;
use super::{Easel, Made};
use crate::error::Result;
use crate::report::chart::{Figures, Limb, Stand, Standing, Tone};
use crate::report::data::{Flow, FlowWeek, Moves};
use crate::report::figure::Figure;
use crate::report::finding::{self, Clause};
use crate::report::page::{Body, Picture};
use crate::report::resolve::{Flow as Asked, Tile};

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, asked: &Asked, data: &Flow) -> Result<Made> {
    let locale = easel.locale;
    let own = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
    let (headline, deck, title) = finding::flow(locale, asked, data, easel.frame);
    let shown: Vec<(&FlowWeek, Moves)> = data.weeks.iter().filter_map(|week| Some((week, week.moves?))).collect();
    let shown = &shown[shown.len().saturating_sub(asked.last as usize)..];
    if shown.is_empty() || shown.last().is_none_or(|(week, _)| week.week != easel.frame.week) {
        let body = Body::Text { paragraphs: Vec::new() };
        return Ok(Made { body, title, subtitle: vec![Clause::new(own(&asked.about))], headline, deck });
    }
    let signed = |figure: Figure| locale.fixed(figure, 0, None, true);
    let column = |(week, moves): &(&FlowWeek, Moves)| {
        let is_this = week.week == easel.frame.week;
        let limb = |figure: Figure, label: String, tone| Limb {
            size: figure.double().max(0.0),
            label,
            tone: is_this.then_some(tone),
        };
        let lost = Figure::ZERO.minus(moves.lapsed);
        Stand {
            up: limb(moves.gained(), signed(moves.gained()), Tone::Favourable),
            down: Some(limb(moves.lapsed, signed(lost), Tone::Adverse)),
            mark: None,
            is_bold: is_this,
        }
    };
    let columns: Vec<Stand> = shown.iter().map(column).collect();
    let row = |name: String, of: &dyn Fn(&FlowWeek, Moves) -> String| Figures {
        name,
        texts: shown.iter().map(|(week, moves)| of(week, *moves)).collect(),
        stand_out: true,
    };
    let missing = || locale.text("word.missing", &[]);
    let rows = [
        row(locale.text("flow.week_of", &[]), &|week, _| locale.date_tick(week.week.first())),
        row(locale.text("flow.net", &[]), &|_, moves| signed(moves.net())),
        row(own(&asked.names[2]), &|week, _| week.base.map_or_else(missing, |base| locale.fixed(base, 0, None, false))),
    ];
    let sides = (own(&asked.names[0]), own(&asked.names[1]));
    let alt = alt(easel, asked, shown);
    let standing = Standing { columns: &columns, sides: Some((&sides.0, &sides.1)), rows: &rows, alt: &alt };
    let drawing = standing.draw(easel.ruler, size(tile))?;
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title,
        subtitle: vec![Clause::new(own(&asked.about))],
        headline,
        deck,
    })
}

fn alt(easel: &Easel<'_>, asked: &Asked, shown: &[(&FlowWeek, Moves)]) -> String {
    let locale = easel.locale;
    let own = |words: &crate::model::Text| locale.lowered(words.get(locale.name).unwrap_or_default());
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let most = |of: fn(&Moves) -> Figure| {
        let found = Figure::largest(shown.iter(), |(_, moves)| of(moves));
        found.map_or_else(Default::default, |(week, moves)| (locale.date_tick(week.week.first()), whole(of(moves))))
    };
    let ((date_max, max), (date_min, min)) = (most(|moves| moves.gained()), most(|moves| moves.lapsed));
    let Some((_, this)) = shown.last() else { return String::new() };
    let values = [
        ("gained", own(&asked.names[0])),
        ("lost", own(&asked.names[1])),
        ("n", shown.len().to_string()),
        ("last", locale.date_tick(easel.frame.week.last())),
        ("date_max", date_max),
        ("max", max),
        ("date_min", date_min),
        ("min", min),
        ("x", whole(this.gained())),
        ("y", whole(this.lapsed)),
        ("net", locale.fixed(this.net(), 0, None, true)),
    ];
    locale.text("alt.flow", &values.each_ref().map(|(name, value)| (*name, value.as_str()))) + easel.sentences().1
}
