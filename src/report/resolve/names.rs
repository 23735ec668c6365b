//! Names and words: each cube, measure and dimension is found, and what is said is said in each language.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Cube, Labels, Measure, Model, Place, Text, Written, is_currency};
use crate::yaml::{Faults, hint};

use super::super::spec::{self, BodySpec, CellSpec, ItemSpec, PageSpec, ReportSpec, RowsSpec, Said, TileSpec, Words};
use super::layout;
use super::{Dimension, Directions, Item, Measured, NumberKind, Page, Report, Source, Tile};

pub(super) struct Resolver<'a> {
    spec: &'a ReportSpec,
    model: &'a Model,
    locales: Vec<String>,
    pub(super) faults: Faults,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(spec: &'a ReportSpec, model: &'a Model) -> Self {
        let mut locales: Vec<String> = spec.locales.iter().map(|locale| locale.value.clone()).collect();
        if locales.is_empty() {
            locales.push(model.defaults.locale.clone());
        }
        Self { spec, model, locales, faults: Faults::default() }
    }

    pub(super) fn report(&mut self) -> Option<Report> {
        let spec = self.spec;
        for (at, locale) in spec.locales.iter().enumerate() {
            if spec.locales.iter().take(at).any(|other| other.value == locale.value) {
                self.fault(&locale.place, format!("the language {} is there already", locale.value));
            }
        }
        let title = self.words(&spec.title);
        let mut names = BTreeSet::new();
        let pages: Vec<Page> = spec.pages.iter().filter_map(|page| self.page(page, &mut names)).collect();
        let lead = pages.iter().flat_map(|page| &page.tiles).find_map(|tile| tile.body.source()).cloned();
        if lead.is_none() && self.faults.is_empty() {
            self.fault(
                &spec.place,
                format!("report '{}' asks no cube, so that nothing says what its week is", spec.name),
            );
        }
        let lead = lead?;
        let counts = match &spec.counts {
            Some(counts) => {
                let measure = self.measured(&lead.cube, &counts.measure);
                self.numbered(&counts.says);
                Some((measure?, self.words(&counts.says)))
            }
            None => None,
        };
        Some(Report {
            name: spec.name.clone(),
            title,
            locales: self.locales.clone(),
            as_of: spec.as_of,
            lead,
            timezone: self.model.defaults.timezone.name().to_owned(),
            counts,
            no_facts: spec.no_facts.as_ref().map(|(says, short)| (self.words(says), self.words(short))),
            pages,
            hash: spec.hash.clone(),
        })
    }

    fn page(&mut self, spec: &PageSpec, names: &mut BTreeSet<String>) -> Option<Page> {
        let tiles_of = || spec.cells.iter().flat_map(|cell| &cell.tiles);
        let mut heights = |cell: &CellSpec| cell.tiles.iter().map(|tile| self.height(tile)).collect();
        let cells: Vec<(u64, Vec<f64>)> = spec.cells.iter().map(|cell| (cell.span, heights(cell))).collect();
        let areas = match layout::placed(&cells) {
            Ok(areas) => areas,
            Err(needed) => {
                let there = layout::PAGE.height;
                self.fault(&spec.place, format!("its tiles are {needed:.1} mm high together, and a page has {there}"));
                // What is wrong with the tiles themselves is told as well.
                vec![layout::PAGE; tiles_of().count()]
            }
        };
        let mut tiles = Vec::new();
        for (tile, area) in tiles_of().zip(areas) {
            let name = self.name_of(tile, names);
            let body = self.body(tile);
            let (title, subtitle) = (self.said(&tile.title), self.said(&tile.subtitle));
            if let Some(body) = body {
                tiles.push(Tile { name, area, title, subtitle, is_whole: tile.is_whole, body });
            }
        }
        Some(Page {
            title: self.words(&spec.title),
            headline: self.said(&spec.headline),
            deck: self.said(&spec.deck),
            tiles,
        })
    }

    /// A tile's height in millimetres: what its report says, if all of it has room there.
    fn height(&mut self, tile: &TileSpec) -> f64 {
        let (least, usual) = heights(tile);
        let height = tile.height.unwrap_or(usual);
        if height + 1e-6 < least {
            self.fault(&tile.place, format!("the tile is {height} mm high, and needs {least:.1} for what it shows"));
        }
        height
    }

    /// A tile's name, each once in a report.
    fn name_of(&mut self, tile: &TileSpec, names: &mut BTreeSet<String>) -> String {
        let name = match &tile.name {
            Some(name) => name.value.clone(),
            None => {
                let kind = kind_of(tile);
                let numbered = (2..).map(|number| format!("{kind}{number}"));
                std::iter::once(kind.to_owned()).chain(numbered).find(|name| !names.contains(name)).unwrap_or_default()
            }
        };
        if !names.insert(name.clone()) {
            self.fault(&tile.place, format!("a tile is called '{name}' already; files are named by it"));
        }
        name
    }

    pub(super) fn source(&mut self, name: &Written<String>) -> Option<Source> {
        let cube = self.cube(name)?;
        match &cube.time {
            Some(time) => Some(Source { cube: cube.name.clone(), time: time.clone() }),
            None => {
                let message = format!("cube '{}' has no time, and a report is about a week", name.value);
                self.fault(&name.place, message);
                None
            }
        }
    }

    fn cube(&mut self, name: &Written<String>) -> Option<&'a Cube> {
        if let Some(why) = self.model.left_out.cubes.get(&name.value) {
            self.fault(&name.place, format!("cube '{}' is not to be had: {why}", name.value));
            return None;
        }
        let cube = self.model.cubes.get(&name.value);
        if cube.is_none() {
            let names = self.model.cubes.keys().map(String::as_str);
            self.fault(&name.place, format!("unknown cube '{}'{}", name.value, hint(&name.value, names)));
        }
        cube
    }

    fn measure(&mut self, cube: &str, name: &Written<String>) -> Option<(&'a Cube, &'a Measure)> {
        let cube = self.model.cubes.get(cube)?;
        match cube.measure(&name.value) {
            Some(measure) => Some((cube, measure)),
            None => {
                let names = cube.measures.iter().map(|measure| measure.name.as_str());
                let message =
                    format!("unknown measure '{}' of cube '{}'{}", name.value, cube.name, hint(&name.value, names));
                self.fault(&name.place, message);
                None
            }
        }
    }

    pub(super) fn measured(&mut self, cube: &str, name: &Written<String>) -> Option<Measured> {
        let (cube, measure) = self.measure(cube, name)?;
        let parts = match cube.parts(measure) {
            Ok(parts) => parts,
            Err(why) => {
                self.fault(&name.place, format!("measure '{}' cannot be averaged over weeks: {why}", name.value));
                return None;
            }
        };
        Some(Measured {
            name: measure.name.clone(),
            parts: Some(parts),
            kind: number_kind(measure),
            currency: measure.unit.as_ref().filter(|unit| is_currency(unit)).cloned(),
            better: measure.better,
            is_additive: measure.is_additive(),
        })
    }

    pub(super) fn item(&mut self, cube: &str, spec: &ItemSpec) -> Option<Item> {
        let measured = self.measured(cube, &spec.measure)?;
        let (_, measure) = self.measure(cube, &spec.measure)?;
        let title = match &spec.title {
            Some(title) => self.words(title),
            None => self.title("measure", &measure.name, measure.title.as_ref(), &spec.measure.place),
        };
        let unit = spec.unit.as_ref().map(|unit| unit.text.clone());
        Some(Item { measure: measured, title, unit, target: spec.target })
    }

    pub(super) fn dimension(&mut self, cube: &str, name: &Written<String>) -> Option<Dimension> {
        let cube = self.model.cubes.get(cube)?;
        let Some(dimension) = cube.dimension(&name.value) else {
            let names = cube.dimensions.iter().map(|dimension| dimension.name.as_str());
            let message =
                format!("unknown dimension '{}' of cube '{}'{}", name.value, cube.name, hint(&name.value, names));
            self.fault(&name.place, message);
            return None;
        };
        let title = self.title("dimension", &dimension.name, dimension.title.as_ref(), &name.place);
        Some(Dimension { name: dimension.name.clone(), title, labels: dimension.labels.clone(), are_days: false })
    }

    /// The labels of a dimension that is named with its cube: `sales.department`.
    pub(super) fn labels(&mut self, name: &Written<String>) -> Option<Arc<Labels>> {
        let Some((cube, dimension)) = name.value.split_once('.') else {
            self.fault(&name.place, format!("'{}' is no dimension of a cube, such as sales.department", name.value));
            return None;
        };
        let part =
            |text: &str| Written { value: text.to_owned(), place: name.place.clone(), lines: name.lines.clone() };
        let cube = self.cube(&part(cube))?;
        self.dimension(&cube.name, &part(dimension))?.labels
    }

    /// A condition over a cube's dimensions.
    pub(super) fn condition(&mut self, cube: &str, sql: &Written<String>) -> Option<String> {
        match self.model.cubes.get(cube)?.condition(&sql.value) {
            Ok(condition) => Some(condition),
            Err(why) => {
                self.fault(&sql.place, why);
                None
            }
        }
    }

    /// The title of a part of the model, in each language.
    fn title(&mut self, what: &str, name: &str, title: Option<&Text>, place: &Place) -> Text {
        let lacks: Vec<&String> =
            self.locales.iter().filter(|locale| title.and_then(|title| title.get(locale)).is_none()).collect();
        if let Some(locale) = lacks.first() {
            let message =
                format!("{what} '{name}' has no title in {locale}; give it one in the model, or a 'title' here");
            self.fault(place, message);
        }
        title.cloned().unwrap_or_default()
    }

    pub(super) fn directions(&mut self, spec: &spec::Directions) -> Directions {
        Directions { up: self.words(&spec.up), down: self.words(&spec.down) }
    }

    fn said(&mut self, said: &Said) -> Option<Text> {
        match said {
            Said::Auto => None,
            Said::Words(words) => Some(self.words(words)),
        }
    }

    pub(super) fn words(&mut self, words: &Words) -> Text {
        let lacks = self.locales.iter().find(|locale| words.text.get(locale).is_none_or(|text| text.trim().is_empty()));
        if let Some(locale) = lacks {
            let message = format!("there are no words in {locale}, a language of report '{}'", self.spec.name);
            self.fault(&words.place, message);
        }
        words.text.clone()
    }

    /// Refuses words without a place for their number.
    pub(super) fn numbered(&mut self, words: &Words) {
        if let Some((locale, _)) = words.text.iter().find(|(_, words)| !words.contains("{n}")) {
            let message = format!("what is said in {locale} has no {{n}} for the number");
            self.fault(&words.place, message);
        }
    }

    pub(super) fn fault(&mut self, place: &Place, message: impl Into<String>) {
        place.fault(&mut self.faults, message);
    }
}

/// What a tile is called that has no name.
fn kind_of(tile: &TileSpec) -> &'static str {
    match &tile.body {
        BodySpec::Kpis(_) => "kpis",
        BodySpec::Chart(_) => "chart",
        BodySpec::Waterfall(_) => "drivers",
        BodySpec::Contributions(_) => "contributions",
        BodySpec::Bars(_) => "bars",
        BodySpec::Flow(_) => "flow",
        BodySpec::Concentration(_) => "concentration",
        BodySpec::Heat(_) => "heatmap",
        BodySpec::Table(_) => "table",
        BodySpec::Text(_) => "text",
    }
}

/// The least height that a tile can have, and its height where its report does not say it.
fn heights(tile: &TileSpec) -> (f64, f64) {
    let of_rows = |rows: layout::Rows, count: usize| (rows.height(count), rows.height(count));
    match &tile.body {
        BodySpec::Kpis(kpis) => {
            let targets = usize::from(kpis.items.iter().any(|item| item.target.is_some()));
            of_rows(layout::KPIS, kpis.compare.len() + targets)
        }
        BodySpec::Waterfall(waterfall) => {
            of_rows(layout::DRIVERS, 2 + waterfall.drivers.len() + usize::from(waterfall.apart.is_some()))
        }
        BodySpec::Contributions(spec) => {
            // With a row for the others and one for all.
            let shown = spec.top.saturating_add(spec.bottom).saturating_add(2);
            of_rows(layout::CONTRIBUTIONS, usize::try_from(shown).unwrap_or(usize::MAX))
        }
        BodySpec::Bars(spec) => {
            // Rows come nearer where there are many, down to what their letters need.
            let rows = usize::try_from(spec.top).unwrap_or(usize::MAX);
            let least = layout::Rows { pitch: 3.7, ..layout::BARS };
            (least.height(rows), layout::BARS.height(rows))
        }
        BodySpec::Table(table) => {
            let has_total = table.total || matches!(&table.rows, RowsSpec::Sql { total: Some(_), .. });
            let more = usize::from(table.others) + usize::from(has_total);
            let rows = usize::try_from(table.top).unwrap_or(usize::MAX).saturating_add(more);
            let least = layout::Rows { pitch: layout::LISTING_LEAST, ..layout::LISTING };
            (least.height(rows), layout::LISTING.height(rows))
        }
        BodySpec::Flow(_) | BodySpec::Concentration(_) => layout::STANDING,
        BodySpec::Heat(_) => layout::HEAT,
        BodySpec::Chart(_) => layout::CHART,
        BodySpec::Text(_) => layout::WORDS,
    }
}

/// How a measure's numbers are written: what its format says of shares and decimals, for all but plain aggregates.
fn number_kind(measure: &Measure) -> NumberKind {
    let format = measure.format.as_deref().unwrap_or_default();
    if format == "percent" || format.trim_end_matches('"').ends_with('%') {
        return NumberKind::Rate;
    }
    if measure.is_plain() {
        return NumberKind::Amount;
    }
    let decimals = format.split_once('.').map(|(_, places)| places.chars().take_while(|c| *c == '0').count());
    let decimals = decimals.and_then(|places| u32::try_from(places).ok());
    NumberKind::PerUnit(decimals.unwrap_or(if format.is_empty() { 2 } else { 0 }))
}
