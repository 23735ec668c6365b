//! A report's data as pages in a language: each tile is drawn and described, and its finding said.

mod drivers;
mod kpis;
mod table;
mod text;
mod time;

use super::data::{Data, Frame, Shown};
use super::face::{Ruler, Weight};
use super::finding::{Clause, Line};
use super::locale::{Direction, Locale};
use super::page;
use super::resolve::{Body, PAGE, Report, Tile};
use crate::error::{Error, Result};
use crate::model::{Better, Text};
use crate::report::chart::Tone;

/// What a tile is drawn with.
pub(super) struct Easel<'a> {
    pub(super) locale: &'a Locale,
    pub(super) ruler: &'a Ruler<'a>,
    pub(super) frame: &'a Frame,
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

/// The sizes of titles and of the lines below them, in points.
const TITLE: f64 = 10.0;
const SUBTITLE: f64 = 7.5;
const HEADLINE: f64 = 18.0;
const DECK: f64 = 9.5;

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
        // A page that says nothing of itself is called by its title.
        let headline = if headline.is_empty() { vec![Clause::new(title.clone()).mandatory()] } else { headline };
        pages.push(page::Page {
            headline: easel.line(
                easel.own(page.headline.as_ref()),
                &headline,
                ("", ""),
                HEADLINE,
                Weight::Bold,
                PAGE.width,
            )?,
            deck: easel.line(
                easel.own(page.deck.as_ref()),
                &deck,
                easel.sentences(),
                DECK,
                Weight::Regular,
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
        (Body::Chart(chart), Shown::Days(days)) => time::days(easel, tile, chart, days)?,
        (Body::Chart(chart), Shown::Weeks(weeks)) => time::weeks(easel, tile, chart, weeks)?,
        (Body::Waterfall(waterfall), Shown::Drivers(drivers)) => drivers::make(easel, tile, waterfall, drivers)?,
        (Body::Table(table), Shown::Table(rows)) => table::make(easel, tile, table, rows)?,
        (Body::Text(words), _) => text::make(easel, words),
        _ => return Err(Error::internal("a tile has another's data")),
    };
    let (own_title, own_subtitle) = (easel.own(tile.title.as_ref()), easel.own(tile.subtitle.as_ref()));
    let title = easel.line(own_title, &made.title, (easel.comma(), ""), TITLE, Weight::Bold, tile.area.width)?;
    let subtitle =
        easel.line(own_subtitle, &made.subtitle, (easel.comma(), ""), SUBTITLE, Weight::Regular, tile.area.width)?;
    let area = tile.area;
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

impl Easel<'_> {
    /// An author's own words in the language, where there are any.
    fn own(&self, words: Option<&Text>) -> Option<String> {
        words?.get(self.locale.name).map(str::to_owned)
    }

    /// A line of a report's own words, or of clauses, as it fits into a width in millimetres.
    fn line(
        &self,
        own: Option<String>,
        clauses: &[Clause],
        (joint, end): (&str, &str),
        size: f64,
        weight: Weight,
        width: f64,
    ) -> Result<String> {
        let measured = |text: &str| self.ruler.width(text, weight, size);
        let room = width * page::POINTS;
        let line = match own {
            Some(own) => {
                Line { clauses: &[Clause::new(own).mandatory()], joint: "", end: "" }.fitted(&measured, room)?
            }
            None => Line { clauses, joint, end }.fitted(&measured, room)?,
        };
        self.ruler.check(&line)?;
        Ok(line)
    }

    /// What stands between sentences, and at the end of the last.
    fn sentences(&self) -> (&'static str, &'static str) {
        if self.locale.is_chinese() { ("。", "。") } else { (". ", ".") }
    }

    fn comma(&self) -> &'static str {
        if self.locale.is_chinese() { "，" } else { ", " }
    }

    /// A text, refused if a character has no glyph, and cut with an ellipsis where it is wider than its place.
    fn cut(&self, text: &str, weight: Weight, size: f64, width: f64) -> Result<String> {
        self.ruler.check(text)?;
        Ok(self.ruler.fitted(text, weight, size, width * page::POINTS))
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
