//! `tests/tools/TOOL.txt`: statements as BI tools send them, each with what its user sees, the careful SQL over the tables
//! that means the same, how EXPLAIN says it is read, and the answer; or with words of its refusal and what to send
//! instead. Answers are compared with those of the careful SQL; `UPDATE=1` writes plans, answers and errors anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use starmart::error::Result;
use starmart::mart::{Mart, Session};
use starmart::query::{Principal, Settings};
use starmart::sql::parse_query;

use crate::projects;

/// The sections of a statement that somebody writes, and those that are written by `UPDATE=1`.
const WRITTEN: [&str; 5] = ["sees", "asks", "means", "refused", "instead"];
const GOLDEN: [&str; 3] = ["plan", "answer", "says"];

/// What a statement's sections hold.
struct Case {
    name: String,
    sections: Vec<(String, String)>,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default().to_owned();
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in lines {
            let begins = line.split_once(':').filter(|(key, _)| WRITTEN.contains(key) || GOLDEN.contains(key));
            match (begins, sections.last_mut()) {
                (Some((key, rest)), _) => sections.push((key.to_owned(), rest.trim_start().to_owned())),
                (None, Some((_, text))) => *text += &format!("\n{line}"),
                (None, None) => panic!("'{line}' stands before the sections of '{name}'"),
            }
        }
        sections.iter_mut().for_each(|(_, text)| *text = text.trim_matches('\n').trim_end().to_owned());
        Self { name, sections }
    }

    fn section(&self, key: &str) -> Option<&str> {
        self.sections.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str())
    }

    /// The same, as it is written down, with golden sections.
    fn with(&self, golden: &[(&str, String)]) -> String {
        let mut text = format!("== {}\n", self.name);
        let written = self.sections.iter().filter(|(key, _)| WRITTEN.contains(&key.as_str()));
        let golden = golden.iter().map(|(key, text)| (*key, text.as_str()));
        for (key, section) in written.map(|(key, text)| (key.as_str(), text.as_str())).chain(golden) {
            let apart = if ["sees", "refused"].contains(&key) { " " } else { "\n" };
            writeln!(text, "{key}:{}{section}", if section.is_empty() { "" } else { apart }).unwrap();
        }
        text
    }
}

struct Answer {
    schema: SchemaRef,
    rows: Vec<Vec<String>>,
}

async fn ask(session: &Session, sql: &str) -> Result<Answer> {
    let answer = session.query(sql).await?;
    let schema = Arc::clone(&answer.schema);
    let batches: Vec<RecordBatch> = answer.try_collect().await?;
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    Ok(Answer { schema, rows })
}

/// Whether two values are the same: as they are written, or as numbers.
fn same(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one == other || (one - other).abs() <= 1e-9 * one.abs().max(other.abs()),
        _ => one == other,
    }
}

fn same_rows(one: &[Vec<String>], other: &[Vec<String>]) -> bool {
    let row = |(one, other): (&Vec<String>, &Vec<String>)| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
    };
    one.len() == other.len() && one.iter().zip(other).all(row)
}

/// The answer as it is written down: names and types, then rows.
fn shown(answer: &Answer) -> String {
    let fields = answer.schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type()));
    let rows = answer.rows.iter().map(|row| row.join(" | "));
    std::iter::once(fields.collect::<Vec<_>>().join(", ")).chain(rows).collect::<Vec<_>>().join("\n")
}

/// What EXPLAIN says of the blocks over cubes.
async fn plan(session: &Session, sql: &str) -> String {
    let lines = ask(session, &format!("EXPLAIN {sql}")).await.unwrap().rows.concat();
    let read = lines.into_iter().take_while(|line| !line.starts_with("how it runs"));
    // now() is another moment each time.
    let today = starmart::clock::now().format("TIMESTAMP '%Y-%m-").to_string();
    let timeless = |line: String| match line.split_once(&today) {
        Some((before, after)) => format!("{before}NOW{}", after.split_once('\'').map_or("", |(_, rest)| rest)),
        None => line,
    };
    read.map(timeless).collect::<Vec<_>>().join("\n")
}

/// Runs a statement: its golden sections, or what is wrong.
async fn run(session: &Session, case: &Case) -> std::result::Result<Vec<(&'static str, String)>, String> {
    let section = |key: &str| case.section(key).ok_or_else(|| format!("'{key}:' is missing"));
    let asks = section("asks")?;
    if section("sees")?.is_empty() {
        return Err("nobody says what is seen".into());
    }
    let answer = ask(session, asks).await;
    if let Some(words) = case.section("refused") {
        let Err(error) = answer else { return Err("it is answered".into()) };
        let error = error.to_string();
        ask(session, section("instead")?).await.map_err(|error| format!("instead: {error}"))?;
        for sent in error.split_once("; send: ").iter().flat_map(|(_, sent)| sent.split("; or: ")) {
            ask(session, sent).await.map_err(|error| format!("what the error says to send: {sent}\n{error}"))?;
        }
        return if error.contains(words) { Ok(vec![("says", error)]) } else { Err(error) };
    }
    let mut answer = answer.map_err(|error| error.to_string())?;
    let mut means = ask(session, section("means")?).await.map_err(|error| format!("means: {error}"))?;
    let ordered = parse_query(asks).map_err(|error| error.to_string())?.order_by.is_some();
    if !ordered {
        answer.rows.sort();
        means.rows.sort();
    }
    if !same_rows(&answer.rows, &means.rows) {
        return Err(format!("answered\n{}\nand it means\n{}", shown(&answer), shown(&means)));
    }
    Ok(vec![("plan", plan(session, asks).await), ("answer", shown(&answer))])
}

fn file(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(format!("{tool}.txt"))
}

async fn check(tool: &str) {
    let (_folder, mart) = projects::loaded("shop").await;
    let session = Mart::session(&mart, Principal::local(), Settings::default());
    let text = std::fs::read_to_string(file(tool)).unwrap();
    let mut parts = text.split("\n== ");
    let mut written = parts.next().unwrap().trim_end().to_owned() + "\n";
    let mut wrong = Vec::new();
    let update = std::env::var_os("UPDATE").is_some();
    for case in parts.map(Case::read) {
        let golden = match run(&session, &case).await {
            Ok(golden) => golden,
            Err(why) => {
                wrong.push(format!("{tool}: {}: {why}", case.name));
                GOLDEN.iter().filter_map(|key| Some((*key, case.section(key)?.to_owned()))).collect()
            }
        };
        for (key, text) in golden.iter().filter(|(key, text)| !update && case.section(key) != Some(text)) {
            wrong.push(format!("{tool}: {}: {key} is now (UPDATE=1 writes it)\n{text}", case.name));
        }
        written += &format!("\n{}", case.with(&golden));
    }
    if update {
        std::fs::write(file(tool), written).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A test for each tool.
macro_rules! tools {
    ($($tool:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $tool() {
            check(stringify!($tool)).await;
        })*

        #[test]
        fn every_file_is_run() {
            let mut files: Vec<String> = file("").parent().unwrap().read_dir().unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
            files.sort();
            assert_eq!(files, [$(stringify!($tool)),*]);
        }
    };
}

tools!(dbeaver, dbt, excel, grafana, looker_studio, metabase, power_bi, superset, tableau);
