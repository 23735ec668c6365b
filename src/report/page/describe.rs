//! What is set: pages with their tiles, each at its place, in millimetres from the page's top left. Serialized, it is what
//! the template reads.

use chrono::NaiveDateTime;
use serde::Serialize;

use crate::report::chart::{Drawing, Tone};

/// A pack.
#[derive(Debug, Clone, Serialize)]
pub struct Pack {
    /// Its title.
    pub title: String,
    /// The language: `en`, `zh-TW`, `zh-CN`.
    pub locale: String,
    /// The family of its faces.
    pub family: String,
    /// Who made it.
    pub author: String,
    /// What it is, for whoever lists files.
    pub description: String,
    /// The week, by its number.
    pub week: String,
    /// The week, by its days.
    pub period: String,
    /// The pages.
    pub pages: Vec<Page>,
    /// What stands at the foot of each page, from the left.
    pub footer: Vec<String>,
    /// The files that go along.
    pub files: Vec<Attachment>,
    /// When the last fact happened, which is when the file is said to be made.
    #[serde(skip)]
    pub made: NaiveDateTime,
    /// What tells it from other packs.
    #[serde(skip)]
    pub ident: String,
}

/// A file that goes along in a PDF.
#[derive(Debug, Clone, Serialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its type.
    pub mime: &'static str,
    /// What it is.
    pub description: String,
    /// What it is to the pages: `data` that they are drawn of, or a `supplement`.
    pub relationship: &'static str,
    /// Its content.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// A page.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// Its number.
    pub number: String,
    /// Its title, in its head.
    pub title: String,
    /// Its number among all.
    pub count: String,
    /// Its headline.
    pub headline: String,
    /// The line below.
    pub deck: String,
    /// The tiles.
    pub tiles: Vec<Tile>,
}

/// A tile.
#[derive(Debug, Clone, Serialize)]
pub struct Tile {
    /// Its name, for messages.
    pub name: String,
    /// Its left edge.
    pub left: f64,
    /// Its top.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Its title.
    pub title: String,
    /// The line below.
    pub subtitle: Option<String>,
    /// What it shows.
    pub body: Body,
}

/// What a tile shows.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Body {
    /// Measures side by side.
    Kpis {
        /// The measures.
        items: Vec<KpiTile>,
    },
    /// A chart.
    Chart {
        /// The chart.
        picture: Picture,
    },
    /// Rows of texts, and a picture that lies over all rows of one column.
    Grid(Grid),
    /// Words.
    Text {
        /// The paragraphs.
        paragraphs: Vec<String>,
    },
}

/// A measure with what it is compared with.
#[derive(Debug, Clone, Serialize)]
pub struct KpiTile {
    /// Its left edge.
    pub left: f64,
    /// Its width.
    pub width: f64,
    /// What it is called.
    pub name: String,
    /// What it counts in, where the number does not say it.
    pub unit: Option<String>,
    /// How many weeks the small line spans.
    pub weeks: Option<String>,
    /// Its value.
    pub value: String,
    /// What it is compared with.
    pub rows: Vec<KpiRow>,
    /// The small line.
    pub spark: Option<Picture>,
}

/// A comparison.
#[derive(Debug, Clone, Serialize)]
pub struct KpiRow {
    /// With what.
    pub name: String,
    /// What it was.
    pub value: String,
    /// How far this is from it.
    pub change: String,
    /// What that means.
    pub tone: &'static str,
}

/// Rows and columns.
#[derive(Debug, Clone, Serialize)]
pub struct Grid {
    /// The columns, that of the picture among them.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How far the rule below the heads is from the tile's top.
    pub under: f64,
    /// What stays free between that rule and the first row.
    pub above: f64,
    /// How high a row is.
    pub pitch: f64,
    /// The picture, as high as all rows and what is free above them.
    pub picture: Option<Picture>,
    /// The column that the picture lies over.
    pub over: usize,
}

/// A column of a grid.
#[derive(Debug, Clone, Serialize)]
pub struct Column {
    /// What stands above it.
    pub head: String,
    /// How far that is from its left, where it stands on the left.
    pub indent: f64,
    /// Its width.
    pub width: f64,
    /// Whether its texts end at its right edge, as numbers do.
    pub is_right: bool,
}

/// A row of a grid.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its cells, without that of the picture.
    pub cells: Vec<Cell>,
    /// Whether a dark rule sets it off from those above.
    pub is_total: bool,
}

/// A cell of a grid.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// Its colour: `ink`, `second`, `third`, or what a difference means.
    pub fill: &'static str,
    /// Whether it stands out.
    pub is_bold: bool,
}

impl Cell {
    /// A text in ink.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), fill: "ink", is_bold: false }
    }

    /// The same in a colour.
    #[must_use]
    pub fn filled(self, fill: &'static str) -> Self {
        Self { fill, ..self }
    }

    /// The same, standing out if so.
    #[must_use]
    pub fn bold(self, is_bold: bool) -> Self {
        Self { is_bold, ..self }
    }
}

/// A picture, and where it stands within what holds it.
#[derive(Debug, Clone, Serialize)]
pub struct Picture {
    /// The name of its file.
    pub file: String,
    /// The drawing.
    #[serde(skip)]
    pub svg: String,
    /// The drawing as a file of its own, where the page says a part of it in texts.
    #[serde(skip)]
    pub alone: Option<String>,
    /// From the left of what holds it.
    pub left: f64,
    /// From the top of what holds it.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What it shows, in words; without them it is decoration.
    pub alt: Option<String>,
}

/// How many points a millimetre has.
pub const POINTS: f64 = 72.0 / 25.4;

impl Picture {
    /// A drawing as a picture of its own size.
    pub fn new(name: &str, drawing: Drawing, alt: Option<String>) -> Self {
        Self {
            file: format!("{name}.svg"),
            left: 0.0,
            top: 0.0,
            width: drawing.width / POINTS,
            height: drawing.height / POINTS,
            svg: drawing.svg,
            alone: None,
            alt,
        }
    }

    /// The same at a place within what holds it.
    #[must_use]
    pub fn at(self, left: f64, top: f64) -> Self {
        Self { left, top, ..self }
    }
}

/// The word for what a difference means.
pub fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Favourable => "favourable",
        Tone::Adverse => "adverse",
        Tone::Neutral => "neutral",
    }
}

impl Pack {
    /// Every picture in it.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.pages.iter().flat_map(|page| &page.tiles).flat_map(|tile| match &tile.body {
            Body::Kpis { items } => items.iter().filter_map(|item| item.spark.as_ref()).collect(),
            Body::Chart { picture } => vec![picture],
            Body::Grid(grid) => grid.picture.iter().collect(),
            Body::Text { .. } => Vec::new(),
        })
    }
}
