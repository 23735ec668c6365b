//! Models from files beside this one, valid and faulty. What each becomes stands next to it: `.err` lists its faults,
//! `.model` what it resolves to; `UPDATE=1` rewrites them. `#--- NAME` within a case begins another file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use starmart::config::Config;
use starmart::error::Kind;
use starmart::execute::functions;
use starmart::mart::model_faults;
use starmart::model::{Model, Schemas, Source, Spec, TableSchema, resolve};
use tempfile::TempDir;

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
    resolve(&Spec::decode(files), &schemas(), &functions::all())
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
        for column in &table.columns {
            let labels = column.labels.iter().flat_map(|labels| &labels.entries);
            for label in labels {
                writeln!(out, "  {} {:?}:{}", column.name, label.value, words(&Some(label.words.clone()))).unwrap();
            }
            if let Some(order) = &column.order {
                writeln!(out, "  {} in order of {order:?}", column.name).unwrap();
            }
        }
        for (name, levels) in &table.hierarchies {
            writeln!(out, "  hierarchy {name}: {}", levels.join(" > ")).unwrap();
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
        for hierarchy in &cube.hierarchies {
            writeln!(out, "  hierarchy {}: {}", hierarchy.name, hierarchy.levels.join(" > ")).unwrap();
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
    let spec = Spec::decode(&files);
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
    assert!(
        error.contains("column 'price': it is text in the mart, not decimal(8,2); load table 'products'"),
        "{error}"
    );
}

#[test]
fn the_hash_is_of_names_and_texts_in_any_order() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let hash = |files: &[(String, String)]| Spec::decode(files).hash;
    let (a, b) = (file("a.yaml", "version: 1\n"), file("b.yaml", "version: 1 # two\n"));
    let one = hash(&[a.clone(), b.clone()]);
    assert_eq!(one, hash(&[b.clone(), a.clone()]));
    assert_ne!(one, hash(&[a, file("c.yaml", "version: 1 # two\n")]));
    assert_eq!(one.len(), 64);
}

/// The project's faults, one a line.
fn faults_of(folder: &Path) -> String {
    let config = Config::load(folder, None).expect("a configuration");
    let faults = model_faults(&config).expect("there is a model");
    faults.sorted().iter().map(|fault| format!("{fault}\n")).collect()
}

fn write(folder: &Path, file: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// What the example of the page needs; its columns as a file has them.
#[test]
fn the_page_shows_models_that_hold() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/model.md")).expect("the page");
    let examples: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    let labels = page.split("```csv\n").nth(1).and_then(|rest| rest.split("```").next()).expect("labels");
    for example in examples {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), "starmart.yaml", "version: 1\n");
        write(folder.path(), "cubes/sales.yaml", example);
        write(folder.path(), "cubes/labels/department.csv", labels);
        write(folder.path(), "data/lines1.csv", "line_id,time,household_id,basket_id,product_id,amount\n");
        write(folder.path(), "data/products.csv", "product_id,department,brand\n");
        assert_eq!(faults_of(folder.path()), "");
    }
}

#[test]
fn every_fault_is_listed_whatever_cannot_be_read() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "starmart.yaml", "version: 1\n");
    write(
        folder.path(),
        "cubes/sales.yaml",
        "version: 1\ntables:\n  lines:\n    files: data/lines.csv\n  stores: {files: data/stores.csv, titel: x}\n\
         cubes:\n  sales: {table: lines, measures: {revenue: sum(amount)}}\n  \
         places: {table: stores, measures: {typo: count(shop_di)}}\n  elsewhere: {table: other}\n",
    );
    write(folder.path(), "data/stores.csv", "shop_id,city\n1,X\n");
    let missing = format!("no file 'data/lines.csv' under '{}'", folder.path().display());
    let known = format!(
        "cubes/sales.yaml:4:12: table 'lines': {missing}\n\
         cubes/sales.yaml:5:36: table 'stores': unknown key 'titel'; did you mean 'title'?\n\
         cubes/sales.yaml:8:44: measure 'typo': unknown column 'shop_di'; did you mean 'shop_id'?\n"
    );
    let unknown = "cubes/sales.yaml:9:22: cube 'elsewhere': unknown table 'other'; known: lines, stores\n";
    assert_eq!(faults_of(folder.path()), format!("{known}{unknown}"));

    // What could not be read may hold what is not there.
    write(folder.path(), "cubes/latin.yaml", b"version: 1\ntables: # caf\xe9\n");
    write(folder.path(), "cubes/old.yml", "version: 1\n");
    write(folder.path(), "cubes/within/other.yaml", "not: read");
    assert_eq!(
        faults_of(folder.path()),
        format!(
            "cubes/latin.yaml:2:14: not UTF-8 text; save the file as UTF-8\n\
             cubes/old.yml:1:1: the files of a project end in .yaml; rename it\n{known}"
        )
    );
}

#[test]
fn a_folder_without_a_model_says_the_way_out() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "starmart.yaml", "version: 1\n");
    let config = Config::load(folder.path(), None).expect("a configuration");
    let message = |config: &Config| model_faults(config).expect_err("there is none").to_string();
    assert!(message(&config).contains("there is no folder"), "{}", message(&config));
    assert!(message(&config).ends_with("write one, or make a project with `starmart init`"));
    write(folder.path(), "cubes/readme.txt", "");
    assert!(message(&config).ends_with("holds no .yaml file; write one, or make a project with `starmart init`"));
}

/// `starmart check` lists the faults of the configuration and of the model together.
#[test]
fn a_faulty_configuration_hides_no_model() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "starmart.yaml", "version: 1\nmarts: mart\n");
    write(folder.path(), "cubes/a.yaml", "version: 1\ntables: {t: {sql: selec 1}}\n");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_starmart"))
        .args(["check", "-C"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("starmart.yaml:2:1: unknown key 'marts'"), "{said}");
    assert!(said.contains("cubes/a.yaml:2:19: table 't': the SQL does not parse"), "{said}");
}
