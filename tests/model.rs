//! Models from files beside this one, valid and faulty. What each becomes stands next to it: `.err` lists its faults,
//! `.model` what it resolves to; `UPDATE=1` rewrites them. `#--- NAME` within a case begins another file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use starmart::error::Kind;
use starmart::execute::functions;
use starmart::model::{Model, Schemas, Source, Spec, TableSchema, resolve};

fn files(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).expect("the case is readable");
    let mut files = vec![("model.yaml".to_owned(), String::new())];
    for line in text.lines() {
        match line.strip_prefix("#--- ") {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => {
                let (_, text) = files.last_mut().expect("there is a first file");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), false)).collect();
    Arc::new(Schema::new(fields))
}

/// What the files of all cases hold.
fn schemas() -> Schemas {
    let naive = || DataType::Timestamp(TimeUnit::Nanosecond, None);
    let zoned = || DataType::Timestamp(TimeUnit::Millisecond, Some("+00:00".into()));
    let name = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let tables = [
        (
            "transactions",
            schema(&[
                ("household_id", DataType::Utf8View),
                ("store_id", DataType::Int32),
                ("basket_id", DataType::LargeUtf8),
                ("product_id", DataType::Utf8),
                ("quantity", DataType::Float64),
                ("sales_value", DataType::Float64),
                ("transaction_timestamp", naive()),
                ("booked_at", zoned()),
            ]),
        ),
        ("products", schema(&[("product_id", DataType::Utf8), ("department", name()), ("price", DataType::Float32)])),
        ("stores", schema(&[("store_id", DataType::Int16), ("region_id", DataType::Int8), ("city", DataType::Utf8)])),
        ("regions", schema(&[("region_id", DataType::Int64), ("name", name())])),
        ("points", schema(&[("day", DataType::Utf8), ("Household ID", DataType::Utf8), ("points", DataType::Utf8)])),
        ("mailings", schema(&[("sent", DataType::Date32), ("flag", DataType::Boolean), ("blob", DataType::Binary)])),
    ];
    tables.into_iter().map(|(name, schema)| (name.to_owned(), TableSchema::File(schema))).collect()
}

fn model(files: &[(String, String)]) -> starmart::error::Result<Model> {
    resolve(&Spec::decode(files)?, &schemas(), &functions::all())
}

fn shown(model: &Model) -> String {
    let mut out = String::new();
    let words = |text: &Option<starmart::model::Text>| {
        let words = text.iter().flat_map(|text| text.iter()).map(|(locale, words)| format!(" {locale}={words}"));
        words.collect::<String>()
    };
    writeln!(out, "{:?}", model.defaults).unwrap();
    for table in model.tables.values() {
        let source = match &table.source {
            Source::Files { patterns, format } => format!("{format:?} {}", patterns.join(", ")),
            Source::Sql { reads, .. } => format!("sql over {}", reads.join(", ")),
        };
        writeln!(out, "\ntable {}{}: {source}, {:?}", table.name, words(&table.title), table.load).unwrap();
        writeln!(out, "  key {}, sorted by {}", table.primary_key.join(", "), table.sort_by.join(", ")).unwrap();
        for column in &table.columns {
            let zone = column.stored_in.map_or(String::new(), |zone| format!(" in {zone}"));
            let title = words(&column.title);
            writeln!(out, "  {} from {:?}: {}{zone}{title}", column.name, column.from, column.data_type).unwrap();
        }
        for join in &table.joins {
            let keys: Vec<String> = join.keys.iter().map(|(mine, theirs)| format!("{mine} = {theirs}")).collect();
            writeln!(out, "  join {} to {} on {}", join.name, join.table, keys.join(", ")).unwrap();
        }
    }
    for cube in model.cubes.values() {
        let filter = cube.filter.as_ref().map_or("all", |filter| &filter.sql);
        let title = words(&cube.title);
        writeln!(out, "\ncube {}{title} over {}, time {:?}, where {filter}", cube.name, cube.table, cube.time).unwrap();
        for dimension in &cube.dimensions {
            let paths: Vec<String> = dimension.expr.paths.iter().map(|path| path.join(".")).collect();
            let (name, expr, kind) = (&dimension.name, &dimension.expr, &dimension.kind);
            let title = words(&dimension.title);
            writeln!(out, "  {name}: {} = {} via {paths:?} {kind:?}{title}", dimension.data_type, expr.sql).unwrap();
        }
        for measure in &cube.measures {
            let title = words(&measure.title);
            writeln!(out, "  {}: {} = {}{title}", measure.name, measure.data_type, measure.value).unwrap();
            for (at, leaf) in measure.leaves.iter().enumerate() {
                let argument = leaf.argument.as_ref().map_or("*", |argument| &argument.sql);
                let filter = leaf.filter.as_ref().map_or(String::new(), |filter| format!(" where {}", filter.sql));
                writeln!(out, "    ${at}: {} = {:?}({argument}){filter}", leaf.data_type, leaf.aggregate).unwrap();
            }
        }
    }
    for test in &model.tests {
        writeln!(out, "\ntest {} at {}: {} ± {:?}", test.name, test.place, test.expect, test.tolerance).unwrap();
    }
    out
}

#[test]
fn every_case_becomes_what_stands_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model");
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the cases are there").map(|entry| entry.expect("listed").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    cases.sort();
    assert!(cases.len() > 5);
    let mut wrong = Vec::new();
    for case in cases {
        let (extension, found) = match model(&files(&case)) {
            Ok(model) => ("model", shown(&model)),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Misconfigured, "{}: {error}", case.display());
                ("err", format!("{error}\n"))
            }
        };
        let beside = case.with_extension(extension);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &found).expect("written");
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", beside.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 rewrites these:\n{}", wrong.join("\n"));
}

/// What resolves before a load resolves after it to the same, with the same fingerprints.
#[test]
fn a_loaded_model_resolves_to_the_same() {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model/valid.yaml"));
    let spec = Spec::decode(&files).expect("decoded");
    let before = resolve(&spec, &schemas(), &functions::all()).expect("resolved");
    let mut stored: Schemas = before
        .tables
        .iter()
        .map(|(name, table)| (name.clone(), TableSchema::Mart(SchemaRef::clone(&table.schema))))
        .collect();
    let after = resolve(&spec, &stored, &functions::all()).expect("resolved again");
    assert_eq!(shown(&before), shown(&after));
    let prints = |model: &Model| -> BTreeMap<String, String> {
        model.tables.iter().map(|(name, table)| (name.clone(), table.fingerprint.clone())).collect()
    };
    assert_eq!(prints(&before), prints(&after));
    assert_eq!(before.hash, after.hash);

    let changed = schema(&[("product_id", DataType::Utf8), ("department", DataType::Utf8), ("price", DataType::Utf8)]);
    stored.insert("products".into(), TableSchema::Mart(changed));
    let error = resolve(&spec, &stored, &functions::all()).expect_err("the price is text there").to_string();
    assert!(error.contains("'price' is text in the mart, not decimal(8,2); load table 'products'"), "{error}");
}

#[test]
fn the_hash_is_of_names_and_texts_in_any_order() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let hash = |files: &[(String, String)]| Spec::decode(files).expect("decoded").hash;
    let (a, b) = (file("a.yaml", "version: 1\n"), file("b.yaml", "version: 1 # two\n"));
    let one = hash(&[a.clone(), b.clone()]);
    assert_eq!(one, hash(&[b.clone(), a.clone()]));
    assert_ne!(one, hash(&[a, file("c.yaml", "version: 1 # two\n")]));
    assert_eq!(one.len(), 64);
}
