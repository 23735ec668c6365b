//! `starmart init`: what it makes checks, loads and answers; what it cannot take it says, and leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::cli::{fails, starmart, works};

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Runs `init` and gives what it said.
#[track_caller]
fn init(folder: &Path, arguments: &[&str]) -> String {
    let output = starmart(folder, &[&["init"], arguments].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    said
}

/// What `init` says to do next does work.
#[track_caller]
fn goes_on(folder: &Path, said: &str) -> String {
    let (_, next) = said.split_once("next:\n").unwrap();
    let mut answer = String::new();
    for line in next.lines() {
        let (command, sql) = line.trim().split_once(" -c ").map_or((line.trim(), None), |(one, two)| (one, Some(two)));
        let mut words: Vec<&str> = command.split(' ').skip(1).collect();
        let csv = ["--format", "csv", "-c"];
        if let Some(sql) = sql {
            words.extend(csv);
            words.push(sql.trim_matches('"'));
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_starmart"));
        let output = command.current_dir(folder).args(&words).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        answer = String::from_utf8(output.stdout).unwrap();
    }
    answer
}

#[test]
fn an_example_loads_and_answers() {
    let folder = TempDir::new().unwrap();
    let said = init(folder.path(), &["shop"]);
    assert_eq!(
        goes_on(folder.path(), &said),
        "department,revenue,average_sale\nDrinks,40.20,10.05\nPantry,37.50,9.375\n"
    );
    works(&folder.path().join("shop"), &["check", "--data"]);
    assert!(read(folder.path(), "shop/.gitignore").contains("/mart/"));
    fails(folder.path(), &["init", "shop"], 2, &["starmart.yaml", "cubes/shop.yaml", "data/sales.csv", "written over"]);
}

#[test]
fn quiet_says_nothing() {
    let folder = TempDir::new().unwrap();
    assert_eq!(init(folder.path(), &["-q", "a"]), "");
    put(folder.path(), "s.csv", "a,b\n1,2\n");
    assert_eq!(init(folder.path(), &["-q", "b", "--from", "s.csv"]), "");
}

#[test]
fn what_is_there_stays() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "sales.csv", "day,amount\n2025-01-01,1\n");
    for mine in ["starmart.yaml", "cubes/other.yaml", "cubes"] {
        let dir = TempDir::new_in(folder.path()).unwrap();
        put(dir.path(), mine, "# mine\n");
        let shown = dir.path().to_str().unwrap();
        fails(folder.path(), &["init", shown, "--from", "sales.csv"], 2, &[mine]);
        fails(folder.path(), &["init", shown], 2, &[mine]);
        assert_eq!(read(dir.path(), mine), "# mine\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left behind beside {mine}");
    }
    let dir = TempDir::new_in(folder.path()).unwrap();
    put(dir.path(), ".gitignore", "mine\n");
    put(dir.path(), "data/sales.csv", "day,amount\n2025-01-01,1\n");
    let sales = dir.path().join("data/sales.csv");
    let said = init(folder.path(), &[dir.path().to_str().unwrap(), "--from", sales.to_str().unwrap()]);
    assert_eq!(read(dir.path(), ".gitignore"), "mine\n");
    assert!(read(dir.path(), "starmart.yaml").contains("data: \"data\""), "{said}");
    assert!(read(dir.path(), "cubes/tables.yaml").contains("files: data/sales.csv"));
}

/// The files of a test project, as they stand in `tests/projects`.
fn data(project: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(project).join("data");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn from(files: &[PathBuf]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let names = files.iter().map(|file| file.to_str().unwrap());
    let arguments: Vec<&str> = ["mart", "--from"].into_iter().chain(names).collect();
    let said = init(folder.path(), &arguments);
    assert!(!goes_on(folder.path(), &said).is_empty());
    works(&folder.path().join("mart"), &["check", "--data"]);
    folder
}

#[test]
fn the_shops_files_become_its_model() {
    let folder = from(&data("shop"));
    let tables = read(folder.path(), "mart/cubes/tables.yaml");
    for line in [
        "    primary_key: [line_id]  # unique in all 12 rows",
        "      amount: decimal(12,2)  # digits before the point: at most ",
        "      sold_at: {type: timestamp, stored_in: UTC}  # each value names its offset",
        "      flagship: boolean",
        "      opened: date",
        "      products: product_id  # 80.0 % of values are found in products.product_id: 1 orphan",
        "      categories: category_id  # all ",
    ] {
        assert!(tables.contains(line), "'{line}' is not in\n{tables}");
    }
    let cubes = read(folder.path(), "mart/cubes/cubes.yaml");
    for line in [
        "    time: sold_at",
        "      department: products.categories.department",
        "      city: stores.city",
        "      amount: sum(amount)",
        "      baskets: count(distinct basket_id)",
    ] {
        assert!(cubes.contains(line), "'{line}' is not in\n{cubes}");
    }
    let asked = ["sql", "--format", "csv", "-c", "SELECT department, amount FROM lines ORDER BY 1"];
    assert_eq!(works(&folder.path().join("mart"), &asked), "department,amount\n食品,63.35\n,58.77\n");
}

#[test]
fn other_files_become_models_too() {
    for project in ["wire", "worked"] {
        from(&data(project));
    }
    let journey = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let names = ["campaign_descriptions", "campaigns", "coupon_redemptions", "demographics"];
    let files: Vec<PathBuf> = names.iter().map(|name| journey.join(format!("{name}.parquet"))).collect();
    if files.iter().all(|file| file.is_file()) {
        let folder = from(&files);
        let tables = read(folder.path(), "mart/cubes/tables.yaml");
        assert!(tables.contains("primary_key: [campaign_id, household_id]"), "{tables}");
        assert!(tables.contains("start_date: date  # midnight in every row"), "{tables}");
    } else {
        println!("skipped: the demo's data is not there; make demo-data gets it");
    }
}

#[test]
fn the_demos_made_data_becomes_a_model() {
    let folder = TempDir::new().unwrap();
    assert!(starmart(folder.path(), &["-q", "demo", "--no-serve"]).status.success());
    let names = ["transactions", "products", "demographics"];
    let files: Vec<PathBuf> =
        names.iter().map(|name| folder.path().join(format!("demo/data/{name}.parquet"))).collect();
    let made = from(&files);
    let tables = read(made.path(), "mart/cubes/tables.yaml");
    assert!(tables.contains("sales_value: decimal(12,2)  # doubles in the file"), "{tables}");
    assert!(tables.contains("stored_in: UTC"), "{tables}");
    assert!(read(made.path(), "mart/cubes/cubes.yaml").contains("sales_value: sum(sales_value)"));
}

#[test]
fn names_of_every_kind_are_told_as_they_were() {
    let folder = TempDir::new().unwrap();
    let header = "訂單編號,no,order,\"a, \"\"b\"\": #c\",user,2024,日期,Ünit,null,{x},金額,單價,門市";
    let rows = "A1,1,x,y,u,1,2025-01-01,k,5,z,1.50,3.00,臺北\nA2,1,x,y,u,2,2025-01-02,k,6,z,2.25,3.00,臺北\n";
    put(folder.path(), "銷售 明細.csv", format!("{header}\n{rows}"));
    let said = init(folder.path(), &["mart", "--from", "銷售 明細.csv"]);
    goes_on(folder.path(), &said);
    let tables = read(folder.path(), "mart/cubes/tables.yaml");
    for line in [
        "locale: zh-TW",
        "  table_1:  # 2 rows\n    title: 銷售 明細\n",
        "    primary_key: [column_1]  # unique in all 2 rows",
        "{from: 金額, title: 金額, type: \"decimal(12,2)\"}",
        "order_column: {from: order, type: text}",
        "user_column: {from: user, type: text}",
    ] {
        assert!(tables.contains(line), "'{line}' is not in\n{tables}");
    }
    let cubes = read(folder.path(), "mart/cubes/cubes.yaml");
    assert!(cubes.contains("column_11: {expr: sum(column_11), title: 金額}"), "{cubes}");
    assert!(cubes.contains("# column_12: {expr: sum(column_12), title: 單價}  # a price"), "{cubes}");
}

#[test]
fn a_clock_without_a_zone_is_to_be_checked() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "calls.csv", "call_id,at,code\n1,2025-01-01 08:00:00,007\n2,2025-01-02 09:30:00,008\n");
    let taipei = ["mart", "--timezone", "Asia/Taipei", "--from", "calls.csv"];
    init(folder.path(), &taipei);
    let tables = read(folder.path(), "mart/cubes/tables.yaml");
    assert!(tables.contains("at: {type: timestamp, stored_in: Asia/Taipei}  # CHECK"), "{tables}");
    assert!(tables.contains("code: text  # leading zeros are kept"), "{tables}");
    let project = folder.path().join("mart");
    works(&project, &["-q", "load"]);
    let days = works(&project, &["sql", "--format", "csv", "-c", "SELECT at__day, row_count FROM calls ORDER BY 1"]);
    assert!(days.contains("2025-01-01,1\n2025-01-02,1\n"), "{days}");
    fails(folder.path(), &["init", "x", "--timezone", "Mars", "--from", "calls.csv"], 2, &["Mars"]);
    fails(folder.path(), &["init", "x", "--timezone", "UTC"], 2, &["--from"]);
}

#[test]
fn a_series_grows_by_itself() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "in/sales-2024.csv", "day,amount\n2024-01-01,1\n");
    put(folder.path(), "in/sales-2025.csv", "day,amount\n2025-01-01,2\n");
    let said = init(folder.path(), &["mart", "--from", "in/sales-2024.csv", "in/sales-2025.csv"]);
    goes_on(folder.path(), &said);
    put(folder.path(), "in/sales-2026.csv", "day,amount\n2026-01-01,4\n");
    let project = folder.path().join("mart");
    works(&project, &["-q", "load"]);
    assert_eq!(works(&project, &["sql", "--format", "csv", "-c", "SELECT amount FROM sales"]), "amount\n7\n");
}

#[test]
fn bad_files_are_told_and_nothing_is_made() {
    let folder = TempDir::new().unwrap();
    for (name, text, words) in [
        ("empty.csv", &b""[..], &["empty.csv", "is empty"][..]),
        ("header.csv", b"a,b\n", &["header.csv", "has no rows"]),
        ("twice.csv", b"a,b,a\n1,2,3\n", &["twice.csv", "line 1", "'a' twice"]),
        ("broken.csv", b"a,b\n1,2\n1,2,3\n", &["broken.csv", "line 3", "3 fields, expected 2"]),
        ("quote.csv", b"a,b\n1,\"2\n3,4\n", &["quote.csv", "line 2", "never closed"]),
        (
            "big5.csv",
            b"a,b\n1,\xb0\xd3\xab\x7e\xbd\x73\xb8\xb9\n",
            &["big5.csv", "line 2", "not UTF-8", "BIG5", "iconv"],
        ),
        ("gb.csv", b"\xc9\xcc\xc6\xb7\xb1\xe0\xba\xc5,b\n1,2\n", &["gb.csv", "line 1", "not UTF-8", "GB18030"]),
        ("semicolon.csv", b"a;b\n1;2\n", &["semicolon.csv", "separated by commas"]),
        ("cut.parquet", b"PAR1", &["cut.parquet", "no whole Parquet file"]),
        ("sheet.xlsx", b"PK", &["sheet.xlsx", ".csv"]),
    ] {
        put(folder.path(), name, text);
        fails(folder.path(), &["init", "mart", "--from", name], 1, words);
        assert!(!folder.path().join("mart").exists(), "{name}");
    }
    fails(folder.path(), &["init", "mart", "--from", "none.csv"], 1, &["none.csv", "No such file"]);
    fails(folder.path(), &["init", "mart", "--from", "."], 1, &["is a folder"]);
    put(folder.path(), "x/a.csv", "a\n1\n");
    put(folder.path(), "y/a.csv", "b\n1\n");
    fails(folder.path(), &["init", "mart", "--from", "x/a.csv", "y/a.csv"], 1, &["x/a.csv", "y/a.csv", "table 'a'"]);
    fails(folder.path(), &["--config", "c.yaml", "init", "mart"], 2, &["--config"]);
    fails(folder.path(), &["init"], 2, &["DIR"]);
    assert!(!folder.path().join("mart").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    put(folder.path(), "file", "x");
    fails(folder.path(), &["init", "file/mart"], 2, &["file"]);
    fails(folder.path(), &["init", "file"], 2, &["file"]);
    fails(folder.path(), &["init", "/proc/mart"], 2, &["/proc/mart", "cannot be written"]);
}
