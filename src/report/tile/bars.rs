//! Members as bars, each with its last four weeks as a mark.

use super::numbers::size;
use super::{Easel, Made, tone};
use crate::error::Result;
use crate::model::Text;
use crate::report::chart::{Bar, Bars as Drawn};
use crate::report::data::{Bars, Member};
use crate::report::face::Weight;
use crate::report::figure::Figure;
use crate::report::finding::{Clause, described, exact, member, members, moved, moved_bare, title};
use crate::report::page::{Body, POINTS, Picture};
use crate::report::resolve::{BARS, Bars as Asked, NumberKind, Tile};

/// The part of a tile's width that names may take.
const NAMES: f64 = 0.32;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, asked: &Asked, data: &Bars) -> Result<Made> {
    let locale = easel.locale;
    let (deck, named) = members(locale, asked, data);
    if data.members.is_empty() {
        let body = Body::Text { paragraphs: vec![locale.text("table.empty", &[])] };
        return Ok(Made { body, title: named, subtitle: Vec::new(), headline: Vec::new(), deck });
    }
    let measure = &asked.item.measure;
    let extremes = [data.most(measure, true), data.most(measure, false)];
    let mut bars = Vec::new();
    for found in &data.members {
        let (long, short) = member(locale, &asked.by, Some(&found.key));
        let width = tile.area.width * NAMES;
        let change = moved_bare(locale, &asked.item, found.compared.change_from_average(measure));
        bars.push(Bar {
            name: easel.shortened(&long, short.as_deref(), Weight::Regular, 8.0, width)?,
            value: found.compared.this.map_or(0.0, Figure::double),
            label: exact(locale, &asked.item, found.compared.this),
            mark: found.compared.average.map(Figure::double),
            is_bold: extremes.iter().flatten().any(|(most, _)| most.key == found.key),
            change: (
                if easel.frame.four().is_some() { change.text } else { String::new() },
                tone(measure.better, change.direction),
            ),
        });
    }
    let alt = alt(easel, asked, data);
    let drawing = Drawn { bars: &bars, pitch: BARS.pitch * POINTS, alt: &alt }.draw(easel.ruler, size(tile))?;
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title: named,
        subtitle: subtitle(easel, asked),
        headline: Vec::new(),
        deck,
    })
}

/// Which members are shown, and what the marks and the numbers on the right are.
fn subtitle(easel: &Easel<'_>, asked: &Asked) -> Vec<Clause> {
    let locale = easel.locale;
    let said = |words: &Text| words.get(locale.name).unwrap_or_default().to_owned();
    let (many, dimension) = (said(&asked.nouns.1), locale.lowered(&said(&asked.by.title)));
    let shown = match &asked.least {
        Some(least) => {
            let whole = easel.own(asked.whole.as_ref()).unwrap_or_else(|| locale.text("contributions.whole", &[]));
            let (measure, percent) = (locale.lowered(&said(&least.title)), least.percent.to_string());
            let values = [
                ("many", &many),
                ("dimension", &dimension),
                ("whole", &whole),
                ("measure", &measure),
                ("percent", &percent),
            ];
            locale.text("members.sub_least", &values.map(|(name, value)| (name, value.as_str())))
        }
        None => {
            let what = described(locale, &asked.item);
            locale.text("members.sub", &[("many", &many), ("dimension", &dimension), ("what", &what)])
        }
    };
    let is_rate = asked.item.measure.kind == NumberKind::Rate;
    let more = ["members.sub_mark", if is_rate { "members.sub_points" } else { "members.sub_change" }];
    let more = more.iter().filter(|_| easel.frame.four().is_some()).map(|key| Clause::new(locale.text(key, &[])));
    std::iter::once(Clause::new(shown)).chain(more).collect()
}

fn alt(easel: &Easel<'_>, asked: &Asked, data: &Bars) -> String {
    let locale = easel.locale;
    let measure = locale.lowered(title(locale, &asked.item));
    let dimension = locale.lowered(asked.by.title.get(locale.name).unwrap_or_default());
    let week = easel.frame.week.number().0.to_string();
    let told = |found: &Member| {
        (easel.spoken(&member(locale, &asked.by, Some(&found.key)).0), exact(locale, &asked.item, found.compared.this))
    };
    let has_four = easel.frame.four().is_some();
    let mut alt = locale.text(
        if has_four { "alt.members" } else { "alt.members_no_four" },
        &[("measure", &measure), ("dimension", &dimension), ("week", &week)],
    );
    if let (Some((most, max)), Some((least, min))) = (data.members.first().map(told), data.members.last().map(told)) {
        let values = [("most", most.as_str()), ("max", &max), ("least", &least), ("min", &min)];
        alt.push_str(&locale.text("alt.members_ends", &values));
    }
    let extremes = [data.most(&asked.item.measure, true), data.most(&asked.item.measure, false)];
    let largest =
        extremes.into_iter().flatten().reduce(|best, next| if next.1.abs() > best.1.abs() { next } else { best });
    if let Some((found, change)) = largest {
        let change = moved(locale, &asked.item, Some(change)).text;
        alt.push_str(&locale.text("alt.members_change", &[("member", &told(found).0), ("change", &change)]));
    }
    alt + easel.sentences().1
}
