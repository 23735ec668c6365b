//! What commands print, and where: results and faults on stdout, in forms that programs read; the rest on stderr.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{edit, fails, serving, starmart, works};
use crate::projects;

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = starmart(folder, arguments);
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn null_is_null_in_every_format() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let sql =
        |format| works(folder.path(), &["sql", "--format", format, "-c", "select null as n, cast(null as int) as m"]);
    assert_eq!(sql("csv"), "n,m\n,\n");
    assert_eq!(json(&sql("json")), serde_json::json!([{"n": null, "m": null}]));
    assert_eq!(sql("table"), "n        m\n────  ────\nNULL  NULL\n");
}

#[test]
fn a_plan_is_lines_and_a_setting_no_result() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let plan = works(folder.path(), &["sql", "-c", "explain select revenue from sales"]);
    assert!(plan.starts_with("cube sales: the facts of mart.lines\n") && plan.contains("\nhow it runs"), "{plan}");
    assert!(plan.lines().count() > 6 && !plan.contains('\u{fffd}'), "{plan}");
    let distinct = works(folder.path(), &["sql", "-c", "explain select department, aov from sales"]);
    assert!(distinct.contains("count(basket_id)") && !distinct.contains("alias"), "{distinct}");
    let refused = works(folder.path(), &["sql", "-c", "explain select sum(aov * 2) from sales"]);
    assert!(refused.starts_with("refused: ") && refused.lines().count() == 1, "{refused}");
    fails(folder.path(), &["sql", "-c", "explain select revenue from nowhere"], 1, &["unknown cube 'nowhere'"]);
    let both = "set timezone = 'Asia/Taipei'; show timezone";
    assert_eq!(
        json(&works(folder.path(), &["sql", "--format", "json", "-c", both])),
        serde_json::json!([{"timezone": "Asia/Taipei"}])
    );
    fails(folder.path(), &["sql", "--format", "json", "-c", "select 1; select 2"], 2, &["2 results"]);
    fails(folder.path(), &["sql", "--url", "nonsense", "-c", "select 1"], 1, &["\"nonsense\"", "grpc://host:"]);
}

/// Lines join products by a column of the same name, and still read only what the condition on time leaves.
#[test]
fn a_run_is_told_by_its_stages() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let asked = "explain analyze select department, revenue from sales where sold_at >= '2017-06-15'";
    let told = works(folder.path(), &["sql", "-c", asked]);
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let read = lines.iter().position(|line| line.starts_with("read mart.lines, 1 file: ")).expect(&told);
    assert!(lines[read].contains(" rows · ") && lines[read].ends_with(" of 1 row groups"), "{told}");
    assert!(lines[read + 1..].contains(&"and sold_at >= '2017-06-13T00:00:00Z'"), "{told}");
    assert!(told.contains("join, all rows of the ") && told.contains(" on product_id = product_id"), "{told}");
    let end = lines.last().unwrap();
    assert!(end.starts_with("2 rows in ") && end.contains("; times of stages add up over "), "{told}");
}

#[test]
fn faults_are_what_check_looks_for() {
    let folder = projects::copied("shop");
    edit(folder.path(), "cubes/shop.yaml", "aov: revenue / baskets", "aov: revnue / baskets");
    let output = starmart(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("cubes/shop.yaml:") && printed.contains("unknown measure 'revnue'"), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "1 fault\n");

    let folder = projects::copied("shop");
    std::fs::remove_file(folder.path().join("data/stores.csv")).unwrap();
    std::fs::write(folder.path().join("data/lines.csv"), "").unwrap();
    let output = starmart(folder.path(), &["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(report["ok"], false);
    let faults = report["faults"].to_string();
    assert!(faults.contains("stores.csv") && faults.contains("lines.csv"), "{faults}");
    let output = starmart(folder.path(), &["check"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "2 faults\n");
}

#[test]
fn an_empty_mart_says_what_to_do() {
    let folder = projects::copied("shop");
    let output = starmart(folder.path(), &["mart", "versions"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("run starmart load"));
    assert_eq!(works(folder.path(), &["mart", "versions", "--format", "json"]), "[]\n");
    let mut server = serving(folder.path());
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("grpc://"));
    assert!(lines.next().unwrap().unwrap().contains("run starmart load"));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_load_says_what_it_did_and_what_does_not_hold() {
    let folder = projects::copied("shop");
    let dry = said(folder.path(), &["load", "--dry-run"]);
    assert!(dry.contains("would load") && dry.contains("5 tables would be loaded") && !dry.contains("read"), "{dry}");
    let first = said(folder.path(), &["load"]);
    assert!(first.contains("mart version 1: 5 tables loaded"), "{first}");
    let second = said(folder.path(), &["load"]);
    assert!(second.contains("rows") && !second.contains("read") && !second.contains("seconds"), "{second}");
    let stores = std::fs::read_to_string(folder.path().join("data/stores.csv")).unwrap();
    let twice = format!("{}\n{}\n", stores.trim_end(), stores.lines().nth(1).unwrap());
    std::fs::write(folder.path().join("data/stores.csv"), twice).unwrap();
    let quiet = said(folder.path(), &["-q", "load"]);
    assert!(quiet.contains("false claim of stores: primary key: 1 key breaks it"), "{quiet}");
    assert!(!quiet.contains("mart version"), "{quiet}");
    let output = starmart(folder.path(), &["check", "--data"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 key breaks it"));
}

#[test]
fn a_reader_that_goes_away_ends_the_output_quietly() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let many = "select a.line_id, 'text that fills the pipe' as t from mart.lines a, mart.lines b, mart.lines c, \
                mart.lines d, mart.lines e";
    for format in ["table", "csv", "json", "parquet", "arrow"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_starmart"))
            .arg("-C")
            .arg(folder.path())
            .args(["-q", "sql", "--format", format, "-c", many])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        command.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = command.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {said}");
        let kept: Vec<&str> = said.lines().filter(|line| !line.contains("the first 10,000 rows")).collect();
        assert!(kept.is_empty(), "{format}: {said}");
    }
}
