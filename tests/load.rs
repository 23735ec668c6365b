//! Loads: what is read, what is left alone, what stops a table, and what the claims of a model are worth afterwards.

use std::path::Path;
use std::sync::Arc;

use starmart::error::Kind;
use starmart::ingest::{LoadOptions, LoadReport, Outcome};
use starmart::mart::Mart;
use tempfile::TempDir;

use crate::projects::{ask, load, open};

/// A project of one model and its files.
pub(crate) struct Project {
    pub(crate) folder: TempDir,
    pub(crate) mart: Arc<Mart>,
}

impl Project {
    pub(crate) async fn new(model: &str, files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for inside in ["data", "cubes"] {
            std::fs::create_dir(folder.path().join(inside)).unwrap();
        }
        std::fs::write(folder.path().join("starmart.yaml"), "version: 1\nmart: mart\ndata: data\n").unwrap();
        write(folder.path(), "cubes/model.yaml", &format!("version: 1\n{model}"));
        files.iter().for_each(|(name, text)| write(folder.path(), name, text));
        let mart = open(folder.path()).await;
        Self { folder, mart }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        write(self.folder.path(), name, text);
    }

    /// The same project as another process finds it.
    pub(crate) async fn reopened(&self) -> Arc<Mart> {
        open(self.folder.path()).await
    }

    pub(crate) fn model(&self, model: &str) {
        self.write("cubes/model.yaml", &format!("version: 1\n{model}"));
    }

    pub(crate) async fn load(&self) -> LoadReport {
        load(&self.mart, LoadOptions::default()).await.unwrap()
    }

    /// Loads what must stop; the error says every one of `words`.
    #[track_caller]
    pub(crate) fn stops(&self, words: &[&str]) -> impl Future<Output = ()> {
        let mart = Arc::clone(&self.mart);
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        async move {
            let error = load(&mart, LoadOptions::default()).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{error}");
            for word in words {
                assert!(error.to_string().contains(&word), "'{word}' is not in: {error}");
            }
        }
    }

    pub(crate) async fn ask(&self, sql: &str) -> String {
        ask(&self.mart, sql).await.unwrap()
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn outcomes(report: &LoadReport) -> Vec<(&str, Outcome, u64)> {
    report.tables.iter().map(|table| (table.table.as_str(), table.outcome, table.loaded)).collect()
}

const TILLS: &str =
    "tables:\n  tills:\n    files: data/till*.csv\n    load: {mode: append}\n    columns:\n      n: integer\n";

#[tokio::test(flavor = "multi_thread")]
async fn append_adds_unseen_files_and_stops_at_changed_ones() {
    let project = Project::new(TILLS, &[("data/till1.csv", "n\n1\n2\n")]).await;
    assert_eq!(outcomes(&project.load().await), [("tills", Outcome::Loaded, 2)]);
    assert_eq!(project.load().await.version, None, "nothing new");
    project.write("data/till2.csv", "n\n10\n");
    let report = project.load().await;
    assert_eq!((report.version, report.tables[0].read, report.tables[0].loaded), (Some(2), 1, 3));
    assert_eq!(project.ask("SELECT sum(n), count(*) FROM mart.tills").await, "13,3");
    assert_eq!(project.ask("SELECT sum(n) FROM mart.tills VERSION AS OF 1").await, "3");

    project.write("data/till1.csv", "n\n1\n7\n");
    project.stops(&["tills", "till1.csv", "has changed", "--full"]).await;
    std::fs::remove_file(project.folder.path().join("data/till1.csv")).unwrap();
    project.stops(&["till1.csv", "is missing", "--full"]).await;
    assert_eq!(project.ask("SELECT sum(n) FROM mart.tills").await, "13", "what was published stays");

    let full = LoadOptions { full: true, ..LoadOptions::default() };
    assert_eq!(outcomes(&load(&project.mart, full).await.unwrap()), [("tills", Outcome::Loaded, 1)]);
    assert_eq!(project.ask("SELECT sum(n) FROM mart.tills").await, "10");
    project.model(&TILLS.replace("integer", "decimal(5,1)"));
    project.stops(&["definition has changed", "--full"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_touched_file_is_known_by_its_content() {
    let project = Project::new(TILLS, &[("data/till1.csv", "n\n1\n")]).await;
    project.load().await;
    std::fs::rename(project.folder.path().join("data/till1.csv"), project.folder.path().join("data/old")).unwrap();
    project.write("data/till1.csv", "n\n1\n");
    assert_eq!(project.load().await.version, None);
}

const CHAIN: &str = "tables:
  lines:
    files: data/lines.csv
    columns: {id: integer, product: integer}
    primary_key: [id]
    joins: {products: product}
  products: {files: data/products.csv, columns: {product: integer}, primary_key: [product]}
  counts: {sql: 'select product, count(*) as n from lines where product is not null group by product', primary_key: [product]}
  busiest: {sql: 'select max(n) as n from counts'}
cubes:
  lines: {table: lines, dimensions: {name: products.name}, measures: {lines: count(*)}}
";
const LINES: (&str, &str) = ("data/lines.csv", "id,product\n1,7\n2,7\n3,8\n4,99\n5,\n");
const PRODUCTS: (&str, &str) = ("data/products.csv", "product,name\n7,tea\n8,茶\n");

#[tokio::test(flavor = "multi_thread")]
async fn derived_tables_load_with_what_they_read() {
    let project = Project::new(CHAIN, &[LINES, PRODUCTS]).await;
    project.load().await;
    assert_eq!(project.ask("SELECT n FROM mart.busiest").await, "2");
    project.write(PRODUCTS.0, "product,name\n7,tea\n8,茶\n9,x\n");
    let report = project.load().await;
    let loaded: Vec<&str> = report.tables.iter().filter(|t| t.outcome == Outcome::Loaded).map(|t| &*t.table).collect();
    assert_eq!(loaded, ["products"], "nothing is derived from products");
    project.write(LINES.0, "id,product\n1,7\n2,7\n3,7\n");
    let dry = load(&project.mart, LoadOptions { dry_run: true, ..LoadOptions::default() }).await.unwrap();
    let would: Vec<&str> = dry.tables.iter().filter(|t| t.outcome == Outcome::WouldLoad).map(|t| &*t.table).collect();
    assert_eq!((dry.version, would.len()), (None, 3), "{would:?}");
    assert_eq!(project.ask("SELECT n FROM mart.busiest").await, "2", "a dry run writes nothing");
    project.load().await;
    assert_eq!(project.ask("SELECT n FROM mart.busiest").await, "3");
    project.model(&CHAIN.replace("max(n) as n", "min(n) as n, count(*) as products"));
    let report = project.load().await;
    let loaded: Vec<&str> = report.tables.iter().filter(|t| t.outcome == Outcome::Loaded).map(|t| &*t.table).collect();
    assert_eq!(loaded, ["busiest"]);
    assert_eq!(project.ask("SELECT products FROM mart.busiest").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_tables_can_be_loaded() {
    let project = Project::new(CHAIN, &[LINES, PRODUCTS]).await;
    let some = |table: &str| LoadOptions { tables: vec![table.into()], ..LoadOptions::default() };
    let report = load(&project.mart, LoadOptions { dry_run: true, ..some("products") }).await.unwrap();
    assert!(outcomes(&report).contains(&("products", Outcome::WouldLoad, 0)), "{report:?}");
    assert!(outcomes(&report).contains(&("lines", Outcome::NotLoaded, 0)), "{report:?}");
    let report = load(&project.mart, some("products")).await.unwrap();
    assert!(outcomes(&report).contains(&("lines", Outcome::NotLoaded, 0)), "{report:?}");
    assert!(outcomes(&load(&project.mart, some("products")).await.unwrap()).contains(&(
        "lines",
        Outcome::NotLoaded,
        0
    )));
    assert_eq!(project.ask("SELECT count(*) FROM mart.products").await, "2");
    let missing = ask(&project.mart, "SELECT lines FROM lines").await.unwrap_err();
    assert!(missing.to_string().contains("lines"), "{missing}");
    load(&project.mart, some("lines")).await.unwrap();
    assert_eq!(project.ask("SELECT lines FROM lines").await, "5");
    assert_eq!(project.ask("SELECT n FROM mart.busiest").await, "2", "derived from lines");
    let unknown = load(&project.mart, some("line")).await.unwrap_err();
    assert!(unknown.to_string().contains("did you mean 'lines'?"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_counted_apart_from_nulls() {
    let project = Project::new(CHAIN, &[LINES, PRODUCTS]).await;
    let report = project.load().await;
    let lines = report.tables.iter().find(|table| table.table == "lines").unwrap();
    let [orphans] = lines.orphans.as_slice() else { panic!("{:?}", lines.orphans) };
    assert_eq!((orphans.join.as_str(), orphans.keys, orphans.rows), ("products", 1, 1));
    assert_eq!(project.ask("SELECT name, lines FROM lines ORDER BY name").await, "tea,2|茶,1|,2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_claim_is_told_and_refused() {
    let project = Project::new(CHAIN, &[LINES, ("data/products.csv", "product,name\n7,tea\n7,thé\n8,茶\n")]).await;
    let report = project.load().await;
    assert!(report.version.is_some(), "a false claim stops no load");
    let told: Vec<&str> = report.tables.iter().flat_map(|table| &table.false_claims).map(String::as_str).collect();
    assert_eq!(told.len(), 2, "the key, and the join to it: {told:?}");
    let refused = ask(&project.mart, "SELECT name, lines FROM lines").await.unwrap_err();
    assert!(refused.to_string().contains("products"), "{refused}");
    assert_eq!(project.ask("SELECT lines FROM lines").await, "5", "what needs no join is answered");

    project.write(PRODUCTS.0, PRODUCTS.1);
    let report = project.load().await;
    assert!(report.tables.iter().all(|table| table.false_claims.is_empty()));
    assert_eq!(project.ask("SELECT lines FROM lines WHERE name = 'tea'").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_claim_is_tested_without_loading_a_row() {
    let project = Project::new(&CHAIN.replace("    primary_key: [id]\n", ""), &[LINES, PRODUCTS]).await;
    project.load().await;
    project.model(CHAIN);
    let report = project.load().await;
    assert_eq!(report.version, Some(2), "verdicts alone make a version");
    assert!(report.tables.iter().all(|table| table.outcome == Outcome::Unchanged));
    let versions = project.mart.versions().await.unwrap();
    assert_eq!(versions[0].tables, versions[1].tables);
    assert_eq!(versions[0].verdicts.len(), versions[1].verdicts.len() + 1);
    project.model(&CHAIN.replace("primary_key: [id]", "primary_key: [product]"));
    let report = project.load().await;
    assert_eq!(report.tables.iter().flat_map(|table| &table.false_claims).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stopped_table_publishes_nothing_and_every_fault_is_told() {
    let files = [("data/lines.csv", "id,product\n1,7\nx,8\n"), ("data/products.csv", "product,name\n7,tea,hot\n")];
    let project = Project::new(CHAIN, &files).await;
    project.stops(&["lines.csv", "data row 2", "column 'id'", "'x' is no integer", "products.csv", "line 2"]).await;
    assert!(project.mart.versions().await.unwrap().is_empty());
}

/// Files of one column `t` of text and one `v`, and what is wrong with them.
#[tokio::test(flavor = "multi_thread")]
async fn broken_files_stop_their_table_by_name() {
    let cases: [(&str, &[u8], &[&str]); 12] = [
        ("integer", b"t,v\na,1\nb\n", &["line 3", "expected 2"]),
        ("integer", b"t,v\na,1,2\n", &["line 2", "expected 2"]),
        ("text", b"t,v\na,\xff\xfe\n", &["UTF-8"]),
        ("text", b"t,v\na,\"lost\nb,1\nc,2\n", &["the quote opened in line 2 is never closed"]),
        ("text", b"t,t\na,b\n", &["line 1", "names 't' twice"]),
        ("text", b"t,\na,b\n", &["line 1", "without a name"]),
        ("text", b"t,w\na,b\n", &["'v'"]),
        ("decimal(4,2)", b"t,v\na,100.00\n", &["data row 1", "column 'v'", "'100.00' is no decimal(4,2)"]),
        ("integer", b"t,v\na,1\nb,9223372036854775808\n", &["data row 2", "'9223372036854775808' is no integer"]),
        ("date", b"t,v\na,2017-02-29\n", &["'2017-02-29' is no date"]),
        ("boolean", b"t,v\na,yes\n", &["'yes' is no boolean"]),
        ("{type: timestamp, stored_in: America/New_York}", b"t,v\na,2017-11-05 01:30\n", &["comes twice"]),
    ];
    for (data_type, text, words) in cases {
        let model = format!("tables:\n  broken:\n    files: data/broken.csv\n    columns:\n      v: {data_type}\n");
        let project = Project::new(&model, &[]).await;
        std::fs::write(project.folder.path().join("data/broken.csv"), text).unwrap();
        let error = load(&project.mart, LoadOptions::default()).await.unwrap_err();
        for word in words.iter().chain(&["broken"]) {
            assert!(error.to_string().contains(word), "{}: '{word}' is not in: {error}", String::from_utf8_lossy(text));
        }
        assert!(project.mart.versions().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_read_as_it_is_written() {
    let text = "\u{feff}id,\"the, name\",plain\r\n1,\"a \"\"b\"\", c\",x\r\n2,\"two\nlines\",\r\n\r\n3,\"\", 部門 \r\n";
    let model =
        "tables:\n  t:\n    files: data/t.csv\n    columns: {id: integer, name: {from: 'the, name', type: text}}\n";
    let project = Project::new(model, &[("data/t.csv", text)]).await;
    assert_eq!(project.load().await.tables[0].read, 3);
    let rows = project.ask("SELECT id, name, plain, name IS NULL FROM mart.t ORDER BY id").await;
    assert_eq!(rows, "1,a \"b\", c,x,false|2,two\nlines,,false|3,, 部門 ,true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_loaded_after_the_model_has_changed() {
    let before = CHAIN.replace("    joins: {products: product}\n", "");
    let before = before.split("cubes:").next().unwrap();
    let project = Project::new(before, &[LINES, PRODUCTS]).await;
    project.load().await;
    let after = CHAIN
        .replace(
            "columns: {product: integer}, primary_key: [product]}",
            "columns: {key: {from: product, type: integer}}, primary_key: [key]}",
        )
        .replace("joins: {products: product}", "joins: {products: {keys: {product: key}}}");
    project.model(&after);
    project.write(LINES.0, "id,product\n1,7\n");
    let mart = project.reopened().await;
    let some = LoadOptions { tables: vec!["lines".into()], ..LoadOptions::default() };
    let report = load(&mart, some).await.unwrap();
    assert!(report.version.is_some());
    assert!(outcomes(&report).contains(&("lines", Outcome::Loaded, 1)));
    let claims: Vec<_> =
        mart.versions().await.unwrap()[0].verdicts.iter().map(|verdict| verdict.table.clone()).collect();
    assert_eq!(claims, ["counts", "lines"], "the join waits for the other side");
    load(&mart, LoadOptions::default()).await.unwrap();
    assert_eq!(ask(&mart, "SELECT name, lines FROM lines").await.unwrap(), "tea,1");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_need_each_other_are_named_together() {
    let model = "tables:
  a: {files: data/a.csv, columns: {n: integer}}
  b: {files: data/b.csv, columns: {n: integer}}
  both: {sql: 'select a.n from a join b on a.n = b.n'}
";
    let project = Project::new(model, &[("data/a.csv", "n\n1\n"), ("data/b.csv", "n\n1\n")]).await;
    let some = |tables: &[&str]| LoadOptions {
        tables: tables.iter().map(|t| (*t).into()).collect(),
        ..LoadOptions::default()
    };
    let error = load(&project.mart, some(&["a"])).await.unwrap_err().to_string();
    assert!(
        error.contains("table 'both' reads 'b', which is not loaded; load them together: starmart load a b"),
        "{error}"
    );
    load(&project.mart, some(&["a", "b"])).await.unwrap();
    assert_eq!(project.ask("SELECT n FROM mart.both").await, "1");

    project.model(
        &model
            .replace("b.csv, columns: {n:", "b.csv, columns: {k: {from: n, type:")
            .replace("integer}}\n  both", "integer}}}\n  both")
            .replace("b.n'", "b.k'"),
    );
    project.write("data/a.csv", "n\n1\n2\n");
    let error = load(&project.mart, some(&["a"])).await.unwrap_err().to_string();
    assert!(error.contains("'both'") && error.contains("load b in the same command"), "{error}");
    project.load().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_taken_out_of_the_model_is_published_no_longer() {
    let model = "tables:\n  a: {files: data/a.csv}\n  b: {files: data/b.csv}\n";
    let project = Project::new(model, &[("data/a.csv", "n\n1\n"), ("data/b.csv", "n\n1\n")]).await;
    project.load().await;
    project.model("tables:\n  a: {files: data/a.csv}\n");
    let dry = load(&project.mart, LoadOptions { dry_run: true, ..LoadOptions::default() }).await.unwrap();
    assert_eq!((dry.version, &dry.removed[..]), (None, &["b".to_owned()][..]));
    let report = project.load().await;
    assert_eq!((report.version, outcomes(&report)), (Some(2), vec![("a", Outcome::Unchanged, 1)]));
    assert_eq!(report.removed, ["b"]);
    assert_eq!(project.mart.versions().await.unwrap()[0].tables.len(), 1);
    assert_eq!(project.load().await.version, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claims_came_to_is_told_by_every_load() {
    let products = ("data/products.csv", "product,name\n7,tea\n7,thé\n8,茶\n");
    let project = Project::new(CHAIN, &[LINES, products]).await;
    let first = project.load().await;
    for (version, change) in [(None, false), (Some(2), true)] {
        if change {
            project.model(&CHAIN.replace("select max(n) as n", "select max(n) + 1 as n"));
        }
        let report = project.load().await;
        assert_eq!(report.version, version);
        for (before, now) in first.tables.iter().zip(&report.tables) {
            assert_eq!((&before.false_claims, &before.orphans), (&now.false_claims, &now.orphans), "{}", now.table);
        }
    }
    assert_eq!(first.tables.iter().map(|table| table.false_claims.len() + table.orphans.len()).sum::<usize>(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_have_any_name() {
    let model = "tables:
  a: {files: data/a.csv, columns: {rows: integer}, joins: {b: rows}}
  b: {files: data/b.csv, columns: {rows: integer}, primary_key: rows}
";
    let project = Project::new(model, &[("data/a.csv", "rows\n1\n2\n2\n"), ("data/b.csv", "rows\n1\n")]).await;
    let report = project.load().await;
    assert_eq!((report.tables[0].orphans[0].keys, report.tables[0].orphans[0].rows), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses_that_would_be_ignored_are_refused_in_derived_tables() {
    for (sql, clause) in [
        ("select n from a version as of 1", "VERSION AS OF in a derived table"),
        ("select n from a tablesample (10)", "TABLESAMPLE"),
        ("select n from a for update", "FOR UPDATE"),
        ("select n from a with (nolock)", "WITH (hints)"),
    ] {
        let model = format!("tables:\n  a: {{files: data/a.csv}}\n  d: {{sql: '{sql}'}}\n");
        let project = Project::new(&model, &[("data/a.csv", "n\n1\n")]).await;
        let error = load(&project.mart, LoadOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains(clause), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_stops_its_table_only_as_long_as_it_is_there() {
    let project = Project::new("tables:\n  t: {files: data/t.csv}\n", &[("data/t.csv", "n\n1\n")]).await;
    project.load().await;
    for empty in ["\u{feff}", "\n", "\r\n\n"] {
        project.write("data/t.csv", empty);
        project.stops(&["table 't': 'data/t.csv' is empty"]).await;
        project.write("data/t.csv", &format!("n\n{}\n", empty.len()));
        project.load().await;
        assert_eq!(project.ask("SELECT n FROM mart.t").await, empty.len().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_left_out_in_silence() {
    use std::os::unix::ffi::OsStrExt;
    let model = "tables:\n  t: {files: [data/*.csv, data/t1.csv]}\n";
    let project = Project::new(model, &[("data/t1.csv", "n\n1\n"), ("data/t2.csv", "n\n2\n")]).await;
    project.load().await;
    assert_eq!(project.ask("SELECT count(*) FROM mart.t").await, "2", "patterns may overlap");
    let data = project.folder.path().join("data");
    let odd = data.join(std::ffi::OsStr::from_bytes(b"b\xe9.csv"));
    std::fs::write(&odd, "n\n3\n").unwrap();
    project.stops(&["table 't'", "has a name that is not UTF-8; rename it"]).await;
    std::fs::remove_file(odd).unwrap();
    std::os::unix::fs::symlink(data.join("nothing"), data.join("t3.csv")).unwrap();
    project.stops(&["table 't'", "'data/t3.csv' is a link to a file that is not there"]).await;
}

/// However many files there are, a sort needs memory for as many as are read at once.
#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_sorted_in_little_memory() {
    let model = "tables:\n  t: {files: data/*.csv, sort_by: [b, a], columns: {a: integer, b: integer}}\n";
    let project = Project::new(model, &[]).await;
    for file in 0..60 {
        let rows = (0..4000).map(|row| format!("{row},{},some text here {row}\n", row * 7 % 1000));
        project.write(&format!("data/f{file}.csv"), &format!("a,b,c\n{}", rows.collect::<String>()));
    }
    let limits = "version: 1\nmart: mart\ndata: data\nlimits: {memory: 24 MiB, query_memory: 24 MiB}\n";
    project.write("starmart.yaml", limits);
    let mart = project.reopened().await;
    load(&mart, LoadOptions::default()).await.unwrap();
    assert_eq!(ask(&mart, "SELECT count(*), sum(a) FROM mart.t").await.unwrap(), "240000,479880000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_be_written_says_so() {
    let project = Project::new(TILLS, &[("data/till1.csv", "n\n1\n")]).await;
    std::fs::remove_dir_all(project.folder.path().join(".starmart")).unwrap();
    project.write(".starmart", "in the way");
    let config = starmart::config::Config::load(project.folder.path(), None).unwrap();
    let error = Mart::open(config).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.to_string().contains("a file lies where a folder should; remove it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_source_does_not_stop_the_load_of_another_table() {
    let model = "tables:\n  a: {files: data/a.csv}\n  b: {files: data/b.csv}\n";
    let project = Project::new(model, &[("data/a.csv", "n\n1\n"), ("data/b.csv", "n\n1\n")]).await;
    project.load().await;
    std::fs::remove_file(project.folder.path().join("data/b.csv")).unwrap();
    project.write("data/a.csv", "n\n7\n");
    project.stops(&["table 'b': no file 'data/b.csv'"]).await;
    let some = LoadOptions { tables: vec!["a".into()], ..LoadOptions::default() };
    load(&project.mart, some).await.unwrap();
    assert_eq!(project.ask("SELECT a.n, b.n FROM mart.a, mart.b").await, "7,1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_file_that_is_gone_or_cut_off_is_told_by_its_table() {
    let project = Project::new("tables:\n  t: {files: data/t.csv}\n", &[("data/t.csv", "n\n1\n2\n")]).await;
    project.load().await;
    let folder = project.folder.path().join("mart/tables/t");
    let is_data = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "parquet");
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_data).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    for (content, what) in [(None, "is missing"), (Some(40), "is cut off"), (Some(0), "is cut off")] {
        match content {
            Some(length) => std::fs::write(&file, &bytes[..length]).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let error = ask(&project.reopened().await, "SELECT n FROM mart.t ORDER BY n").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "{error}");
        let said = format!("a data file of table 't' {what} (");
        assert!(error.to_string().starts_with(&said), "{error}");
        assert!(error.to_string().ends_with("restore the mart from a backup"), "{error}");
    }
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(ask(&project.reopened().await, "SELECT sum(length(n)) FROM mart.t").await.unwrap(), "2");
}

const SHOPS: &str = "tables:
  lines: {files: data/lines.csv, columns: {n: integer, shop: integer}, joins: {shops: shop}}
  shops: {files: data/shops.csv, columns: {shop: integer}, primary_key: [shop]}
  busy: {sql: 'select shop, count(*) as n from lines group by shop'}
  named: {sql: 'select s.name, l.n from lines l join shops s on s.shop = l.shop'}
cubes:
  lines: {table: lines, measures: {total: sum(n)}}
  opened: {table: lines, filter: \"shops.state = 'open'\", measures: {total: sum(n)}}
  places: {table: lines, dimensions: {name: shops.name}, measures: {total: sum(n)}}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_never_there_does_not_stop_another() {
    let project = Project::new(SHOPS, &[("data/lines.csv", "n,shop\n5,1\n2,9\n")]).await;
    let some = |table: &str| LoadOptions { tables: vec![table.into()], ..LoadOptions::default() };
    let missing = "table 'shops': no file 'data/shops.csv'";
    project.stops(&[missing]).await;
    for table in ["shops", "named"] {
        let error = load(&project.mart, some(table)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{error}");
        assert!(error.to_string().contains(missing), "{error}");
    }
    let report = load(&project.mart, some("lines")).await.unwrap();
    let mut loaded = outcomes(&report);
    loaded.sort_unstable_by_key(|(table, ..)| *table);
    assert_eq!(loaded, [("busy", Outcome::Loaded, 2), ("lines", Outcome::Loaded, 2)]);
    assert_eq!(project.ask("SELECT total FROM lines").await, "7");
    // Without its filter it would answer 7 as well.
    for cube in ["opened", "places"] {
        let error = ask(&project.mart, &format!("SELECT total FROM {cube}")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound, "{error}");
        let said = format!("cube '{cube}' needs a table that has not been loaded: {missing}");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
    project.write("data/shops.csv", "shop,name,state\n1,a,open\n9,b,shut\n");
    project.load().await;
    assert_eq!(project.ask("SELECT total FROM opened").await, "5");
    assert_eq!(project.ask("SELECT name, total FROM places ORDER BY name").await, "a,5|b,2");
    assert_eq!(project.ask("SELECT n FROM mart.named ORDER BY n").await, "2|5");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_stays_though_its_table_cannot_be_made_now() {
    let files = [("data/lines.csv", "n,shop\n5,1\n"), ("data/shops.csv", "shop,name,state\n1,a,open\n")];
    let project = Project::new(SHOPS, &files).await;
    project.load().await;
    project.model(
        &SHOPS
            .replace("count(*) as n from lines", "count(*) as n from lines, parts")
            .replace("  busy:", "  parts: {files: data/parts.csv}\n  busy:"),
    );
    project.write("data/lines.csv", "n,shop\n5,1\n6,1\n");
    let some = LoadOptions { tables: vec!["lines".into()], ..LoadOptions::default() };
    let mart = project.reopened().await;
    load(&mart, some).await.unwrap();
    assert_eq!(ask(&mart, "SELECT total FROM lines").await.unwrap(), "11");
    assert_eq!(ask(&mart, "SELECT n FROM mart.busy").await.unwrap(), "1", "as it was published");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_within_a_data_file_is_told_by_its_table() {
    let rows =
        |of: &str| (0..2000).fold(format!("n,{of}\n"), |text, n| format!("{text}{n},{of} {}\n", n * 7919 % 1999));
    let model = "tables:\n  a: {files: data/a.csv}\n  b: {files: data/b.csv}\n";
    let project = Project::new(model, &[("data/a.csv", &rows("x")), ("data/b.csv", &rows("y"))]).await;
    project.load().await;
    let folder = project.folder.path().join("mart/tables/b");
    let is_data = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "parquet");
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_data).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let sql = "SELECT count(*) FROM mart.a JOIN mart.b ON a.n = b.n WHERE a.x <> b.y AND b.y LIKE '%7%'";
    // A page's header, its compressed rows, the footer and the mark at the end.
    for (at, bytes) in [(4, 8), (whole.len() / 2, 1000), (whole.len() - 40, 8), (whole.len() - 4, 4)] {
        let mut damaged = whole.clone();
        damaged[at..at + bytes].fill(0xa5);
        std::fs::write(&file, damaged).unwrap();
        let error = ask(&project.reopened().await, sql).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured, "at {at}: {error}");
        assert!(error.to_string().starts_with("a data file of table 'b' is damaged: "), "at {at}: {error}");
        assert!(error.to_string().ends_with("; restore the mart from a backup"), "at {at}: {error}");
    }
}
