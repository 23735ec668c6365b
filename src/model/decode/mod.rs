//! Files to a [`Spec`]: parsed, checked against the [`shape`], then read leniently, since what is faulty is noted.

mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use crate::sql::{allow, parse_query};
use crate::yaml::{self, Entry, Faults, Lines, Node, Position};

use super::shape::{format_of, parse_type, shape};
use super::spec::{
    ColumnSpec, CubeSpec, DimensionSpec, FilesSpec, JoinSpec, MeasureSpec, Place, Spec, TableSpec, Written,
};
use super::{Better, Defaults, Labels, LoadMode, ModelTest, Text};

/// Decodes all files together.
pub(super) fn files(files: &[(String, String)]) -> Spec {
    let mut faults = Faults::default();
    let shape = shape();
    let mut roots = Vec::new();
    let (label_files, model_files): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name.ends_with(".csv"));
    for (name, text) in &model_files {
        let Some(mut root) = yaml::parse(name, text, &mut faults) else { continue };
        shape.check(name, &mut root, &mut faults);
        roots.push((Arc::<str>::from(name.as_str()), root));
    }
    let mut spec = Spec {
        defaults: defaults(&roots, &mut faults),
        tables: BTreeMap::new(),
        cubes: BTreeMap::new(),
        tests: Vec::new(),
        hash: hash(files),
        faults: Faults::default(),
        faulty: BTreeSet::new(),
        is_whole: roots.len() == model_files.len(),
    };
    let places = faults.iter().map(|fault| Place::new(&Arc::from(fault.file.as_str()), fault.at)).collect();
    let mut decoder = Decoder {
        locale: spec.defaults.locale.clone(),
        file: Arc::from(""),
        faults,
        places,
        faulty: BTreeSet::new(),
        seen: BTreeMap::new(),
        label_files: label_files.into_iter().map(|(name, text)| (name.as_str(), text.as_str())).collect(),
        labels: BTreeMap::new(),
    };
    for (file, root) in &roots {
        decoder.file = Arc::clone(file);
        decoder.root(root, &mut spec);
    }
    spec.tests.sort_by(|a, b| a.name.cmp(&b.name));
    Spec { faults: decoder.faults, faulty: decoder.faulty, ..spec }
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

struct Decoder<'f> {
    locale: String,
    file: Arc<str>,
    faults: Faults,
    /// Where the files' forms are at fault.
    places: BTreeSet<Place>,
    /// The definitions that cannot be resolved for it.
    faulty: BTreeSet<Place>,
    /// Where each table, cube and test was first written.
    seen: BTreeMap<(&'static str, String), Place>,
    /// The texts of files of labels.
    label_files: BTreeMap<&'f str, &'f str>,
    /// Those that a column names, read.
    labels: BTreeMap<String, Arc<Labels>>,
}

impl Decoder<'_> {
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
            let message = format!("it is already written at {other}; keep one");
            place.fault(&mut self.faults, format!("{what} '{}': {message}", entry.key));
            return false;
        }
        self.seen.insert(key, place);
        true
    }

    fn table(&mut self, entry: &Entry) -> TableSpec {
        let node = &entry.value;
        let place = self.place(entry.key_at);
        let files = node.get("files").and_then(|files| self.files(&entry.key, files));
        let sql = node.get("sql").filter(|_| files.is_none()).and_then(|sql| self.written(sql));
        let load = match node.get("load").and_then(|load| load.get("mode")).and_then(Node::text) {
            Some("append") => LoadMode::Append,
            _ => LoadMode::Replace,
        };
        if let (None, Some(_), LoadMode::Append) = (node.get("files"), &sql, load) {
            let at = node.get("load").map_or(place.clone(), |load| self.place(load.at));
            self.fault(
                &at,
                &format!("table '{}'", entry.key),
                "`sql` makes it anew in every load; append needs `files`",
            );
        }
        let about = format!("table '{}'", entry.key);
        let primary_key = self.columns_of(&about, node.get("primary_key"));
        if node.get("primary_key").is_some_and(|key| self.is_faulty(key)) {
            self.faulty.insert(place.clone());
        }
        TableSpec {
            name: entry.key.clone(),
            place,
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            files,
            sql,
            primary_key,
            sort_by: self.columns_of(&about, node.get("sort_by")),
            columns: section(node, "columns").iter().map(|column| self.column(column)).collect(),
            joins: section(node, "joins").iter().map(|join| self.join(join)).collect(),
            hierarchies: section(node, "hierarchies").iter().map(|each| self.hierarchy(each)).collect(),
            load,
        }
    }

    fn files(&mut self, table: &str, node: &Node) -> Option<FilesSpec> {
        if self.is_faulty(node) {
            return None;
        }
        let patterns: Vec<&str> = node.one_or_many().iter().filter_map(Node::text).collect();
        let format = format_of(patterns.first()?)?;
        for (pattern, node) in patterns.iter().zip(node.one_or_many()) {
            if format_of(pattern) != Some(format) {
                let message = format!("'{pattern}' is written unlike the files before it; a table has one format");
                self.fault(&self.place(node.at), &format!("table '{table}'"), &message);
            }
        }
        let patterns = patterns.into_iter().map(str::to_owned).collect();
        Some(FilesSpec { place: self.place(node.at), patterns, format })
    }

    fn column(&mut self, entry: &Entry) -> ColumnSpec {
        let node = &entry.value;
        let text = |key: &str| node.get(key).and_then(Node::text);
        self.note_faulty(entry, node);
        ColumnSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            data_type: node.text().or_else(|| text("type")).and_then(parse_type),
            from: text("from").map(str::to_owned),
            stored_in: text("stored_in").and_then(|zone| Tz::from_str(zone).ok()),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            labels: node.get("labels").and_then(|file| self.labels(&entry.key, file)),
            order: node.get("order").and_then(|order| self.order(order)),
        }
    }

    fn join(&mut self, entry: &Entry) -> JoinSpec {
        let node = &entry.value;
        let keys = node.get("keys").unwrap_or(node);
        let names = self.columns_of(&format!("join '{}'", entry.key), Some(keys));
        let mut pairs: Vec<_> = names.into_iter().map(|mine| (mine, None)).collect();
        if node.get("keys").is_some() {
            pairs.extend(keys.entries().iter().map(|pair| {
                let place = self.place(pair.key_at);
                (Written { value: pair.key.clone(), place, lines: Lines::default() }, self.written(&pair.value))
            }));
        }
        self.note_faulty(entry, node);
        JoinSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            table: node.get("table").and_then(|table| self.written(table)),
            keys: pairs,
        }
    }

    fn cube(&mut self, entry: &Entry) -> Option<CubeSpec> {
        let node = &entry.value;
        let dimensions = section(node, "dimensions").iter().map(|each| self.dimension(each)).collect();
        let measures = section(node, "measures").iter().map(|each| self.measure(each)).collect();
        let optional = |key: &str| node.get(key).and_then(|value| self.written(value));
        Some(CubeSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            table: optional("table")?,
            time: optional("time"),
            filter: optional("filter"),
            dimensions,
            measures,
        })
    }

    fn dimension(&mut self, entry: &Entry) -> DimensionSpec {
        let node = &entry.value;
        DimensionSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            expr: self.expr(entry),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
        }
    }

    fn measure(&mut self, entry: &Entry) -> MeasureSpec {
        let node = &entry.value;
        let owned = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        MeasureSpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            expr: self.expr(entry),
            filter: node.get("filter").and_then(|filter| self.written(filter)),
            title: self.text(node.get("title")),
            description: self.text(node.get("description")),
            unit: owned("unit"),
            format: owned("format"),
            better: node.get("better").and_then(Node::text).and_then(Better::of),
        }
    }

    /// The expression of a dimension or measure; one that has none is kept, faulty, so that its name is known.
    fn expr(&mut self, entry: &Entry) -> Written<String> {
        let node = entry.value.get("expr").unwrap_or(&entry.value);
        self.note_faulty(entry, node);
        self.written(node).unwrap_or_else(|| {
            let place = self.place(entry.key_at);
            self.faulty.insert(place.clone());
            Written { value: String::new(), place, lines: Lines::default() }
        })
    }

    fn test(&mut self, entry: &Entry) -> Option<ModelTest> {
        let node = &entry.value;
        let query = self.written(node.get("query")?)?;
        if let Err(error) = parse_query(&query.value).and_then(|parsed| allow(&parsed)) {
            let (place, message) = query.misparsed(&error);
            self.fault(&place, &format!("test '{}'", entry.key), &message);
        }
        let expect = node.get("expect")?;
        Some(ModelTest {
            name: entry.key.clone(),
            query: query.value,
            expect: if expect.is_null() { "null".to_owned() } else { expect.text()?.to_owned() },
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

    /// The columns that a list names, or a text that names one.
    fn columns_of(&mut self, about: &str, node: Option<&Node>) -> Vec<Written<String>> {
        let Some(node) = node else { return Vec::new() };
        if let Some(text) = node.text().filter(|text| text.contains(',')) {
            let at = self.place(node.at);
            self.fault(&at, about, &format!("'{text}' is not a name; write a list: [{text}]"));
            self.places.insert(at);
            return Vec::new();
        }
        node.one_or_many().iter().filter_map(|name| self.written(name)).collect()
    }

    fn written(&self, node: &Node) -> Option<Written<String>> {
        let text = node.text()?;
        Some(Written { value: text.to_owned(), place: self.place(node.at), lines: node.lines.clone() })
    }

    fn fault(&mut self, place: &Place, about: &str, message: &str) {
        place.fault(&mut self.faults, format!("{about}: {message}"));
    }

    /// Marks a definition as faulty if anything within `node` is.
    fn note_faulty(&mut self, entry: &Entry, node: &Node) {
        if self.is_faulty(node) {
            self.faulty.insert(self.place(entry.key_at));
        }
    }

    /// Whether the form of anything within a node is at fault.
    fn is_faulty(&self, node: &Node) -> bool {
        !self.places.is_empty() && node.any_begins(&|at| self.places.contains(&self.place(at)))
    }

    fn place(&self, at: Position) -> Place {
        Place::new(&self.file, at)
    }
}

/// The definitions under `key`.
fn section<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    node.get(key).map(Node::entries).unwrap_or_default()
}
