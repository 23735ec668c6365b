//! Reports over the real data of the retail demo (The Complete Journey): every figure, every word, every page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use starmart::config::Config;
use starmart::ingest::LoadOptions;
use starmart::mart::Mart;
use starmart::query::{Principal, Settings};
use starmart::report::data::{Data, FigureRow};
use starmart::report::reports::{self, Reports};
use starmart::report::resolve::Report;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::projects::{copy, load, open};

/// The mart of the demo, loaded once for all tests: what the cubes of sales, campaigns and redemptions read.
pub(crate) struct Demo {
    pub(crate) folder: TempDir,
    pub(crate) mart: Arc<Mart>,
}

static DEMO: OnceCell<Demo> = OnceCell::const_new();

pub(crate) async fn demo() -> &'static Demo {
    DEMO.get_or_init(|| async {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let data = root.join("data");
        assert!(
            data.join("transactions.parquet").is_file(),
            "data/ holds no transactions.parquet; `make demo-data` gets The Complete Journey"
        );
        let folder = TempDir::new().unwrap();
        for inside in ["cubes", "reports"] {
            copy(&root.join(inside), &folder.path().join(inside));
        }
        std::fs::remove_file(folder.path().join("cubes/promotions.yaml")).unwrap();
        std::fs::write(
            folder.path().join("starmart.yaml"),
            format!("version: 1\nmart: mart\ndata: {}\n", data.display()),
        )
        .unwrap();
        let mart = open(folder.path()).await;
        load(&mart, LoadOptions::default()).await.unwrap();
        Demo { folder, mart }
    })
    .await
}

pub(crate) async fn executive(as_of: Option<&str>) -> (Report, Data) {
    let demo = demo().await;
    let session = demo.mart.session(Principal::local(), Settings::default());
    let (_, model) = session.model().await.unwrap();
    let all = Reports::read(&Config::load(demo.folder.path(), None).unwrap()).unwrap();
    let report = all.report("executive", &model).unwrap();
    let as_of = as_of.map(|day| day.parse().unwrap());
    let data = reports::data(&session, &report, as_of, "2026-01-01".parse().unwrap()).await.unwrap();
    (report, data)
}

fn expected() -> Vec<[String; 5]> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/page1.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        <[String; 5]>::try_from(cells).unwrap()
    });
    rows.collect()
}

/// Every figure of the first page, recomputed by somebody else from the same files with other tools.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_has_the_right_figures() {
    let (report, data) = executive(Some("2017-11-26")).await;
    let found: BTreeMap<String, FigureRow> =
        data.figures(&report).into_iter().map(|row| (row.name.clone(), row)).collect();
    let expected = expected();
    assert!(expected.len() > 150);
    let mut wrong = Vec::new();
    for [name, this, previous, average, unit] in &expected {
        let Some(row) = found.get(name) else {
            wrong.push(format!("{name} is not there"));
            continue;
        };
        for (what, expected, found) in
            [("this", this, row.this), ("previous", previous, row.previous), ("average", average, row.average)]
        {
            let Ok(expected) = expected.parse::<f64>() else { continue };
            let close = |found: f64| (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            if !found.is_some_and(|figure| close(figure.double())) {
                wrong.push(format!("{name}: {what} is {found:?}, not {expected}"));
            }
        }
        if unit == "USD" || unit == "%" {
            assert_eq!(&row.unit, unit, "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
