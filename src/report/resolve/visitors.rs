//! Tiles about who comes, how much they bring and when: what they show, looked up.

use super::super::spec::{ConcentrationSpec, FlowSpec, HeatSpec, ItemSpec};
use super::names::Resolver;
use super::{Filter, Item, Source};
use crate::model::Text;

/// What a base of four weeks gained and lost.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The SELECT.
    pub sql: String,
    /// How many weeks are shown.
    pub last: u64,
    /// The base in a sentence, with `{n}` for the number.
    pub base: Text,
    /// Those of the week alone, where there are not four weeks.
    pub own: Text,
    /// What a difference counts in, behind the number.
    pub unit: Option<Text>,
    /// New, returned and lapsed ones in a sentence.
    pub moves: Text,
    /// Gained and lost ones as a title.
    pub title: Text,
    /// What stands beside the columns: gained, lost, and in the row of the base.
    pub names: [Text; 3],
    /// What is shown, below the title.
    pub about: Text,
}

/// How much the largest parts of a sum have.
#[derive(Debug, Clone)]
pub struct Concentration {
    /// The SELECT.
    pub sql: String,
    /// How many parts there are.
    pub parts: usize,
    /// How many of the first are told.
    pub top: usize,
    /// What the sum is.
    pub item: Item,
    /// What the first parts have, in a sentence and as a title.
    pub says: (Text, Text),
    /// What stands below the columns: the numbers of parts, and the means.
    pub names: [Text; 2],
    /// What is shown, below the title.
    pub about: Text,
}

/// A measure by weekday and hour.
#[derive(Debug, Clone)]
pub struct Heat {
    /// The cube.
    pub source: Source,
    /// The measure.
    pub item: Item,
    /// The hours before this one are shown as one.
    pub night: u32,
    /// What the facts must satisfy.
    pub filter: Option<Filter>,
    /// What it counts, behind a number; what it is called below the title; and what stands above the bars of days.
    pub names: [Text; 3],
    /// What is said of hours in which it all but stopped.
    pub lull: Text,
}

impl Resolver<'_> {
    pub(super) fn flow(&mut self, spec: &FlowSpec) -> Flow {
        for words in [&spec.base, &spec.own] {
            self.numbered(words);
        }
        Flow {
            sql: spec.sql.value.clone(),
            last: spec.last,
            base: self.words(&spec.base),
            own: self.words(&spec.own),
            unit: spec.unit.as_ref().map(|unit| unit.text.clone()),
            moves: self.words(&spec.moves),
            title: self.words(&spec.title),
            names: spec.names.each_ref().map(|name| self.words(name)),
            about: self.words(&spec.about),
        }
    }

    pub(super) fn concentration(&mut self, spec: &ConcentrationSpec) -> Concentration {
        if spec.top >= spec.parts {
            let message = format!("the first {} of {} parts have all", spec.top, spec.parts);
            self.fault(&spec.sql.place, message);
        }
        let count = |written: u64| usize::try_from(written).unwrap_or(usize::MAX);
        Concentration {
            sql: spec.sql.value.clone(),
            parts: count(spec.parts),
            top: count(spec.top),
            item: self.column(&spec.column),
            says: (self.words(&spec.says.0), self.words(&spec.says.1)),
            names: spec.names.each_ref().map(|name| self.words(name)),
            about: self.words(&spec.about),
        }
    }

    pub(super) fn heat(&mut self, spec: &HeatSpec) -> Option<Heat> {
        let source = self.source(&spec.cube)?;
        let item = ItemSpec { measure: spec.measure.clone(), title: None, unit: None, target: None };
        let item = self.item(&source.cube, &item);
        let filter = self.filter(&source.cube, spec.filter.as_ref());
        let names = spec.names.each_ref().map(|name| self.words(name));
        let lull = self.words(&spec.lull);
        let night = u32::try_from(spec.night).unwrap_or(u32::MAX);
        Some(Heat { source, item: item?, night, filter, names, lull })
    }
}
