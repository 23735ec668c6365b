//! Tiles of members of dimensions: what they show, looked up.

use std::sync::Arc;

use super::super::spec::{
    BarsSpec, ContributionsSpec, ItemSpec, LeadSpec, NamesSpec, RowsSpec, Said, TableSpec, TileSpec,
};
use super::names::Resolver;
use super::{Filter, Item, Measured, Source, Values};
use crate::model::{Labels, Text, Written};

/// What the members of a dimension contributed to the change of a measure that adds up.
#[derive(Debug, Clone)]
pub struct Contributions {
    /// The cube.
    pub source: Source,
    /// The measure.
    pub item: Item,
    /// The dimension.
    pub by: Dimension,
    /// What one of its members is called, and what several are.
    pub nouns: (Text, Text),
    /// What all together are called, before the measure: "total"; the language's own word without it.
    pub whole: Option<Text>,
    /// What a member did, in sentences: "sold".
    pub verb: Option<Text>,
    /// What the facts must satisfy.
    pub filter: Option<Filter>,
    /// How many of those that gained most are shown.
    pub top: usize,
    /// How many of those that lost most are shown.
    pub bottom: usize,
}

/// A measure by the members of a dimension that matter.
#[derive(Debug, Clone)]
pub struct Bars {
    /// The cube.
    pub source: Source,
    /// The measure.
    pub item: Item,
    /// The dimension.
    pub by: Dimension,
    /// What one of its members is called, and what several are.
    pub nouns: (Text, Text),
    /// What all together are called, before the measure that says which members matter.
    pub whole: Option<Text>,
    /// What is measured, as a sentence says it: "private label".
    pub subject: Text,
    /// What a member must come to, to be shown.
    pub least: Option<Least>,
    /// What the facts must satisfy.
    pub filter: Option<Filter>,
    /// How many members are shown at most.
    pub top: usize,
    /// Whether the member that moved most is told behind what is said of all of them.
    pub explains: bool,
}

/// What a member must come to of all.
#[derive(Debug, Clone)]
pub struct Least {
    /// Of which measure.
    pub measure: Measured,
    /// What that is called.
    pub title: Text,
    /// How many hundredths of all.
    pub percent: u32,
}

/// Rows of names with numbers: members of dimensions with measures, as a rule.
#[derive(Debug, Clone)]
pub struct Table {
    /// Where they come from.
    pub values: Values,
    /// The columns of names: dimensions, with what each is called and what its values are.
    pub by: Vec<Dimension>,
    /// A SELECT of the numbers of all rows together.
    pub total_sql: Option<String>,
    /// What is said of the rows of a SELECT.
    pub lead: Option<Lead>,
    /// The columns of numbers; of a cube's measures the first one orders the rows.
    pub items: Vec<Item>,
    /// How many rows there are at most.
    pub top: usize,
    /// Whether what is not shown stands in a row of its own.
    pub others: bool,
    /// Whether there is a row for all.
    pub total: bool,
}

/// A dimension of a table.
#[derive(Debug, Clone)]
pub struct Dimension {
    /// Its name in its cube; none of a SELECT's column.
    pub name: String,
    /// What it is called.
    pub title: Text,
    /// What its values are called.
    pub labels: Option<Arc<Labels>>,
    /// Whether it is from a day to another, of two columns of a SELECT.
    pub are_days: bool,
}

/// What is said of the row of a SELECT that has the most in a column.
#[derive(Debug, Clone)]
pub struct Lead {
    /// The column, as the SELECT calls it.
    pub by: String,
    /// Of that row.
    pub says: Text,
    /// Where there is nothing in the column.
    pub none: Text,
    /// Where there are no rows.
    pub empty: Text,
}

impl Resolver<'_> {
    pub(super) fn contributions(&mut self, spec: &ContributionsSpec) -> Option<Contributions> {
        let source = self.source(&spec.cube)?;
        let item = ItemSpec { measure: spec.measure.clone(), title: None, unit: None, target: None };
        let item = self.item(&source.cube, &item);
        if let Some(item) = item.as_ref().filter(|item| !item.measure.is_additive) {
            let message =
                format!("'{}' does not add up, so that no member has a part of its change", item.measure.name);
            self.fault(&spec.measure.place, message);
        }
        let by = self.dimension(&source.cube, &spec.by);
        let filter = self.filter(&source.cube, spec.filter.as_ref());
        let (one, many) = &spec.nouns;
        Some(Contributions {
            nouns: (self.words(one), self.words(many)),
            whole: spec.whole.as_ref().map(|whole| self.words(whole)),
            verb: spec.verb.as_ref().map(|verb| self.words(verb)),
            filter,
            top: rows(spec.top),
            bottom: rows(spec.bottom),
            source,
            item: item?,
            by: by?,
        })
    }

    pub(super) fn bars(&mut self, spec: &BarsSpec) -> Option<Bars> {
        let source = self.source(&spec.cube)?;
        let named =
            |measure: &Written<String>| ItemSpec { measure: measure.clone(), title: None, unit: None, target: None };
        let item = self.item(&source.cube, &named(&spec.measure));
        let by = self.dimension(&source.cube, &spec.by);
        let filter = self.filter(&source.cube, spec.filter.as_ref());
        let least =
            spec.least.as_ref().map(|(measure, percent)| (self.item(&source.cube, &named(measure)), measure, *percent));
        let least = match least {
            Some((of, measure, percent)) => {
                let of = of?;
                if !of.measure.is_additive {
                    let message = format!("'{}' does not add up, so that no member has a part of it", of.measure.name);
                    self.fault(&measure.place, message);
                }
                Some(Least { measure: of.measure, title: of.title, percent })
            }
            None => None,
        };
        let (one, many) = &spec.nouns;
        Some(Bars {
            nouns: (self.words(one), self.words(many)),
            whole: spec.whole.as_ref().map(|whole| self.words(whole)),
            subject: self.words(&spec.subject),
            least,
            filter,
            top: rows(spec.top),
            explains: spec.explains,
            source,
            item: item?,
            by: by?,
        })
    }

    pub(super) fn table(&mut self, tile: &TileSpec, spec: &TableSpec) -> Option<Table> {
        let (mut total_sql, mut lead) = (None, None);
        let (values, by, items) = match &spec.rows {
            RowsSpec::Members { cube, by, items, filter } => {
                let source = self.source(cube)?;
                let found: Vec<Dimension> = by.iter().filter_map(|name| self.dimension(&source.cube, name)).collect();
                let items = items.iter().filter_map(|item| self.item(&source.cube, item)).collect();
                if found.len() < by.len() {
                    return None;
                }
                let filter = self.filter(&source.cube, filter.as_ref());
                (Values::Query(source, filter), found, items)
            }
            RowsSpec::Sql { sql, names, numbers, total, lead: of } => {
                if tile.title == Said::Auto && of.is_none() {
                    self.fault(
                        &tile.place,
                        "a table of 'sql' says nothing of itself; give the tile a 'title', or a 'lead'",
                    );
                }
                total_sql = total.as_ref().map(|total| total.value.clone());
                lead = of.as_ref().map(|of| self.lead(of));
                let by = names.iter().map(|names| self.names(names)).collect();
                (Values::Sql(sql.value.clone()), by, numbers.iter().map(|column| self.column(column)).collect())
            }
        };
        let total = spec.total || total_sql.is_some();
        Some(Table { values, by, total_sql, lead, items, top: rows(spec.top), others: spec.others, total })
    }

    fn names(&mut self, spec: &NamesSpec) -> Dimension {
        let title = self.words(&spec.title);
        let labels = spec.labels.as_ref().and_then(|of| self.labels(of));
        Dimension { name: String::new(), title, labels, are_days: spec.are_days }
    }

    fn lead(&mut self, spec: &LeadSpec) -> Lead {
        Lead {
            by: spec.by.value.clone(),
            says: self.words(&spec.says),
            none: self.words(&spec.none),
            empty: self.words(&spec.empty),
        }
    }
}

fn rows(written: u64) -> usize {
    usize::try_from(written).unwrap_or(usize::MAX)
}
