//! Files to a [`Spec`]: parsed, checked against the shape, then read leniently, since what is faulty is noted. A report of
//! which anything is faulty is left out.

mod chart;
mod members;
mod visitors;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::shape::shape;
use super::{
    AfterSpec, AgainstSpec, AsOf, BodySpec, CellSpec, Comparison, CountSpec, Directions, DriverSpec, FilterSpec,
    ItemSpec, KpisSpec, PageSpec, ReportSpec, Said, Spec, TileSpec, WaterfallSpec, Words,
};
use crate::model::{LOCALES, Place, Text, Written};
use crate::yaml::{self, Faults, Node, Position};

/// Decodes all files together.
pub(super) fn files(files: &[(String, String)]) -> Spec {
    let mut spec = Spec::default();
    let shape = shape();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for (name, text) in files {
        let mut faults = Faults::default();
        let root = yaml::parse(name, text, &mut faults);
        if let Some(mut root) = root {
            shape.check(name, &mut root, &mut faults);
            let hash = format!("{:x}", Sha256::digest(text.as_bytes()));
            let places: BTreeSet<Position> = faults.iter().map(|fault| fault.at).collect();
            let nodes = root.get("reports").map(Node::items).unwrap_or_default();
            for node in nodes {
                let mut decoder = Decoder { file: Arc::from(name.as_str()), faults: Faults::default() };
                let report = decoder.report(node, &hash);
                let report =
                    report.filter(|_| decoder.faults.is_empty() && !node.any_begins(&|at| places.contains(&at)));
                spec.faults.append(decoder.faults);
                let Some(report) = report else { continue };
                match seen.get(&report.name) {
                    Some(other) => report.place.fault(
                        &mut spec.faults,
                        format!("report '{}': it is already written at {other}; keep one", report.name),
                    ),
                    None => {
                        seen.insert(report.name.clone(), report.place.clone());
                        spec.reports.push(report);
                    }
                }
            }
        }
        spec.faults.append(faults);
    }
    spec
}

/// The keys of a tile that belong to one kind, and which.
const OF_KINDS: [(&str, &str); 15] = [
    ("about", "chart"),
    ("subject", "chart"),
    ("value", "chart"),
    ("counted", "chart"),
    ("sql", "chart"),
    ("time", "chart"),
    ("column", "chart"),
    ("verb", "chart"),
    ("cube", "kpis"),
    ("compare", "kpis"),
    ("spark", "kpis"),
    ("query", "chart"),
    ("behind", "chart"),
    ("mark", "chart"),
    ("finding", "chart"),
];

struct Decoder {
    file: Arc<str>,
    faults: Faults,
}

impl Decoder {
    fn report(&mut self, node: &Node, hash: &str) -> Option<ReportSpec> {
        let as_of = node.get("period").and_then(|period| period.get("as_of")).and_then(Node::text);
        Some(ReportSpec {
            name: node.get("name")?.text()?.to_owned(),
            place: self.place(node),
            title: self.words(node.get("title")?)?,
            locales: self.list(node.get("locales")),
            as_of: if as_of == Some("data") { AsOf::Data } else { AsOf::Now },
            counts: node.get("counts").and_then(|counts| {
                Some(CountSpec {
                    measure: self.written(counts.get("measure")?)?,
                    says: self.words(counts.get("says")?)?,
                })
            }),
            no_facts: node
                .get("no_facts")
                .and_then(|words| Some((self.words(words.get("says")?)?, self.words(words.get("short")?)?))),
            pages: node.get("pages")?.items().iter().filter_map(|page| self.page(page)).collect(),
            hash: hash.to_owned(),
        })
    }

    fn page(&mut self, node: &Node) -> Option<PageSpec> {
        Some(PageSpec {
            place: self.place(node),
            title: self.words(node.get("title")?)?,
            headline: self.said(node.get("headline")),
            deck: self.said(node.get("deck")),
            cells: node.get("tiles")?.items().iter().map(|cell| self.cell(cell)).collect(),
        })
    }

    fn cell(&mut self, node: &Node) -> CellSpec {
        let stacked = node.get("stack").map(Node::items);
        for entry in
            node.entries().iter().filter(|entry| stacked.is_some() && !["stack", "span"].contains(&&*entry.key))
        {
            let at = Place::new(&self.file, entry.key_at);
            at.fault(&mut self.faults, format!("'{}' belongs to a tile of the stack", entry.key));
        }
        let tiles = stacked.unwrap_or(std::slice::from_ref(node));
        CellSpec {
            span: node.get("span").and_then(Node::u64).unwrap_or(12),
            tiles: tiles.iter().filter_map(|tile| self.tile(tile)).collect(),
        }
    }

    fn tile(&mut self, node: &Node) -> Option<TileSpec> {
        for (key, kind) in OF_KINDS {
            if let Some(entry) = node.entry(key).filter(|_| node.get(kind).is_none()) {
                let at = Place::new(&self.file, entry.key_at);
                at.fault(&mut self.faults, format!("'{key}' belongs to a tile of '{kind}'"));
            }
        }
        for key in ["title", "subtitle"] {
            if let Some(value) =
                node.get(key).filter(|value| node.get("kpis").is_some() && value.text() != Some("auto"))
            {
                self.fault(value, &format!("'kpis' have a title for each measure, and show no '{key}'"));
            }
        }
        let height = node.get("height").and_then(Node::f64);
        if let Some(height) = height.filter(|height| !(5.0..=156.0).contains(height)) {
            self.fault(node.get("height")?, &format!("a tile is 5 to 156 mm high, not {height}"));
        }
        let body = if let Some(kpis) = node.get("kpis") {
            BodySpec::Kpis(self.kpis(kpis, node)?)
        } else if node.get("chart").is_some() {
            BodySpec::Chart(Box::new(self.chart(node)?))
        } else if let Some(waterfall) = node.get("waterfall") {
            BodySpec::Waterfall(Box::new(self.waterfall(waterfall)?))
        } else if let Some(contributions) = node.get("contributions") {
            BodySpec::Contributions(Box::new(self.contributions(contributions)?))
        } else if let Some(bars) = node.get("bars") {
            BodySpec::Bars(Box::new(self.bars(bars)?))
        } else if let Some(flow) = node.get("flow") {
            BodySpec::Flow(Box::new(self.flow(flow)?))
        } else if let Some(concentration) = node.get("concentration") {
            BodySpec::Concentration(Box::new(self.concentration(concentration)?))
        } else if let Some(heat) = node.get("heatmap") {
            BodySpec::Heat(Box::new(self.heat(heat)?))
        } else if let Some(table) = node.get("table") {
            BodySpec::Table(Box::new(self.table(table)?))
        } else {
            BodySpec::Text(self.words(node.get("text")?)?)
        };
        Some(TileSpec {
            place: self.place(node),
            name: node.get("name").and_then(|name| self.written(name)),
            height,
            title: self.said(node.get("title")),
            subtitle: self.said(node.get("subtitle")),
            is_whole: node.get("filters").is_some(),
            body,
        })
    }

    fn kpis(&mut self, items: &Node, node: &Node) -> Option<KpisSpec> {
        let Some(cube) = node.get("cube") else {
            self.fault(node, "'kpis' need a 'cube'");
            return None;
        };
        let compare = node.get("compare").map(Node::items).unwrap_or_default();
        Some(KpisSpec {
            cube: self.written(cube)?,
            items: self.items(Some(items)),
            compare: compare
                .iter()
                .filter_map(Node::text)
                .map(|word| if word == "previous" { Comparison::Previous } else { Comparison::AverageOfFour })
                .collect(),
            spark: node.get("spark").and_then(Node::u64),
        })
    }

    fn filter(&self, node: &Node) -> Option<FilterSpec> {
        let filter = node.get("where")?;
        Some(FilterSpec {
            sql: self.written(filter.get("sql").unwrap_or(filter))?,
            says: filter.get("says").and_then(|says| self.words(says)),
        })
    }

    fn waterfall(&mut self, node: &Node) -> Option<WaterfallSpec> {
        Some(WaterfallSpec {
            cube: self.written(node.get("cube")?)?,
            measure: self.written(node.get("measure")?)?,
            apart: node.get("apart").and_then(|apart| self.item(apart)),
            drivers: node.get("drivers")?.items().iter().filter_map(|driver| self.driver(driver)).collect(),
        })
    }

    fn driver(&mut self, node: &Node) -> Option<DriverSpec> {
        let against = node.get("against").and_then(|against| {
            Some(AgainstSpec {
                total: self.written(against.get("total")?)?,
                says: self.directions(against)?,
                subject: against.get("subject").and_then(|subject| self.directions(subject)),
            })
        });
        let after = node.get("after").and_then(|after| {
            Some(AfterSpec { driver: self.written(after.get("driver")?)?, says: self.directions(after)? })
        });
        Some(DriverSpec {
            item: self.item(node)?,
            says: self.directions(node)?,
            subject: node.get("subject").and_then(|subject| self.directions(subject)),
            against,
            after,
        })
    }

    fn directions(&self, node: &Node) -> Option<Directions> {
        Some(Directions { up: self.words(node.get("up")?)?, down: self.words(node.get("down")?)? })
    }

    fn items(&self, node: Option<&Node>) -> Vec<ItemSpec> {
        node.map(Node::items).unwrap_or_default().iter().filter_map(|item| self.item(item)).collect()
    }

    fn item(&self, node: &Node) -> Option<ItemSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        Some(ItemSpec {
            measure: self.written(node.get("measure").unwrap_or(node))?,
            title: words("title"),
            unit: words("unit"),
            target: node.get("target").and_then(Node::f64),
        })
    }

    fn said(&self, node: Option<&Node>) -> Said {
        match node {
            Some(node) if node.text() != Some("auto") => self.words(node).map_or(Said::Auto, Said::Words),
            _ => Said::Auto,
        }
    }

    fn words(&self, node: &Node) -> Option<Words> {
        let words: Vec<(String, String)> = match node.text() {
            Some(text) => LOCALES.iter().map(|locale| ((*locale).to_owned(), text.to_owned())).collect(),
            None => node
                .entries()
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
                .collect(),
        };
        (!words.is_empty()).then(|| Words { text: Text::new(words), place: self.place(node) })
    }

    fn list(&self, node: Option<&Node>) -> Vec<Written<String>> {
        node.map(Node::one_or_many).unwrap_or_default().iter().filter_map(|item| self.written(item)).collect()
    }

    fn written(&self, node: &Node) -> Option<Written<String>> {
        let text = node.text()?;
        Some(Written { value: text.to_owned(), place: self.place(node), lines: node.lines.clone() })
    }

    fn fault(&mut self, node: &Node, message: &str) {
        self.place(node).fault(&mut self.faults, message);
    }

    fn place(&self, node: &Node) -> Place {
        Place::new(&self.file, node.at)
    }
}
