//! Reports over the real data of the retail demo (The Complete Journey): every figure, every word, every page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use starmart::config::Config;
use starmart::ingest::LoadOptions;
use starmart::mart::Mart;
use starmart::query::{Principal, Settings};
use starmart::report::chart::Drawing;
use starmart::report::data::{Data, FigureRow, Frame, Place, Rank, Shown, Weeks};
use starmart::report::face::{Faces, Weight};
use starmart::report::locale::Locale;
use starmart::report::page::{self, Body, Pack, Picture, Tile};
use starmart::report::reports::{self, Reports};
use starmart::report::resolve::Report;
use starmart::report::run::{self, Order};
use starmart::report::verify::{Difference, verify};
use tokio::sync::OnceCell;

use crate::projects::{copy, load, open};

/// The mart of the demo, loaded once for all tests: what the cubes of sales, campaigns and redemptions read.
pub(crate) struct Demo {
    pub(crate) folder: PathBuf,
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
        // One folder for all runs: what is static is never dropped, and would stay for ever.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("retail-demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        for inside in ["cubes", "reports"] {
            copy(&root.join(inside), &folder.join(inside));
        }
        std::fs::remove_file(folder.join("cubes/promotions.yaml")).unwrap();
        let config = format!("version: 1\nmart: mart\ndata: {}\n", data.display());
        std::fs::write(folder.join("starmart.yaml"), config).unwrap();
        let mart = open(&folder).await;
        load(&mart, LoadOptions::default()).await.unwrap();
        Demo { folder, mart }
    })
    .await
}

pub(crate) async fn executive(as_of: Option<&str>) -> (Report, Data) {
    let demo = demo().await;
    let session = demo.mart.session(Principal::local(), Settings::default());
    let (_, model) = session.model().await.unwrap();
    let all = Reports::read(&Config::load(&demo.folder, None).unwrap()).unwrap();
    let report = all.report("executive", &model).unwrap();
    let as_of = as_of.map(|day| day.parse().unwrap());
    let data = reports::data(&session, &report, as_of, "2026-01-01".parse().unwrap()).await.unwrap();
    (report, data)
}

fn expected(page: &str) -> Vec<[String; 5]> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        <[String; 5]>::try_from(cells).unwrap()
    });
    rows.collect()
}

/// Every figure of the pages, recomputed by somebody else from the same files with other tools.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_the_right_figures() {
    for (page, least) in [("page1.csv", 150), ("page2.csv", 130), ("page3.csv", 220)] {
        figures_are(page, least).await;
    }
}

async fn figures_are(page: &str, least: usize) {
    let (report, data) = executive(Some("2017-11-26")).await;
    let found: BTreeMap<String, FigureRow> =
        data.figures(&report).into_iter().map(|row| (row.name.clone(), row)).collect();
    let expected = expected(page);
    assert!(expected.len() > least);
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

/// The files of a run in some languages.
async fn made_in(as_of: &str, locales: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let demo = demo().await;
    let reports = Reports::read(&Config::load(&demo.folder, None).unwrap()).unwrap();
    let locales = locales.iter().map(|locale| (*locale).to_owned()).collect();
    let as_of = Some(as_of.parse().unwrap());
    let order = Order { as_of, locales, pdf: true, svg: true, csv: true, ..Order::default() };
    let files = run::run(&demo.mart, Principal::local(), &reports, "executive", &order).await.unwrap();
    files.into_iter().map(|file| (file.name, file.bytes)).collect()
}

/// The files of a run in English and in the Chinese of Taiwan.
async fn made(as_of: &str) -> BTreeMap<String, Vec<u8>> {
    made_in(as_of, &["en", "zh-TW"]).await
}

/// Compares with a file of `tests/reports/golden`, or writes it where UPDATE is set.
fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{name} differs; look at it, and run again with UPDATE=1 if it is better");
}

/// What a program of the system says of a file; none where it is not installed.
pub(crate) fn told(program: &str, arguments: &[&str]) -> Option<String> {
    match std::process::Command::new(program).args(arguments).output() {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(_) => {
            println!("{program} is not installed, so what it says of packs is not tested; make fonts installs it");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_words_are_as_they_were_approved() {
    let folder = tempfile::TempDir::new().unwrap();
    for (day, week) in [("2017-11-26", "W47"), ("2017-12-31", "W52"), ("2017-01-08", "W01")] {
        let files = made(day).await;
        for (name, bytes) in &files {
            if name.ends_with(".svg") {
                golden(name, std::str::from_utf8(bytes).unwrap());
            }
        }
        for locale in ["en", "zh-TW"] {
            let name = format!("executive-2017-{week}-{locale}");
            let path = folder.path().join(format!("{name}.pdf"));
            std::fs::write(&path, &files[&format!("{name}.pdf")]).unwrap();
            let Some(text) = told("pdftotext", &["-raw", path.to_str().unwrap(), "-"]) else { return };
            let words: Vec<&str> = text.split_whitespace().collect();
            golden(&format!("{name}.txt"), &(words.join(" ") + "\n"));
        }
    }
}

/// What is said of a week in a language: its pages' headlines and decks, and its tiles' titles.
fn said_in_week(report: &Report, data: &Data, locale: &Locale, faces: &Faces) -> String {
    let week = locale.week(data.frame.week);
    let mut said = format!("{week}\n");
    for page in run::pages_in(report, data, locale, faces).unwrap_or_else(|error| panic!("{week}: {error}")) {
        said += &format!("  {}\n    {}\n", page.headline, page.deck);
        let titles = page.tiles.iter().map(|tile| &tile.title).filter(|title| !title.is_empty());
        titles.for_each(|title| said += &format!("      {title}\n"));
    }
    said
}

/// All that is said in a year, to be read as a list.
#[tokio::test(flavor = "multi_thread")]
async fn every_week_of_the_year_says_what_it_should() {
    // A build for tests takes long for each week, and reads some; one that is optimised, and UPDATE, read all.
    let all = !cfg!(debug_assertions) || std::env::var_os("UPDATE").is_some();
    let is_read = |week: usize| all || week <= 6 || week.is_multiple_of(10) || [47, 52].contains(&week);
    let set = ["en", "zh-TW", "zh-CN"].map(|name| (Locale::of(name).unwrap(), Faces::find(name).unwrap()));
    let mut lists = set.each_ref().map(|_| Vec::new());
    let first: NaiveDate = "2017-01-08".parse().unwrap();
    for (_, sunday) in first.iter_weeks().take(52).enumerate().filter(|(at, _)| is_read(at + 1)) {
        let (report, data) = executive(Some(&sunday.to_string())).await;
        for ((locale, faces), list) in set.iter().zip(&mut lists) {
            list.push(said_in_week(&report, &data, locale, faces));
        }
    }
    for ((locale, _), list) in set.iter().zip(&lists) {
        let name = format!("year-{}.txt", locale.name);
        if all {
            golden(&name, &list.join("\n"));
            continue;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/golden").join(&name);
        let approved = std::fs::read_to_string(path).unwrap();
        let approved: Vec<&str> = approved.split("\n\n").map(str::trim_end).collect();
        for week in list {
            assert!(approved.contains(&week.trim_end()), "{name} does not say:\n{week}");
        }
    }
}

/// In how many of the 52 weeks each rule is said, as somebody else counted them in the same data.
#[test]
fn each_rule_is_said_in_as_many_weeks_as_it_fires() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/golden/year-en.txt");
    let list = std::fs::read_to_string(path).unwrap();
    // Headlines stand two blanks from the margin, decks four, titles six.
    let said = |blanks: usize, words: &str| {
        let at = |line: &&str| line.len() - line.trim_start().len() == blanks;
        list.lines().filter(at).filter(|line| line.contains(words)).count()
    };
    for (blanks, words, weeks) in [
        (2, "Revenue up", 22),
        (2, "Revenue down", 29),
        (2, "of the net rise", 21),
        (2, "of the net fall", 26),
        (4, "Private label rose", 25),
        (4, "Private label fell", 24),
        (4, "Private label flat", 2),
        (4, "the highest in", 1),
        (4, "the highest since", 10),
        (4, "the lowest in", 2),
        (4, "the lowest since", 6),
        (4, " pts on last week", 30),
        (4, "most of all in", 46),
        (6, "No campaign redemptions", 1),
        (2, "active in four weeks", 49),
        (2, "active this week", 3),
        (2, "the most this year", 9),
        (2, "the fewest this year", 1),
        (6, "week of net", 21),
        (4, "trading all but stopped", 2),
    ] {
        assert_eq!(said(blanks, words), weeks, "{words}");
    }
    assert_eq!(said(6, "a net gain of") + said(6, "a net loss of"), 27);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_week_gives_the_same_bytes() {
    let (first, again) = (made("2017-11-26").await, made("2017-11-26").await);
    assert_eq!(first.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(again[name] == *bytes, "{name} differs from run to run");
    }
    assert!(first.values().map(Vec::len).max().unwrap() < 500_000);
}

/// PDF/A-3a and PDF/UA-1, as others check them.
#[tokio::test(flavor = "multi_thread")]
async fn packs_keep_the_standards_of_archives_and_of_readers() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut paths = Vec::new();
    for (name, bytes) in made_in("2017-12-31", &[]).await.iter().filter(|(name, _)| name.ends_with(".pdf")) {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
    }
    assert_eq!(paths.len(), 3);
    for path in &paths {
        if let Some(fonts) = told("pdffonts", &[path]) {
            let lines: Vec<&str> = fonts.lines().skip(2).collect();
            assert_eq!(lines.len(), 2, "{fonts}");
            let family = if path.contains("zh-CN") { "NotoSansCJKsc-" } else { "NotoSansCJKtc-" };
            assert!(lines.iter().all(|line| line.contains(family) && line.contains("yes yes yes")), "{fonts}");
        }
        if let Some(images) = told("pdfimages", &["-list", path]) {
            assert_eq!(images.lines().count(), 2, "charts are no pixels: {images}");
        }
        if let Some(info) = told("pdfinfo", &[path]) {
            assert!(
                info.contains("Tagged:          yes") && info.contains("Page size:       841.89 x 595.276 pts (A4)")
            );
        }
        told("qpdf", &["--check", path]);
        if let Some(structure) = told("pdfinfo", &["-struct-text", path]) {
            for tag in ["H1 ", "H2 ", "Table", "TH ", "Figure"] {
                assert!(structure.contains(tag), "no {tag} in {structure}");
            }
        }
    }
    let Some(clients) = std::env::var_os("STARMART_CLIENTS") else { return };
    let jars = Path::new(&clients).join("verapdf");
    if jars.join("installed").is_file() {
        let classes = format!("{}/*", jars.display());
        let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/verapdf/Check.java");
        let mut arguments = vec!["-cp", &classes, check.to_str().unwrap()];
        arguments.extend(paths.iter().map(String::as_str));
        let output = std::process::Command::new("java").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 6, "{said}");
    } else {
        println!("veraPDF is not installed, so it does not check packs; make clients installs it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_can_be_verified_years_later() {
    let demo = demo().await;
    let files = made("2017-11-26").await;
    let mut carried = page::attachments(&files["executive-2017-W47-zh-TW.pdf"]).unwrap();
    let names: Vec<&str> = carried.iter().map(|file| file.name.as_str()).collect();
    let expected = [
        "campaigns-1.csv",
        "campaigns-2.csv",
        "coupons.csv",
        "days.csv",
        "departments-1.csv",
        "departments-2.csv",
        "drivers.csv",
        "figures.csv",
        "flow.csv",
        "hours-1.csv",
        "hours-2.csv",
        "kpis.csv",
        "pack.json",
        "period-1.csv",
        "period-2.csv",
        "period-3.csv",
        "private_departments-1.csv",
        "private_departments-2.csv",
        "private_label.csv",
        "tenths-1.csv",
        "tenths-2.csv",
        "tenths-3.csv",
        "tenths-4.csv",
        "tenths-5.csv",
        "weeks.csv",
    ];
    assert_eq!(names, expected);
    for file in carried.iter().filter(|file| file.name.ends_with(".csv")) {
        assert!(file.bytes == files[&format!("executive-2017-W47-{}", file.name)], "{}", file.name);
    }
    let verified = verify(&demo.mart, Principal::local(), &carried).await.unwrap();
    assert!(verified.passes() && !verified.model_changed && verified.answers.len() == 23, "{verified:?}");
    assert_eq!((verified.record.locale.as_str(), verified.record.mart_version), ("zh-TW", 1));

    let forged = carried.iter_mut().find(|file| file.name == "weeks.csv").unwrap();
    forged.bytes = String::from_utf8(forged.bytes.clone()).unwrap().replace("92469.59", "99999.99").into_bytes();
    let verified = verify(&demo.mart, Principal::local(), &carried).await.unwrap();
    let wrong: Vec<_> =
        verified.answers.iter().filter_map(|(file, why)| Some((file.as_str(), why.as_ref()?))).collect();
    assert!(matches!(wrong.as_slice(), [("weeks.csv", Difference::Line { number: 49, .. })]), "{wrong:?}");

    carried.retain(|file| file.name != "kpis.csv");
    let verified = verify(&demo.mart, Principal::local(), &carried).await.unwrap();
    assert!(verified.answers.iter().any(|(file, why)| file == "kpis.csv" && *why == Some(Difference::Missing)));
    carried.retain(|file| file.name != "pack.json");
    let error = verify(&demo.mart, Principal::local(), &carried).await.unwrap_err();
    assert!(error.message().contains("no pack of ours"), "{error}");
}

/// A pack of one picture.
fn pack_of(svg: String, (width, height): (f64, f64), locale: &str, faces: &Faces) -> Pack {
    let picture = Picture::new("widths", Drawing { svg, width, height }, Some("words".into()));
    let tile = Tile {
        name: "widths".into(),
        left: 15.0,
        top: 40.0,
        width: 267.0,
        height: 150.0,
        title: "Widths".into(),
        subtitle: None,
        body: Body::Chart { picture },
    };
    let page = page::Page {
        number: "1".into(),
        title: "P".into(),
        count: "1 / 1".into(),
        headline: "H".into(),
        deck: "D".into(),
        tiles: vec![tile],
    };
    Pack {
        title: "T".into(),
        locale: locale.into(),
        family: faces.family.clone(),
        author: "A".into(),
        description: "D".into(),
        week: "W".into(),
        period: "P".into(),
        pages: vec![page],
        footer: Vec::new(),
        files: Vec::new(),
        made: "2017-11-26T00:00:00".parse().unwrap(),
        ident: "widths".into(),
    }
}

/// Labels are placed by widths that we measure, so what Typst draws must be as wide: here by poppler's word boxes.
#[test]
fn labels_are_drawn_as_wide_as_they_are_measured() {
    let texts = [
        "Revenue",
        "AVATAR",
        "$92.5K",
        "−5,755",
        "營收較前週增加",
        "第47週9.25萬",
        "Revenue營收$1.2M",
        "每件單價（美元）",
    ];
    for (locale, weight) in [("en", Weight::Regular), ("zh-TW", Weight::Bold), ("zh-CN", Weight::Regular)] {
        let faces = Faces::find(locale).unwrap();
        let ruler = faces.ruler().unwrap();
        let bold = if weight == Weight::Bold { "bold" } else { "normal" };
        let lines: String = texts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                format!(
                    "<text x=\"100\" y=\"{}\" font-size=\"400\" font-weight=\"{bold}\">{text}</text>",
                    500 * (at + 1)
                )
            })
            .collect();
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400pt\" height=\"220pt\" viewBox=\"0 0 8000 4400\" \
             font-family=\"{}\">{lines}</svg>",
            faces.family
        );
        let pack = pack_of(svg, (400.0, 220.0), locale, &faces);
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("widths.pdf");
        std::fs::write(&path, page::compose(&pack, &faces).unwrap().pdf().unwrap()).unwrap();
        let Some(boxes) = told("pdftotext", &["-bbox", path.to_str().unwrap(), "-"]) else { return };
        for text in texts {
            let line = boxes
                .lines()
                .find(|line| line.contains(&format!(">{text}</word>")))
                .unwrap_or_else(|| panic!("{text} in {boxes}"));
            let edge = |name: &str| {
                line.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap()
            };
            let (drawn, measured) = (edge("xMax") - edge("xMin"), ruler.width(text, weight, 20.0));
            assert!((drawn / measured - 1.0).abs() < 0.02, "{locale} {text}: drawn {drawn}, measured {measured}");
        }
    }
}

/// Each place fires in the year as often as the rules say it should for these data: what a week's own report says of it is
/// told by the weeks up to it.
#[tokio::test(flavor = "multi_thread")]
async fn places_hold_through_a_year() {
    let (_, data) = executive(Some("2017-12-31")).await;
    let all = data.pages[0].iter().find_map(|shown| match shown {
        Shown::Weeks(weeks) => Some(weeks),
        _ => None,
    });
    let all = all.unwrap();
    let (mut highs, mut lows, mut first, mut last, mut none, mut weeks) = (0, 0, 0, 0, 0, 0);
    for count in 1..=all.weeks.len() {
        let until = Weeks { weeks: all.weeks[..count].to_vec(), ..all.clone() };
        let newest = until.weeks.last().unwrap().clone();
        if !newest.is_complete {
            continue;
        }
        weeks += 1;
        let frame = Frame { week: newest.week, ..data.frame.clone() };
        match Rank::of(&until, &frame).map(|rank| rank.place) {
            Some(Place::First) => first += 1,
            Some(Place::High(_)) => highs += 1,
            Some(Place::Low(_)) => lows += 1,
            Some(Place::Last) => last += 1,
            None => none += 1,
        }
    }
    assert_eq!((weeks, highs, lows, first, last, none), (52, 22, 21, 4, 1, 4));
}

/// What docs/reports.md teaches works: each whole example is run.
#[tokio::test(flavor = "multi_thread")]
async fn the_guides_examples_are_reports() {
    let demo = demo().await;
    let guide = include_str!("../docs/reports.md");
    let examples: Vec<&str> = guide.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 4);
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    copy(&demo.folder.join("cubes"), &folder.join("cubes"));
    std::fs::copy(demo.folder.join("starmart.yaml"), folder.join("starmart.yaml")).unwrap();
    std::fs::create_dir(folder.join("reports")).unwrap();
    for example in examples {
        assert!(example.starts_with("version: 1\n"), "a fragment is marked as one: {example}");
        std::fs::write(folder.join("reports/example.yaml"), example).unwrap();
        let reports = Reports::read(&Config::load(folder, None).unwrap()).unwrap();
        assert!(
            !reports.specs().is_empty(),
            "{:?}",
            reports.faults(&demo.mart.session(Principal::local(), Settings::default()).model().await.unwrap().1)
        );
        for spec in reports.specs() {
            let order = Order { as_of: Some("2017-11-26".parse().unwrap()), pdf: true, csv: true, ..Order::default() };
            let files = run::run(&demo.mart, Principal::local(), &reports, &spec.name, &order).await;
            let files = files.unwrap_or_else(|error| panic!("{}: {error}", spec.name));
            assert!(files.iter().any(|file| file.name.ends_with(".pdf")), "{}", spec.name);
        }
    }
}
