//! Files to a [`Spec`]: parsed, checked against the [`shape`], then read leniently, since what is faulty is noted.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::yaml::{self, Entry, Faults, Node, Position};

use super::shape::{parse_type, shape};
use super::spec::{ColumnSpec, CubeSpec, DimensionSpec, JoinSpec, MeasureSpec, Place, Spec, TableSpec, Written};
use super::{Defaults, FileFormat, LoadMode, ModelTest, Text};

/// Decodes all files together; the error lists every fault.
pub(super) fn files(files: &[(String, String)]) -> Result<Spec> {
    let mut faults = Faults::default();
    let shape = shape();
    let mut roots = Vec::new();
    for (name, text) in files {
        let Some(root) = yaml::parse(name, text, &mut faults) else { continue };
        shape.check(name, &root, &mut faults);
        roots.push((Arc::<str>::from(name.as_str()), root));
    }
    let defaults = defaults(&roots, &mut faults);
    let mut decoder = Decoder { locale: defaults.locale.clone(), file: Arc::from(""), faults, seen: BTreeMap::new() };
    let mut spec =
        Spec { defaults, tables: BTreeMap::new(), cubes: BTreeMap::new(), tests: Vec::new(), hash: hash(files) };
    for (file, root) in &roots {
        decoder.file = Arc::clone(file);
        decoder.root(root, &mut spec);
    }
    spec.tests.sort_by(|a, b| a.name.cmp(&b.name));
    decoder.faults.into_result(spec)
}

fn hash(files: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    for part in sorted.into_iter().flat_map(|(name, text)| [name, text]) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{:x}", hasher.finalize())
}

fn defaults(roots: &[(Arc<str>, Node)], faults: &mut Faults) -> Defaults {
    let mut first: Option<(Place, &Node)> = None;
    for (file, root) in roots {
        let Some(entry) = root.entry("defaults") else { continue };
        let place = Place::new(file, entry.key_at);
        match &first {
            Some((other, _)) => {
                place.fault(faults, format!("defaults are already given at {other}; keep them in one file"))
            }
            None => first = Some((place, &entry.value)),
        }
    }
    let text = |key: &str| first.as_ref().and_then(|(_, node)| node.get(key)).and_then(Node::text);
    let locale = text("locale").filter(|locale| super::LOCALES.contains(locale)).unwrap_or("en");
    Defaults {
        timezone: text("timezone").and_then(|zone| Tz::from_str(zone).ok()).unwrap_or(Tz::UTC),
        currency: text("currency").map(str::to_owned),
        locale: locale.to_owned(),
    }
}

struct Decoder {
    locale: String,
    file: Arc<str>,
    faults: Faults,
    /// Where each table, cube and test was first written.
    seen: BTreeMap<(&'static str, String), Place>,
}

impl Decoder {
    fn root(&mut self, root: &Node, spec: &mut Spec) {
        for entry in section(root, "tables") {
            if self.is_first("table", entry) {
                let table = self.table(entry);
                spec.tables.insert(entry.key.clone(), table);
            }
        }
        for entry in section(root, "cubes") {
            if self.is_first("cube", entry)
                && let Some(cube) = self.cube(entry)
            {
                spec.cubes.insert(entry.key.clone(), cube);
            }
        }
        for entry in section(root, "tests") {
            if self.is_first("test", entry)
                && let Some(test) = self.test(entry)
            {
                spec.tests.push(test);
            }
        }
    }

    fn is_first(&mut self, what: &'static str, entry: &Entry) -> bool {
        let place = self.place(entry.key_at);
        let key = (what, entry.key.clone());
        if let Some(other) = self.seen.get(&key) {
            place.fault(&mut self.faults, format!("{what} '{}' is already written at {other}; keep one", entry.key));
            return false;
        }
        self.seen.insert(key, place);
        true
    }

    fn table(&mut self, entry: &Entry) -> TableSpec {
        let node = &entry.value;
        let place = self.place(entry.key_at);
        let files = node.get("files").and_then(|files| self.patterns(files));
        let sql = node.get("sql").and_then(|sql| self.written(sql));
        let load = match node.get("load").and_then(|load| load.get("mode")).and_then(Node::text) {
            Some("append") => LoadMode::Append,
            _ => LoadMode::Replace,
        };
        match (node.get("files"), node.get("sql")) {
            (None, None) => place.fault(
                &mut self.faults,
                format!("table '{}' has no rows: give it `files`, or `sql` to derive it by", entry.key),
            ),
            (Some(_), Some(_)) => place.fault(
                &mut self.faults,
                format!("table '{}' has both `files` and `sql`; it takes its rows from one of them", entry.key),
            ),
            (None, Some(_)) if load == LoadMode::Append => {
                let at = node.get("load").map_or(place.clone(), |load| self.place(load.at));
                at.fault(&mut self.faults, "a table of `sql` is made anew by every load; append needs `files`");
            }
            _ => {}
        }
        TableSpec {
            name: entry.key.clone(),
            place,
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            files,
            sql,
            primary_key: self.names(node.get("primary_key")),
            sort_by: self.names(node.get("sort_by")),
            columns: section(node, "columns").iter().map(|column| self.column(column)).collect(),
            joins: section(node, "joins").iter().map(|join| self.join(join)).collect(),
            load,
        }
    }

    fn patterns(&mut self, node: &Node) -> Option<(Vec<String>, FileFormat)> {
        let mut format = None;
        for pattern in node.one_or_many() {
            let text = pattern.text()?;
            let found = if text.ends_with(".parquet") {
                FileFormat::Parquet
            } else if text.ends_with(".csv") {
                FileFormat::Csv
            } else {
                let message = format!("'{text}' ends neither in .parquet nor in .csv, which are the files that load");
                self.place(pattern.at).fault(&mut self.faults, message);
                continue;
            };
            if *format.get_or_insert(found) != found {
                let message = format!("'{text}' is written unlike the files before it; a table has one format");
                self.place(pattern.at).fault(&mut self.faults, message);
            }
        }
        let patterns = node.one_or_many().iter().filter_map(Node::text).map(str::to_owned).collect();
        Some((patterns, format?))
    }

    fn column(&mut self, entry: &Entry) -> ColumnSpec {
        let node = &entry.value;
        let text = |key: &str| node.get(key).and_then(Node::text);
        ColumnSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            data_type: node.text().or_else(|| text("type")).and_then(parse_type),
            from: text("from").map(str::to_owned),
            stored_in: text("stored_in").and_then(|zone| Tz::from_str(zone).ok()),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
        }
    }

    fn join(&self, entry: &Entry) -> JoinSpec {
        let node = &entry.value;
        let keys = node.get("keys").unwrap_or(node);
        let mut pairs: Vec<_> = self.names(Some(keys)).into_iter().map(|mine| (mine, None)).collect();
        if node.get("keys").is_some() {
            pairs.extend(keys.entries().iter().map(|pair| {
                (Written { value: pair.key.clone(), place: self.place(pair.key_at) }, self.written(&pair.value))
            }));
        }
        JoinSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            table: node.get("table").and_then(|table| self.written(table)),
            keys: pairs,
        }
    }

    fn cube(&self, entry: &Entry) -> Option<CubeSpec> {
        let node = &entry.value;
        let optional = |key: &str| node.get(key).and_then(|value| self.written(value));
        Some(CubeSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            table: optional("table")?,
            time: optional("time"),
            filter: optional("filter"),
            dimensions: section(node, "dimensions").iter().filter_map(|each| self.dimension(each)).collect(),
            measures: section(node, "measures").iter().filter_map(|each| self.measure(each)).collect(),
        })
    }

    fn dimension(&self, entry: &Entry) -> Option<DimensionSpec> {
        let node = &entry.value;
        Some(DimensionSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            expr: self.written(node.get("expr").unwrap_or(node))?,
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
        })
    }

    fn measure(&self, entry: &Entry) -> Option<MeasureSpec> {
        let node = &entry.value;
        let owned = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        Some(MeasureSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            expr: self.written(node.get("expr").unwrap_or(node))?,
            filter: node.get("filter").and_then(|filter| self.written(filter)),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            unit: owned("unit"),
            format: owned("format"),
        })
    }

    fn test(&self, entry: &Entry) -> Option<ModelTest> {
        let node = &entry.value;
        Some(ModelTest {
            name: entry.key.clone(),
            query: node.get("query")?.text()?.to_owned(),
            expect: node.get("expect")?.text()?.to_owned(),
            tolerance: node.get("tolerance").and_then(Node::f64),
            place: self.place(entry.key_at),
        })
    }

    fn text(&self, node: Option<&Node>) -> Option<Text> {
        let node = node?;
        let words: Vec<_> = match node.text() {
            Some(text) => vec![(self.locale.clone(), text.to_owned())],
            None => node
                .entries()
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
                .collect(),
        };
        (!words.is_empty()).then(|| Text::new(words))
    }

    fn names(&self, node: Option<&Node>) -> Vec<Written<String>> {
        node.map(Node::one_or_many).unwrap_or_default().iter().filter_map(|name| self.written(name)).collect()
    }

    fn written(&self, node: &Node) -> Option<Written<String>> {
        node.text().map(|text| Written { value: text.to_owned(), place: self.place(node.at) })
    }

    fn place(&self, at: Position) -> Place {
        Place::new(&self.file, at)
    }
}

/// The definitions under `key`.
fn section<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}
