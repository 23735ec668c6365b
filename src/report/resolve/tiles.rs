//! What tiles show, looked up.

use crate::model::{Arithmetic, Parts, Place};
use crate::yaml::hint;

use super::super::spec::{
    AgainstSpec, BodySpec, ChartSpec, ColumnSpec, DriverSpec, FilterSpec, Finding, ItemSpec, KpisSpec, PhrasesSpec,
    TileSpec, ValuesSpec, WaterfallSpec, Words,
};
use super::names::Resolver;
use super::{
    Body, Chart, Directions, Driver, Filter, Item, Kpis, Measured, NumberKind, Phrases, Source, Table, Values,
    Waterfall,
};

impl Resolver<'_> {
    pub(super) fn body(&mut self, tile: &TileSpec) -> Option<Body> {
        match &tile.body {
            BodySpec::Kpis(kpis) => self.kpis(kpis).map(Body::Kpis),
            BodySpec::Chart(chart) => self.chart(chart).map(Body::Chart),
            BodySpec::Waterfall(waterfall) => self.waterfall(waterfall).map(Box::new).map(Body::Waterfall),
            BodySpec::Contributions(spec) => self.contributions(spec).map(Body::Contributions),
            BodySpec::Bars(spec) => self.bars(spec).map(Body::Bars),
            BodySpec::Flow(spec) => Some(Body::Flow(Box::new(self.flow(spec)))),
            BodySpec::Concentration(spec) => Some(Body::Concentration(Box::new(self.concentration(spec)))),
            BodySpec::Heat(spec) => self.heat(spec).map(Box::new).map(Body::Heat),
            BodySpec::Table(table) => self.table(tile, table).map(Body::Table),
            BodySpec::Text(words) => Some(Body::Text(self.words(words))),
        }
    }

    fn kpis(&mut self, spec: &KpisSpec) -> Option<Kpis> {
        let source = self.source(&spec.cube)?;
        let items = spec.items.iter().filter_map(|item| self.item(&source.cube, item)).collect();
        Some(Kpis { source, items, compare: spec.compare.clone(), spark: spec.spark })
    }

    fn chart(&mut self, spec: &ChartSpec) -> Option<Chart> {
        let (values, item) = match &spec.values {
            ValuesSpec::Query(query) => {
                let source = self.source(&query.cube)?;
                let item = ItemSpec { measure: query.measure.clone(), title: None, unit: None, target: None };
                let item = self.item(&source.cube, &item)?;
                self.splits(spec, &item, &query.measure.place, "");
                let filter = self.filter(&source.cube, query.filter.as_ref());
                (Values::Query(source, filter), item)
            }
            ValuesSpec::Sql(sql, column) => {
                let item = self.column(column);
                self.splits(spec, &item, &column.title.place, "; if it does, say 'additive: true'");
                (Values::Sql(sql.value.clone()), item)
            }
        };
        Some(Chart {
            kind: spec.kind,
            values,
            item,
            time: spec.time,
            behind: spec.behind,
            mark: spec.mark,
            finding: spec.finding,
            phrases: self.phrases(&spec.phrases),
        })
    }

    fn phrases(&mut self, spec: &PhrasesSpec) -> Phrases {
        let mut words = |words: &Option<Words>| words.as_ref().map(|words| self.words(words));
        let (verb, about, subject, value) =
            (words(&spec.verb), words(&spec.about), words(&spec.subject), words(&spec.value));
        for words in spec.value.iter().chain(spec.counted.iter().map(|counted| &counted.many)) {
            self.numbered(words);
        }
        let counted = spec.counted.as_ref();
        let counted = counted.map(|of| [&of.many, &of.one, &of.none].map(|words| self.words(words)));
        Phrases { verb, about, subject, value, counted }
    }

    /// Refuses a split of days into parts, whose differences are sums, of what does not add up.
    fn splits(&mut self, spec: &ChartSpec, item: &Item, place: &Place, way_out: &str) {
        if spec.finding == Some(Finding::Split) && !item.measure.is_additive {
            let name = &item.measure.name;
            let message = format!("'{name}' does not add up over days, so that 'split' says nothing of it{way_out}");
            self.fault(place, message);
        }
    }

    pub(super) fn filter(&mut self, cube: &str, spec: Option<&FilterSpec>) -> Option<Filter> {
        let spec = spec?;
        let sql = self.condition(cube, &spec.sql).unwrap_or_default();
        Some(Filter { sql, says: spec.says.as_ref().map(|says| self.words(says)) })
    }

    /// The number of a SELECT as a measure.
    pub(super) fn column(&mut self, spec: &ColumnSpec) -> Item {
        let decimals = spec.decimals.and_then(|decimals| u32::try_from(decimals).ok());
        let kind = match (spec.percent, decimals) {
            (true, _) => NumberKind::Rate,
            (false, Some(decimals)) => NumberKind::PerUnit(decimals),
            (false, None) => NumberKind::Amount,
        };
        let name = "value".to_owned();
        Item {
            measure: Measured {
                parts: spec.is_additive.then(|| Parts { names: vec![name.clone()], arithmetic: Arithmetic::Part(0) }),
                name,
                kind,
                currency: spec.currency.clone(),
                better: spec.better,
                is_additive: spec.is_additive,
            },
            title: self.words(&spec.title),
            unit: spec.unit.as_ref().map(|unit| unit.text.clone()),
            target: None,
        }
    }

    fn waterfall(&mut self, spec: &WaterfallSpec) -> Option<Waterfall> {
        let source = self.source(&spec.cube)?;
        let item = ItemSpec { measure: spec.measure.clone(), title: None, unit: None, target: None };
        let item = self.item(&source.cube, &item);
        if let Some(item) = item.as_ref().filter(|item| !item.measure.is_additive) {
            let message = format!("'{}' does not add up, so that no part of it stands apart", item.measure.name);
            self.fault(&spec.measure.place, message);
        }
        let apart = match &spec.apart {
            Some(apart) => Some(self.item(&source.cube, apart)?),
            None => None,
        };
        let drivers: Vec<Driver> =
            spec.drivers.iter().filter_map(|driver| self.driver(&source.cube, driver, spec)).collect();
        (drivers.len() == spec.drivers.len()).then_some(Waterfall { source, item: item?, apart, drivers })
    }

    fn driver(&mut self, cube: &str, spec: &DriverSpec, all: &WaterfallSpec) -> Option<Driver> {
        let item = self.item(cube, &spec.item);
        let says = self.directions(&spec.says);
        let subject = spec.subject.as_ref().map_or_else(|| says.clone(), |subject| self.directions(subject));
        let against = spec.against.as_ref().map(|against| self.against(cube, against));
        let after = spec.after.as_ref().map(|after| {
            if all.drivers.iter().all(|other| other.item.measure.value != after.driver.value) {
                let names = all.drivers.iter().map(|other| other.item.measure.value.as_str());
                let message = format!("no driver is '{}'{}", after.driver.value, hint(&after.driver.value, names));
                self.fault(&after.driver.place, message);
            }
            (after.driver.value.clone(), self.directions(&after.says))
        });
        let against = match against {
            Some(against) => Some(against?),
            None => None,
        };
        Some(Driver { item: item?, says, subject, against, after })
    }

    fn against(&mut self, cube: &str, spec: &AgainstSpec) -> Option<(Measured, Directions, Directions)> {
        let total = self.measured(cube, &spec.total);
        let says = self.directions(&spec.says);
        let subject = spec.subject.as_ref().map_or_else(|| says.clone(), |subject| self.directions(subject));
        Some((total?, says, subject))
    }
}

impl Body {
    /// The cube that it asks.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Kpis(kpis) => Some(&kpis.source),
            Self::Waterfall(waterfall) => Some(&waterfall.source),
            Self::Contributions(contributions) => Some(&contributions.source),
            Self::Bars(bars) => Some(&bars.source),
            Self::Heat(heat) => Some(&heat.source),
            Self::Chart(_) | Self::Flow(_) | Self::Concentration(_) | Self::Table(_) | Self::Text(_) => {
                match self.values()? {
                    Values::Query(source, _) => Some(source),
                    Values::Sql(_) => None,
                }
            }
        }
    }

    /// What the facts that it shows must satisfy.
    pub fn filter(&self) -> Option<&Filter> {
        match self {
            Self::Contributions(contributions) => contributions.filter.as_ref(),
            Self::Bars(bars) => bars.filter.as_ref(),
            Self::Heat(heat) => heat.filter.as_ref(),
            _ => match self.values()? {
                Values::Query(_, filter) => filter.as_ref(),
                Values::Sql(_) => None,
            },
        }
    }

    /// Whether it asks in SQL, of which nobody knows which facts it leaves out.
    pub fn asks_sql(&self) -> bool {
        matches!(self, Self::Flow(_) | Self::Concentration(_)) || matches!(self.values(), Some(Values::Sql(_)))
    }

    fn values(&self) -> Option<&Values> {
        match self {
            Self::Chart(Chart { values, .. }) | Self::Table(Table { values, .. }) => Some(values),
            _ => None,
        }
    }
}
