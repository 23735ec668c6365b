//! Commands as a person or a script meets them: what they print, where, and how they exit. Mostly bad input.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::projects;

pub(crate) fn starmart(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_starmart"))
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a command that must fail with `exit` and say every one of `words` on stderr, and nothing on stdout.
#[track_caller]
pub(crate) fn fails(folder: &Path, arguments: &[&str], exit: i32, words: &[&str]) {
    let output = starmart(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} does not say '{word}': {said}");
    }
    assert!(!said.contains("panicked") && !said.contains("DataFusion"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
}

#[track_caller]
pub(crate) fn works(folder: &Path, arguments: &[&str]) -> String {
    let output = starmart(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A server on ports of its own; its stderr begins with where it listens.
pub(crate) fn serving(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_starmart"))
        .arg("-C")
        .arg(folder)
        .args(["serve", "--flight", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not hold '{from}'");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn every_fault_of_a_model_is_listed_with_its_place() {
    let folder = projects::copied("shop");
    edit(folder.path(), "cubes/shop.yaml", "aov: revenue / baskets", "aov: revnue / baskets");
    edit(folder.path(), "cubes/shop.yaml", "city: stores.city", "city: shops.city");
    let output = starmart(folder.path(), &["check"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("unknown measure 'revnue'; did you mean 'revenue'?"), "{said}");
    assert!(said.contains("shops"), "{said}");
    assert!(said.contains("cubes/shop.yaml:"), "{said}");
    fails(folder.path(), &["load"], 2, &["revnue", "shops"]);
}

#[test]
fn a_model_broken_after_its_load_is_the_authors_to_mend() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    edit(folder.path(), "cubes/shop.yaml", "aov: revenue / baskets", "aov: revnue / baskets");
    fails(folder.path(), &["sql", "-c", "SELECT 1"], 2, &["revnue"]);
}

#[test]
fn unknown_keys_are_faults() {
    let folder = projects::copied("shop");
    edit(folder.path(), "cubes/shop.yaml", "    sort_by: [sold_at, line_id]", "    sort_bye: [sold_at, line_id]");
    fails(folder.path(), &["load"], 2, &["sort_bye", "did you mean 'sort_by'?"]);
    let folder = projects::copied("shop");
    edit(folder.path(), "starmart.yaml", "mart: mart", "marts: mart");
    fails(folder.path(), &["load"], 2, &["starmart.yaml:2:1", "marts"]);
}

#[test]
fn a_row_that_cannot_be_read_stops_its_table() {
    let folder = projects::copied("shop");
    edit(
        folder.path(),
        "data/lines.csv",
        "3,2017-03-12T06:59:59Z,1,11,101,3,1,3.10,0",
        "3,2017-03-12T06:59:59Z,1,11,101,3,1,3.1O,0",
    );
    fails(
        folder.path(),
        &["load"],
        1,
        &["lines", "lines.csv", "amount", "data row 3", "3.1O", "nothing was published"],
    );
    fails(folder.path(), &["sql", "-c", "SELECT revenue FROM sales"], 1, &["starmart load"]);
    edit(folder.path(), "data/lines.csv", "3.1O", "3.10");
    works(folder.path(), &["-q", "load"]);
}

#[test]
fn missing_empty_and_truncated_files_are_named() {
    let folder = projects::copied("shop");
    std::fs::remove_file(folder.path().join("data/stores.csv")).unwrap();
    fails(folder.path(), &["load"], 1, &["stores", "data/stores.csv"]);
    std::fs::write(folder.path().join("data/stores.csv"), "").unwrap();
    fails(folder.path(), &["load"], 1, &["stores.csv", "empty"]);
    edit(folder.path(), "cubes/shop.yaml", "files: data/stores.csv", "files: data/stores.parquet");
    std::fs::write(folder.path().join("data/stores.parquet"), "PAR1 and then nothing").unwrap();
    fails(folder.path(), &["load"], 1, &["stores.parquet"]);
}

#[test]
fn a_load_that_changes_nothing_writes_nothing() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let listing = || {
        let mut files = Vec::new();
        let mut folders = vec![folder.path().join("mart")];
        while let Some(at) = folders.pop() {
            for entry in std::fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    files.push((path.clone(), path.metadata().unwrap().modified().unwrap()))
                }
            }
        }
        files.retain(|(path, _)| !path.to_string_lossy().contains("_lease"));
        files.sort();
        files
    };
    let before = listing();
    works(folder.path(), &["-q", "load"]);
    assert_eq!(listing(), before);
    let versions = works(folder.path(), &["mart", "versions", "--format", "json"]);
    let versions: serde_json::Value = serde_json::from_str(&versions).unwrap();
    assert_eq!(versions.as_array().unwrap().len(), 1);
}

#[test]
fn a_mart_of_a_newer_version_is_refused() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let versions = folder.path().join("mart/_versions");
    let newest = std::fs::read_dir(&versions).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&newest).unwrap();
    std::fs::write(
        &newest,
        text.replacen("\"format\":1", "\"format\":9", 1).replacen("\"format\": 1", "\"format\": 9", 1),
    )
    .unwrap();
    fails(folder.path(), &["sql", "-c", "SELECT 1"], 2, &["newer", "9"]);
    fails(folder.path(), &["load"], 2, &["newer"]);
}

#[test]
fn statements_exit_by_the_kind_of_their_error() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let sql =
        |statement: &'static str, exit, words: &[&str]| fails(folder.path(), &["sql", "-c", statement], exit, words);
    sql("SELEC 1", 1, &[]);
    sql("SELECT revnue FROM sales", 1, &["revnue", "revenue"]);
    sql("SELECT revenue FROM sail", 1, &["sail", "sales"]);
    sql("COPY mart.lines TO 'x.csv'", 3, &["COPY"]);
    sql("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION 'x.csv'", 3, &["CREATE EXTERNAL TABLE"]);
    sql("SELECT * FROM 'data/sales.csv'", 3, &[]);
    sql("DROP TABLE mart.lines", 3, &["DROP"]);
    sql("SELECT sum(amount) FROM mart.lines VERSION AS OF 7", 1, &["7"]);
    sql("SELECT * FROM sales GROUP BY department", 1, &["*"]);
    fails(folder.path(), &["sql", "--format", "xml", "-c", "SELECT 1"], 2, &["xml"]);
    fails(folder.path(), &["nonsense"], 2, &["nonsense"]);
}

#[test]
fn limits_on_memory_and_time_have_their_errors() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let crossed = "SELECT count(DISTINCT a.amount + b.amount * c.amount + d.amount * e.amount * f.amount) FROM mart.lines a, mart.lines b, mart.lines c, mart.lines d, mart.lines e, mart.lines f, mart.lines g, mart.lines h, mart.lines i";
    std::fs::write(
        folder.path().join("starmart.yaml"),
        "version: 1\nmart: mart\ndata: data\nlimits:\n  deadline: 1s\n",
    )
    .unwrap();
    fails(folder.path(), &["sql", "-c", crossed], 4, &["limits.deadline"]);
}

#[test]
fn results_go_to_stdout_in_every_format() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let statement = "SELECT department, revenue, lines FROM sales ORDER BY 1";
    assert_eq!(
        works(folder.path(), &["sql", "--format", "csv", "-c", statement]),
        "department,revenue,lines\n食品,63.35,8\n,58.77,3\n"
    );
    std::fs::write(folder.path().join("lines.sql"), "SELECT lines FROM sales").unwrap();
    let lines = works(folder.path(), &["sql", "--format", "csv", "-f", "lines.sql"]);
    assert_eq!(lines, "lines\n11\n", "files are those of the project, wherever one stands");
    let json: serde_json::Value =
        serde_json::from_str(&works(folder.path(), &["sql", "--format", "json", "-c", statement])).unwrap();
    assert_eq!(json[0]["department"], "食品");
    assert_eq!(json.as_array().unwrap().len(), 2);
    let table = works(folder.path(), &["sql", "-c", statement]);
    assert!(table.contains("食品") && table.contains("63.35"), "{table}");
    for (format, magic) in [("parquet", &b"PAR1"[..]), ("arrow", &b"\xff\xff\xff\xff"[..])] {
        let output = starmart(folder.path(), &["sql", "--format", format, "-c", statement]);
        assert!(output.status.success());
        assert!(output.stdout.starts_with(magic), "{format}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_before_anything_is_written() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let span = "SELECT INTERVAL '1' DAY AS span";
    fails(folder.path(), &["sql", "--format", "parquet", "-c", span], 1, &["'span'", "Parquet", "cast it to text"]);
    assert_eq!(works(folder.path(), &["sql", "--format", "csv", "-c", "SELECT NULL AS n"]), "n\n\"\"\n");
}

#[test]
fn schemas_are_json() {
    let folder = projects::copied("shop");
    for of in ["config", "cubes"] {
        let schema: serde_json::Value = serde_json::from_str(&works(folder.path(), &["schema", of])).unwrap();
        assert_eq!(schema["type"], "object", "{of}");
    }
}

#[test]
fn a_port_in_use_is_unavailable() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(folder.path(), &["serve", "--flight", &address, "--http", "127.0.0.1:0"], 4, &[&address]);
    fails(folder.path(), &["serve", "--flight", "0.0.0.0:0", "--http", "127.0.0.1:0"], 2, &["0.0.0.0"]);
}

#[test]
fn the_demo_makes_data_of_its_own_and_says_so_first() {
    let folder = tempfile::tempdir().unwrap();
    let output = starmart(folder.path(), &["demo", "--no-serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.lines().next().unwrap().contains("small made data set"), "{said}");
    let demo = folder.path().join("demo");
    let lines = works(&demo, &["-q", "sql", "--format", "csv", "-c", "SELECT lines, households FROM sales"]);
    assert!(lines.ends_with(",120\n"), "{lines}");
    works(&demo, &["check", "--data"]);
    assert!(starmart(folder.path(), &["demo", "--no-serve"]).status.success(), "it can be run again");
}

#[test]
fn without_fonts_the_demo_loads_and_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_starmart"));
    command.arg("-C").arg(folder.path()).args(["demo", "--no-serve"]).stdin(Stdio::null());
    let nowhere = ["HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS"].map(|name| (name, folder.path()));
    let output = command.envs(nowhere).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the report could not be made") && said.contains("fonts-noto-cjk"), "{said}");
    let demo = folder.path().join("demo");
    assert!(works(&demo, &["-q", "sql", "--format", "csv", "-c", "SELECT households FROM sales"]).ends_with("120\n"));
}

#[test]
fn tables_taken_out_of_the_mart_are_named_even_when_quiet() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let model = std::fs::read_to_string(folder.path().join("cubes/shop.yaml")).unwrap();
    let (before, households) = model.split_once("  households:\n    sql").unwrap();
    let cubes = households.split_once("cubes:\n").unwrap().1;
    std::fs::write(folder.path().join("cubes/shop.yaml"), format!("{before}cubes:\n{cubes}")).unwrap();
    let output = starmart(folder.path(), &["-q", "load"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("table 'households' was taken out of the mart"), "{said}");
    let versions = works(folder.path(), &["mart", "versions", "--format", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&versions).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn a_server_asked_to_stop_ends_cleanly() {
    use std::io::{BufRead, BufReader};
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let mut server = serving(folder.path());
    let mut greeting = String::new();
    BufReader::new(server.stderr.take().unwrap()).read_line(&mut greeting).unwrap();
    let url =
        greeting.split_whitespace().find(|word| word.starts_with("grpc://")).unwrap().trim_end_matches(',').to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    let answer = works(elsewhere.path(), &["sql", "--url", &url, "--format", "csv", "-c", "SELECT revenue FROM sales"]);
    assert_eq!(answer, "revenue\n120.00\n");
    fails(elsewhere.path(), &["sql", "--url", &url, "-c", "SELECT revnue FROM sales"], 1, &["revenue"]);
    fails(elsewhere.path(), &["sql", "--url", &url, "-c", "DROP TABLE mart.lines"], 3, &["DROP"]);
    let set = "SET timezone = 'UTC'";
    fails(elsewhere.path(), &["sql", "--url", &url, "-c", set], 1, &["mart_version", "timezone"]);
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    fails(elsewhere.path(), &["sql", "--url", &url, "-c", "SELECT 1"], 4, &[]);
}

#[test]
fn a_query_that_wants_more_memory_than_allowed_is_told_so() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let limits = "version: 1\nmart: mart\ndata: data\nlimits:\n  query_memory: 4 MiB\n";
    std::fs::write(folder.path().join("starmart.yaml"), limits).unwrap();
    let greedy = "WITH big AS (SELECT a.line_id + 10 * b.line_id + 100 * c.line_id + 1000 * d.line_id + 10000 * e.line_id + 100000 * f.line_id + 1000000 * g.line_id AS k FROM mart.lines a, mart.lines b, mart.lines c, mart.lines d, mart.lines e, mart.lines f, mart.lines g) SELECT count(*) FROM big x JOIN big y ON x.k = y.k";
    fails(folder.path(), &["sql", "-c", greedy], 4, &["limits.query_memory"]);
}

#[test]
fn a_model_that_has_changed_can_be_loaded() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    edit(folder.path(), "cubes/shop.yaml", "decimal(12,2)", "decimal(14,3)");
    fails(folder.path(), &["sql", "-c", "SELECT revenue FROM sales"], 2, &["decimal(14,3)", "load table 'lines'"]);
    works(folder.path(), &["check"]);
    works(folder.path(), &["-q", "load"]);
    assert_eq!(
        works(folder.path(), &["-q", "sql", "--format", "csv", "-c", "SELECT revenue FROM sales"]),
        "revenue\n122.120\n"
    );
}
