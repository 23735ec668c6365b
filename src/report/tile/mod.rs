//! A report's data as pages in a language: each tile is drawn and described, and its finding said.

mod bars;
mod concentration;
mod contributions;
mod days;
mod drivers;
mod flow;
mod heat;
mod kpis;
mod numbers;
mod table;
mod text;
mod trend;
mod weeks;

use super::data::{Data, Frame, Shown};
use super::face::{Ruler, Weight};
use super::finding::{Clause, Line};
use super::locale::{Direction, Locale};
use super::page;
use super::resolve::{Body, PAGE, Report, Tile};
use super::spec::ChartKind;
use crate::error::{Error, Result};
use crate::model::{Better, Text};
use crate::report::chart::Tone;

/// What a tile is drawn with.
pub(super) struct Easel<'a> {
    pub(super) locale: &'a Locale,
    pub(super) ruler: &'a Ruler<'a>,
    pub(super) frame: &'a Frame,
    /// The zone of wall clocks, by its name.
    pub(super) zone: &'a str,
    /// What is said of days without facts: in a sentence, and in a slot.
    pub(super) nothing: (String, String),
}

/// A tile that is set, and what it says for its page.
pub(super) struct Set {
    pub(super) tile: page::Tile,
    /// For the page's headline, if this is the first tile that has any.
    pub(super) headline: Vec<Clause>,
    /// For the line below it.
    pub(super) deck: Vec<Clause>,
}

/// What a tile is made of, before its title is fitted.
struct Made {
    body: page::Body,
    title: Vec<Clause>,
    subtitle: Vec<Clause>,
    headline: Vec<Clause>,
    deck: Vec<Clause>,
}

/// What a line says: its author's own words, or what was found; and behind either, which facts count.
struct Says<'a> {
    own: Option<&'a Text>,
    found: Vec<Clause>,
    filter: Option<String>,
}

impl<'a> Says<'a> {
    fn new(own: Option<&'a Text>, found: Vec<Clause>) -> Self {
        Self { own, found, filter: None }
    }
}

/// The weights and sizes, in points, of titles and of the lines below them.
const TITLE: (Weight, f64) = (Weight::Bold, 10.0);
const SUBTITLE: (Weight, f64) = (Weight::Regular, 7.5);
const HEADLINE: (Weight, f64) = (Weight::Bold, 18.0);
const DECK: (Weight, f64) = (Weight::Regular, 9.5);

/// The pages of a report in a language.
///
/// # Errors
/// Invalid: a text does not fit, or has a character without a glyph; says the tile.
pub(super) fn pages(report: &Report, data: &Data, easel: &Easel<'_>) -> Result<Vec<page::Page>> {
    let count = report.pages.len();
    let mut pages = Vec::new();
    for (at, (page, shown)) in report.pages.iter().zip(&data.pages).enumerate() {
        let mut tiles = Vec::new();
        let (mut headline, mut deck) = (Vec::new(), Vec::new());
        for (tile, shown) in page.tiles.iter().zip(shown) {
            let set = set(easel, tile, shown).map_err(|error| {
                Error::new(error.kind(), format!("tile '{}': {error}", tile.name)).with_source(error)
            })?;
            if headline.is_empty() {
                headline = set.headline;
            }
            deck.extend(set.deck);
            tiles.push(set.tile);
        }
        let locale = easel.locale;
        let (number, total) = ((at + 1).to_string(), count.to_string());
        let title = page.title.get(locale.name).unwrap_or_default().to_owned();
        easel.ruler.check(&title)?;
        // A page that says nothing of itself is called by its title.
        let headline = if headline.is_empty() { vec![Clause::new(title.clone()).mandatory()] } else { headline };
        pages.push(page::Page {
            headline: easel.line(Says::new(page.headline.as_ref(), headline), ("", ""), HEADLINE, PAGE.width)?,
            deck: easel.line(
                Says::new(page.deck.as_ref(), deck),
                (easel.semicolon(), easel.sentences().1),
                DECK,
                PAGE.width,
            )?,
            count: locale.text("page.number", &[("page", &number), ("pages", &total)]),
            number,
            title,
            tiles,
        });
    }
    Ok(pages)
}

fn set(easel: &Easel<'_>, tile: &Tile, shown: &Shown) -> Result<Set> {
    let made = match (&tile.body, shown) {
        (Body::Kpis(kpis), Shown::Kpis(_, values)) => kpis::make(easel, tile, kpis, values)?,
        (Body::Chart(chart), Shown::Days(days)) => days::make(easel, tile, chart, days)?,
        (Body::Chart(chart), Shown::Weeks(weeks)) if chart.kind == ChartKind::Line => {
            trend::make(easel, tile, chart, weeks)?
        }
        (Body::Chart(chart), Shown::Weeks(weeks)) => weeks::make(easel, tile, chart, weeks)?,
        (Body::Waterfall(waterfall), Shown::Drivers(drivers)) => drivers::make(easel, tile, waterfall, drivers)?,
        (Body::Contributions(asked), Shown::Contributions(data)) => contributions::make(easel, tile, asked, data)?,
        (Body::Bars(asked), Shown::Bars(data)) => bars::make(easel, tile, asked, data)?,
        (Body::Flow(asked), Shown::Flow(data)) => flow::make(easel, tile, asked, data)?,
        (Body::Concentration(asked), Shown::Concentration(data)) => concentration::make(easel, tile, asked, data)?,
        (Body::Heat(asked), Shown::Heat(data)) => heat::make(easel, tile, asked, data)?,
        (Body::Table(table), Shown::Table(rows)) => table::make(easel, tile, table, rows)?,
        (Body::Text(words), _) => text::make(easel, words)?,
        _ => return Err(Error::internal("a tile has another's data")),
    };
    let area = tile.area;
    let title = Says::new(tile.title.as_ref(), made.title);
    let title = easel.line(title, (easel.comma(), ""), TITLE, area.width)?;
    let subtitle = Says { filter: filter(easel.locale, tile), ..Says::new(tile.subtitle.as_ref(), made.subtitle) };
    let subtitle = easel.line(subtitle, (easel.semicolon(), ""), SUBTITLE, area.width)?;
    Ok(Set {
        tile: page::Tile {
            name: tile.name.clone(),
            left: area.left,
            top: area.top,
            width: area.width,
            height: area.height,
            title,
            subtitle: Some(subtitle).filter(|subtitle| !subtitle.is_empty()),
            body: made.body,
        },
        headline: made.headline,
        deck: made.deck,
    })
}

/// Which facts count in a tile, if not all do: as its report says it, or else the condition itself.
fn filter(locale: &Locale, tile: &Tile) -> Option<String> {
    let filter = tile.body.filter()?;
    let own = filter.says.as_ref().and_then(|says| says.get(locale.name)).map(str::to_owned);
    Some(own.unwrap_or_else(|| locale.text("filter.where", &[("condition", &filter.sql)])))
}

impl Easel<'_> {
    /// An author's own words in the language, where there are any.
    fn own(&self, words: Option<&Text>) -> Option<String> {
        words?.get(self.locale.name).map(str::to_owned)
    }

    /// A line as it fits into a width in millimetres.
    fn line(
        &self,
        says: Says<'_>,
        (joint, end): (&str, &str),
        (weight, size): (Weight, f64),
        width: f64,
    ) -> Result<String> {
        let measured = |text: &str| self.ruler.width(text, weight, size);
        let own = self.own(says.own);
        let (is_sentence, end) = if own.is_some() { (false, "") } else { (true, end) };
        let mut clauses = own.map_or(says.found, |own| vec![Clause::new(own).mandatory()]);
        clauses.extend(says.filter.map(|filter| Clause::new(filter).mandatory()));
        let full_stop = self.sentences().0;
        let line =
            Line { clauses: &clauses, joint, full_stop, end, is_sentence }.fitted(&measured, width * page::POINTS)?;
        self.ruler.check(&line)?;
        Ok(line)
    }

    /// What stands between sentences, and at the end of the last.
    fn sentences(&self) -> (&'static str, &'static str) {
        if self.locale.is_chinese() { ("。", "。") } else { (". ", ".") }
    }

    /// What stands between names.
    fn and(&self) -> &'static str {
        if self.locale.is_chinese() { "、" } else { ", " }
    }

    fn semicolon(&self) -> &'static str {
        if self.locale.is_chinese() { "；" } else { "; " }
    }

    fn comma(&self) -> &'static str {
        if self.locale.is_chinese() { "，" } else { ", " }
    }

    /// A text, refused if a character has no glyph, and cut with an ellipsis where it is wider than its place.
    fn cut(&self, text: &str, weight: Weight, size: f64, width: f64) -> Result<String> {
        self.ruler.check(text)?;
        Ok(self.ruler.fitted(text, weight, size, width * page::POINTS))
    }

    /// A name in few words where it is wider than its place, and cut where those are too.
    fn shortened(&self, long: &str, short: Option<&str>, weight: Weight, size: f64, width: f64) -> Result<String> {
        let fits = self.ruler.width(long, weight, size) <= width * page::POINTS;
        self.cut(if fits { long } else { short.unwrap_or(long) }, weight, size, width)
    }

    /// A name as it is read aloud.
    fn spoken(&self, name: &str) -> String {
        if self.locale.is_chinese() { name.to_owned() } else { name.replace(" & ", " and ") }
    }

    /// A number, refused where it is wider than its place in millimetres: it is never cut.
    fn number(&self, text: String, weight: Weight, size: f64, width: f64) -> Result<String> {
        self.ruler.check(&text)?;
        if self.ruler.width(&text, weight, size) <= width * page::POINTS {
            return Ok(text);
        }
        Err(Error::invalid(format!("the number '{text}' is too wide for its place")))
    }
}

/// What a movement means for a measure.
fn tone(better: Option<Better>, direction: Option<Direction>) -> Tone {
    match (better, direction) {
        (Some(Better::Higher), Some(Direction::Up)) | (Some(Better::Lower), Some(Direction::Down)) => Tone::Favourable,
        (Some(Better::Higher), Some(Direction::Down)) | (Some(Better::Lower), Some(Direction::Up)) => Tone::Adverse,
        _ => Tone::Neutral,
    }
}
