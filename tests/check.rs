//! What `check --data` finds: data files that are not as they were written, and what it cannot ask yet.

use std::path::{Path, PathBuf};

use crate::cli::{starmart, works};
use crate::projects;

/// The files of a table's folder whose names end so, in order.
fn files(folder: &Path, inside: &str, end: &str) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder.join("mart/tables").join(inside)).unwrap();
    let mut files: Vec<PathBuf> = read.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    files.sort();
    files
}

/// What `check --data` prints, and how it exits.
fn checked(folder: &Path, more: &[&str]) -> (String, Option<i32>) {
    let output = starmart(folder, &[&["check", "--data"], more].concat());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn a_flipped_bit_anywhere_in_a_data_file_is_found() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    let (said, exit) = checked(folder.path(), &[]);
    assert!(exit == Some(0) && said.contains("ok   5 data files: as written"), "{said}");
    let [file] = &files(folder.path(), "stores", ".parquet")[..] else { panic!("one file") };
    let whole = std::fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let finding =
        |what: &str| format!("FAIL stores: data file tables/stores/{name}: {what}; restore the mart from a backup\n");
    for at in [0, 30, whole.len() / 2, whole.len() - 20] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(file, damaged).unwrap();
        let (said, exit) = checked(folder.path(), &[]);
        assert!(said.contains(&finding("its bytes are not those that were written")), "at {at}: {said}");
        assert!(exit == Some(1) && said.contains("ok   4 data files"), "at {at}: {said}");
        assert!(said.contains("ok   lines: primary key"), "whole tables are tested all the same: {said}");
    }
    let (json, exit) = checked(folder.path(), &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let files = &json["files"];
    assert_eq!((exit, &json["ok"], &files["whole"]), (Some(1), &false.into(), &4.into()), "{json}");
    assert_eq!(files["damaged"][0]["table"], "stores", "{json}");
    assert!(files["damaged"][0]["path"].as_str().unwrap().ends_with(name), "{json}");

    std::fs::write(file, &whole[..whole.len() - 1]).unwrap();
    let said = checked(folder.path(), &[]).0;
    let cut = format!("it holds {} bytes, and {} were written", whole.len() - 1, whole.len());
    assert!(said.contains(&finding(&cut)), "{said}");
    std::fs::remove_file(file).unwrap();
    let (said, exit) = checked(folder.path(), &[]);
    assert!(exit == Some(1) && said.contains(&finding("it is missing")), "{said}");
    std::fs::write(file, &whole).unwrap();
    assert_eq!(checked(folder.path(), &[]).1, Some(0));
}

#[test]
fn files_of_marts_without_digests_are_read_and_not_verifiable() {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    for log in files(folder.path(), "lines/_delta_log", ".json") {
        let text = std::fs::read_to_string(&log).unwrap();
        let lines = text.lines().map(|line| {
            let mut action: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(add) = action.get_mut("add") {
                let tags = add.as_object_mut().unwrap().remove("tags").unwrap();
                assert_eq!(tags["starmart.sha256"].as_str().unwrap().len(), 64);
            }
            format!("{action}\n")
        });
        std::fs::write(&log, lines.collect::<String>()).unwrap();
    }
    let (said, exit) = checked(folder.path(), &[]);
    assert!(exit == Some(0) && said.contains("ok   4 data files: as written"), "{said}");
    assert!(said.contains("     1 data file: not verifiable"), "{said}");
    let answer = works(folder.path(), &["-q", "sql", "--format", "csv", "-c", "SELECT revenue FROM sales"]);
    assert_eq!(answer, "revenue\n122.12\n");
}

const TESTS: &str = "tests:
  stores: {query: select count(*) from mart.stores, expect: 3}
  lines: {query: select measure(lines) from sales, expect: 11}
  by_city: {query: select measure(n) from cities where city = 'x', expect: 1}
  no_such: {query: select measure(lines) from sail, expect: 1}
";

#[test]
fn tests_of_tables_that_are_not_loaded_are_skipped_by_name() {
    let folder = projects::copied("shop");
    let model = folder.path().join("cubes/shop.yaml");
    let text = std::fs::read_to_string(&model).unwrap();
    let cube = "  cities: {table: lines, dimensions: {city: stores.city}, measures: {n: count(*)}}\n";
    let stores = works(folder.path(), &["-q", "load", "stores"]);
    assert_eq!(stores, "");
    let count = works(folder.path(), &["-q", "sql", "--format", "csv", "-c", "SELECT count(*) FROM mart.stores"]);
    let tests = TESTS.replace("expect: 3", &format!("expect: {}", count.lines().nth(1).unwrap()));
    let sound = tests.split("  no_such").next().unwrap().to_owned();
    std::fs::write(&model, format!("{text}{cube}{sound}")).unwrap();
    let (said, exit) = checked(folder.path(), &[]);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("ok   test stores"), "{said}");
    let skipped = |test: &str| format!("skip test {test}: table 'lines' is not loaded; run starmart load lines\n");
    assert!(said.contains(&skipped("lines")) && said.contains(&skipped("by_city")), "{said}");
    let json: serde_json::Value = serde_json::from_str(&checked(folder.path(), &["--format", "json"]).0).unwrap();
    let test = |name: &str| json["tests"].as_array().unwrap().iter().find(|test| test["name"] == name).unwrap();
    assert_eq!(test("lines")["skipped"], "table 'lines' is not loaded; run starmart load lines", "{json}");
    assert!(test("lines").get("passes").is_none() && test("stores")["passes"] == true, "{json}");

    std::fs::write(&model, format!("{text}{cube}{tests}")).unwrap();
    let (said, exit) = checked(folder.path(), &[]);
    assert!(exit == Some(1) && said.contains("FAIL test no_such"), "{said}");

    std::fs::remove_dir_all(folder.path().join("mart")).unwrap();
    std::fs::write(&model, format!("{text}{cube}{sound}")).unwrap();
    works(folder.path(), &["-q", "load", "lines"]);
    let (said, exit) = checked(folder.path(), &[]);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("skip test by_city: table 'stores' is not loaded; run starmart load stores\n"), "{said}");
}
