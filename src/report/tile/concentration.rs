//! How much the largest parts of a sum have, as columns.

use super::numbers::size;
use super::{Easel, Made};
use crate::error::Result;
use crate::report::chart::{Figures, Limb, Stand, Standing};
use crate::report::data::{Concentration, Part};
use crate::report::figure::Figure;
use crate::report::finding::{Clause, described};
use crate::report::locale::filled;
use crate::report::page::{Body, Picture};
use crate::report::resolve::{Concentration as Asked, Tile};

/// With more columns than these the unit stands at the first alone.
const UNITS: usize = 8;

pub(super) fn make(easel: &Easel<'_>, tile: &Tile, asked: &Asked, data: &Concentration) -> Result<Made> {
    let locale = easel.locale;
    let own = |words: &crate::model::Text| words.get(locale.name).unwrap_or_default().to_owned();
    let subtitle = vec![Clause::new(own(&asked.about))];
    let Some(top) = data.top(asked.top) else {
        // Fewer than the parts say nothing of them.
        let body = Body::Text { paragraphs: vec![locale.text("table.empty", &[])] };
        return Ok(Made { body, title: Vec::new(), subtitle, headline: Vec::new(), deck: Vec::new() });
    };
    let share = locale.rate(top);
    let said = |words: &crate::model::Text| filled(&own(words), &[("share", &share)]);
    let whole = |figure: Figure| locale.fixed(figure, 0, None, false);
    let column = |(at, part): (usize, &Part)| {
        let label = locale.rate(part.share);
        let is_alone = at == 0 || data.parts.len() <= UNITS;
        let label = if is_alone { label } else { label.trim_end_matches('%').to_owned() };
        Stand {
            up: Limb { size: part.share.double().max(0.0), label, tone: None },
            down: None,
            mark: part.average.map(Figure::double),
            is_bold: at < asked.top,
        }
    };
    let columns: Vec<Stand> = data.parts.iter().enumerate().map(column).collect();
    let numbers = (1..=data.parts.len()).map(|number| number.to_string()).collect();
    let mean = |part: &Part| part.mean.map_or_else(|| locale.text("word.missing", &[]), whole);
    let rows = [
        Figures { name: own(&asked.names[0]), texts: numbers, stand_out: true },
        Figures { name: own(&asked.names[1]), texts: data.parts.iter().map(mean).collect(), stand_out: false },
    ];
    let alt = alt(easel, asked, data, &share);
    let drawing = Standing { columns: &columns, sides: None, rows: &rows, alt: &alt }.draw(easel.ruler, size(tile))?;
    Ok(Made {
        body: Body::Chart { picture: Picture::new(&tile.name, drawing, Some(alt)) },
        title: vec![Clause::new(said(&asked.says.1)).mandatory()],
        subtitle,
        headline: Vec::new(),
        deck: vec![Clause::new(said(&asked.says.0))],
    })
}

fn alt(easel: &Easel<'_>, asked: &Asked, data: &Concentration, top: &str) -> String {
    let locale = easel.locale;
    let rate = |part: Option<&Part>| part.map_or_else(String::new, |part| locale.rate(part.share));
    let key = if easel.frame.four().is_some() { "alt.concentration" } else { "alt.concentration_no_four" };
    let values = [
        ("what", described(locale, &asked.item)),
        ("parts", asked.parts.to_string()),
        ("week", easel.frame.week.number().0.to_string()),
        ("max", rate(data.parts.first())),
        ("min", rate(data.parts.last())),
        ("top", asked.top.to_string()),
        ("x", top.to_owned()),
    ];
    locale.text(key, &values.each_ref().map(|(name, value)| (*name, value.as_str()))) + easel.sentences().1
}
