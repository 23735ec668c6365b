//! Reports over a small shop whose names and numbers are as bad as they come: each renders honestly or is refused by name.

use starmart::config::Config;
use starmart::error::{Error, Kind};
use starmart::query::{Principal, Settings};
use starmart::report::record::Carried;
use starmart::report::reports::Reports;
use starmart::report::run::{self, Order};

use crate::cli::starmart;
use crate::load::Project;
use crate::reports::told;
use crate::stopped::cramped;

const MODEL: &str = "defaults: {timezone: Asia/Taipei, currency: TWD, locale: en}
tables:
  lines:
    files: data/lines.csv
    columns: {day: date, shop: text, amount: 'decimal(12,2)', items: integer}
cubes:
  shop:
    table: lines
    time: day
    dimensions:
      day: {expr: day, title: {en: Day, zh-TW: 日期}}
      shop: {expr: shop, title: {en: Shop, zh-TW: 門市}}
    measures:
      takings: {expr: sum(amount), unit: TWD, better: higher, title: {en: Takings, zh-TW: 營業額}}
      items: {expr: sum(items), title: {en: Items, zh-TW: 件數}}
      price: {expr: takings / items, format: '0.00', unit: TWD, title: {en: Price, zh-TW: 單價}}
      largest: {expr: max(amount), title: {en: Largest, zh-TW: 最大}}
      nameless: sum(items + 1)
";

pub(crate) const KPIS: &str = "{cube: shop, kpis: [takings, items, price], compare: [previous, average_4], spark: 13}";
const DAYS: &str = "{chart: line, span: 5, height: 60, query: {cube: shop, measures: [takings], time: {grain: day}}, \
                    behind: previous, finding: split}";
const WEEKS: &str = "{chart: columns, height: 40, query: {cube: shop, measures: [takings], \
                     time: {grain: week, since: year_start}}, mark: last, finding: rank}";
const DRIVERS: &str = "{span: 7, waterfall: {cube: shop, measure: takings, drivers: [\
                       {measure: items, up: more items, down: fewer items}, \
                       {measure: price, up: higher prices, down: lower prices}]}}";
const TABLE: &str = "{height: 100, table: {cube: shop, by: shop, measures: [takings, items, price]}}";

/// A report of these tiles, in both languages.
pub(crate) fn report(tiles: &[&str]) -> String {
    let list: Vec<String> = tiles.iter().map(|tile| format!("          - {tile}\n")).collect();
    format!(
        "version: 1\nreports:\n  - name: shop\n    title: {{en: The shop, zh-TW: 門市}}\n    locales: [en, zh-TW]\n    \
         period: {{as_of: data}}\n    pages:\n      - title: {{en: Now, zh-TW: 現況}}\n        tiles:\n{}",
        list.concat()
    )
}

/// Rows of day, shop, amount, items.
pub(crate) async fn shop(rows: &[(&str, &str, &str, &str)], tiles: &[&str]) -> Project {
    let lines: Vec<String> = rows
        .iter()
        .map(|(day, shop, amount, items)| format!("{day},\"{}\",{amount},{items}\n", shop.replace('"', "\"\"")))
        .collect();
    let csv = format!("day,shop,amount,items\n{}", lines.concat());
    let project = Project::new(MODEL, &[("data/lines.csv", &csv)]).await;
    std::fs::create_dir(project.folder.path().join("reports")).unwrap();
    project.write("reports/shop.yaml", &report(tiles));
    project.load().await;
    project
}

pub(crate) async fn made(project: &Project, order: Order) -> Result<Vec<Carried>, Error> {
    let reports = Reports::read(&Config::load(project.folder.path(), None).unwrap())?;
    run::run(&project.mart, Principal::local(), &reports, "shop", &order).await
}

pub(crate) fn everything() -> Order {
    Order { pdf: true, png: true, svg: true, csv: true, ..Order::default() }
}

/// The text of the charts and the answers, which is all that a test needs to read.
pub(crate) fn text(files: &[Carried]) -> String {
    let readable = files.iter().filter(|file| [".svg", ".csv"].iter().any(|end| file.name.ends_with(end)));
    readable.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).collect()
}

/// The text of a PDF, where poppler is there to read it.
fn printed(files: &[Carried], end: &str) -> Option<String> {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("pack.pdf");
    std::fs::write(&path, &files.iter().find(|file| file.name.ends_with(end)).unwrap().bytes).unwrap();
    told("pdftotext", &["-layout", path.to_str().unwrap(), "-"])
}

/// Two whole weeks of a shop, 5 to 18 June 2017.
pub(crate) fn two_weeks(shop: &'static str) -> Vec<(String, &'static str, String, String)> {
    (5..=18).map(|day| (format!("2017-06-{day:02}"), shop, format!("{}.50", 100 + day), "3".to_owned())).collect()
}

pub(crate) fn borrowed<'a>(
    rows: &'a [(String, &'static str, String, String)],
) -> Vec<(&'a str, &'static str, &'a str, &'a str)> {
    rows.iter().map(|(day, shop, amount, items)| (day.as_str(), *shop, amount.as_str(), items.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_data_and_never_markup() {
    let name = "<b>#pagebreak() $x^2$ *bold* \"quoted\" & it's \\ `code` [link](x) @ref 店";
    let rows = two_weeks(name);
    let project = shop(&borrowed(&rows), &[TABLE]).await;
    let files = made(&project, everything()).await.unwrap();
    assert_eq!(files.iter().filter(|file| file.name.ends_with("-1.png")).count(), 2, "one page in each language");
    assert!(files.iter().all(|file| !file.bytes.is_empty()));
    assert!(text(&files).contains("#pagebreak()"));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_are_cut_and_unknown_glyphs_refused() {
    let long: &'static str = "A department whose name goes on and on, 部門名稱很長很長很長, for more than two hundred characters, \
                             until nobody remembers how it began, which is about where this sentence has to come to its end, \
                             since two hundred are reached.";
    assert!(long.chars().count() > 200);
    let rows = two_weeks(long);
    let project = shop(&borrowed(&rows), &[TABLE]).await;
    made(&project, everything()).await.unwrap();

    let rows = two_weeks("Happy 🙂 shop");
    let project = shop(&borrowed(&rows), &[TABLE]).await;
    refused_for_glyphs(&project, "Happy 🙂 shop", "table").await;
    let rows = two_weeks("a");
    let project = shop(&borrowed(&rows), &[KPIS, "{name: note, height: 10, text: 'a 🙂 note'}"]).await;
    refused_for_glyphs(&project, "a 🙂 note", "note").await;
    let unit = "{name: numbers, cube: shop, kpis: [{measure: items, unit: 🙂}]}";
    refused_for_glyphs(&shop(&borrowed(&rows), &[unit]).await, "🙂", "numbers").await;
}

/// No form is made with a box in it.
async fn refused_for_glyphs(project: &Project, text: &str, tile: &str) {
    for order in [everything(), Order { png: true, ..Order::default() }, Order { svg: true, ..Order::default() }] {
        let error = made(project, order).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        for word in ["U+1F642", text, &format!("tile '{tile}'"), "Noto Sans CJK TC"] {
            assert!(error.message().contains(word), "'{word}' is not in: {error}");
        }
    }
}

/// The difference of several days is told of what adds up over days alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_add_up_is_not_added() {
    let rows = two_weeks("a");
    let price = DAYS.replace("takings", "price").replace(", finding: split", "");
    let by_week = WEEKS.replace("takings", "price");
    let project = shop(&borrowed(&rows), &[KPIS, &price, &by_week]).await;
    let files = made(&project, everything()).await.unwrap();
    let found = text(&files);
    // 112.50 / 3 and 105.50 / 3, and no sums of such.
    assert!(found.contains("chart.2017-06-12,37.5,35.166666666666664,"), "{found:.3000}");
    assert!(!found.contains("_days.change"), "{found:.3000}");
    let picture = files.iter().find(|file| file.name.ends_with("-en-chart.svg")).unwrap();
    let picture = String::from_utf8_lossy(&picture.bytes);
    assert!(picture.contains("highest Sunday NT$39.50, lowest Monday NT$37.50"), "{picture:.600}");
    assert!(picture.contains("<polygon") && !picture.contains(">+NT$"), "the difference is tinted, and has no sum");

    // A quotient has no value in a week without facts, and is not the lowest there.
    let mut gap = two_weeks("a");
    let earlier = ["2017-05-01", "2017-05-07", "2017-05-16", "2017-05-24"];
    gap.extend(earlier.map(|day| (day.to_owned(), "a", "9.00".to_owned(), "1".to_owned())));
    let project = shop(&borrowed(&gap), &[&by_week, &WEEKS.replace("{chart", "{name: sums, chart")]).await;
    let files = made(&project, everything()).await.unwrap();
    assert!(printed(&files, "-en.pdf").is_none_or(|words| words.contains("; short hatching = no records")));
    let found = text(&files);
    assert!(found.contains("chart.full_weeks,5,") && found.contains("sums.full_weeks,7,"), "{found:.3000}");
}

/// What a tile leaves out stands below its title and is told at the foot.
#[tokio::test(flavor = "multi_thread")]
async fn filters_are_told() {
    let mut rows = two_weeks("a");
    rows.extend(two_weeks("b"));
    let named = "where: {sql: \"shop = 'a'\", says: {en: shop A only, zh-TW: 只計甲店}}";
    let days = DAYS.replace("measures: [takings]", &format!("measures: [takings], {named}"));
    let bare = TABLE
        .replace("by: shop", "by: shop, where: \"shop <> 'b'\"")
        .replace("height: 100", "span: 7")
        .replace("shop, where", "shop, top: 2, where");
    for (tiles, en, zh) in [
        (vec![KPIS], vec!["Filters: none"], vec!["篩選：無"]),
        (
            vec![KPIS, &days, &bare, "{table: {cube: shop, by: [shop, day], measures: [takings], top: 2}}"],
            vec!["Filters: below the titles", "; shop A only", "; only shop <> 'b'", "A, 2017-06-18 leads with NT$119"],
            vec!["篩選：見各圖標題下方", "；只計甲店", "；只計shop <> 'b'", "A、2017-06-18居首，"],
        ),
    ] {
        let project = shop(&borrowed(&rows), &tiles).await;
        let files = made(&project, everything()).await.unwrap();
        for (end, expected) in [("-en.pdf", en), ("-zh-TW.pdf", zh)] {
            let Some(found) = printed(&files, end) else { return };
            assert!(expected.iter().all(|words| found.contains(words)), "{expected:?} are not all in {found}");
        }
        let days = text(&files).contains("chart.2017-06-12,112.50,105.50,");
        assert_eq!(days, tiles.len() > 1, "only one of both shops counts where it is said so");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_shops_are_ten_and_the_others() {
    let names: Vec<String> = (0..10_000).map(|shop| format!("shop {shop}")).collect();
    let mut rows: Vec<(&str, &str, &str, &str)> =
        names.iter().map(|name| ("2017-06-07", name.as_str(), "2.00", "1")).collect();
    rows.extend([("2017-06-05", "first", "9.00", "1"), ("2017-06-11", "last", "1.00", "1")]);
    let project = shop(&rows, &[TABLE]).await;
    let files = made(&project, everything()).await.unwrap();
    let figures = text(&files);
    assert!(figures.contains("table.first.takings,9.00"), "{figures:.2000}");
    assert!(figures.contains("table.others.takings,19983.00") && figures.contains("table.total.takings,20010.00"));
    assert!(figures.contains("members\n10002\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_one_row_and_all_null_are_told() {
    let tiles = [KPIS, DRIVERS, DAYS, WEEKS];
    let project = shop(&[], &tiles).await;
    let error = made(&project, everything()).await.unwrap_err();
    assert!(error.message().contains("cube \"shop\" has no facts"), "{error}");

    let project = shop(&[("2017-06-07", "a", "5.00", "1")], &tiles).await;
    let error = made(&project, everything()).await.unwrap_err();
    assert!(error.message().contains("there is no complete week"), "{error}");

    let nulls: Vec<_> = (5..=11).map(|day| (format!("2017-06-{day:02}"), "a", String::new(), String::new())).collect();
    let project = shop(&borrowed(&nulls), &tiles).await;
    let files = made(&project, everything()).await.unwrap();
    assert!(files.iter().any(|file| file.name == "shop-2017-W23-en.pdf"));

    let project =
        shop(&[("2017-06-05", "a", "5.00", "1"), ("2017-06-11", "a", "7.00", "1")], &[KPIS, DAYS, WEEKS]).await;
    let files = made(&project, everything()).await.unwrap();
    assert_eq!(text(&files).matches(">no records<").count(), 5, "the days between have none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_of_zero_is_no_base() {
    let mut rows = two_weeks("a");
    rows.iter_mut().take(7).for_each(|row| row.2 = "0.00".into());
    let project = shop(&borrowed(&rows), &[KPIS, DAYS, WEEKS]).await;
    let files = made(&project, everything()).await.unwrap();
    let figures = text(&files);
    assert!(figures.contains("kpis.takings.change,,,,%"), "no change from nothing: {figures:.3000}");
    let project = shop(&borrowed(&rows), &[DRIVERS]).await;
    let error = made(&project, everything()).await.unwrap_err();
    assert!(error.message().starts_with("tile 'drivers': a driver or the product"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_and_negative_amounts_fit() {
    let mut rows = two_weeks("a");
    rows.iter_mut().enumerate().for_each(|(at, row)| {
        row.2 = if at % 3 == 0 { "-9999999999.99".into() } else { "9999999999.99".into() };
    });
    let project = shop(&borrowed(&rows), &[KPIS, DAYS, WEEKS, "{height: 10, text: {en: Words., zh-TW: 文字。}}"]).await;
    made(&project, everything()).await.unwrap();
}

/// What is refused before anything is drawn: each with its file, line and column.
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_by_its_place() {
    let rows = two_weeks("a");
    let project = shop(&borrowed(&rows), &[KPIS]).await;
    let faulty = include_str!("reports/faulty.yaml");
    project.write("reports/faulty.yaml", faulty);
    project.write("reports/broken.yaml", "version: 1\nreports: [\n");
    let config = Config::load(project.folder.path(), None).unwrap();
    let reports = Reports::read(&config).unwrap();
    let session = project.mart.session(Principal::local(), Settings::default());
    let (_, model) = session.model().await.unwrap();
    let found: String = reports.faults(&model).iter().map(|fault| format!("{fault}\n")).collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/faulty.err");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap());
    // What is wrong with one report is no other's concern.
    assert!(made(&project, everything()).await.is_ok());
    let error = reports.report("nobody", &model).unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured, "it may stand in a file that is faulty: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_is_not_there_is_refused() {
    let rows = two_weeks("a");
    let project = shop(&borrowed(&rows), &[KPIS]).await;
    let error = made(&project, Order { locales: vec!["zh-CN".into()], ..everything() }).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.message().contains("does not come in zh-CN, but in en, zh-TW"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_do_not_fit_are_refused_by_their_tile() {
    let rows = two_weeks("a");
    let long = format!("{{name: note, span: 4, height: 20, text: '{}'}}", "much too much ".repeat(60));
    let project = shop(&borrowed(&rows), &[KPIS, &long]).await;
    let error = made(&project, everything()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.message().contains("the words of tile 'note' do not fit"), "{error}");
    let title = format!("{{title: '{}', table: {{cube: shop, by: shop, measures: [takings]}}}}", "x".repeat(300));
    let project = shop(&borrowed(&rows), &[&title]).await;
    let error = made(&project, everything()).await.unwrap_err();
    assert!(error.message().starts_with("tile 'table': the line 'xxx"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_say_where_files_are_and_what_is_wrong() {
    let rows = two_weeks("a");
    let project = shop(&borrowed(&rows), &[KPIS, DAYS]).await;
    let folder = project.folder.path();
    let run = |arguments: &[&str]| {
        let output = starmart(folder, arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, _) = run(&["report", "list"]);
    assert!(
        code == 0 && out.contains("shop") && out.contains("en, zh-TW") && out.contains("reports/shop.yaml"),
        "{out}"
    );
    // What is loaded is enough to know the reports by.
    std::fs::rename(folder.join("data"), folder.join("away")).unwrap();
    let (_, out, _) = run(&["report", "list", "--format", "json"]);
    std::fs::rename(folder.join("away"), folder.join("data")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((list[0]["name"].as_str(), list[0]["ok"].as_bool()), (Some("shop"), Some(true)));

    let (code, out, err) = run(&["report", "run", "shop", "--format", "pdf,png,svg,csv", "--locale", "zh-TW"]);
    assert_eq!(code, 0, "{err}");
    let paths: Vec<&str> = out.lines().collect();
    assert!(paths.iter().all(|path| std::path::Path::new(path).is_file()) && paths.len() > 6, "{out}");
    let pdf = paths.iter().find(|path| path.ends_with("shop-2017-W24-zh-TW.pdf")).unwrap();
    let (code, out, _) = run(&["report", "verify", pdf]);
    assert!(code == 0 && out.contains("ok   kpis.csv") && out.contains("of mart version 1"), "{out}");

    for (arguments, code, words) in [
        (&["report", "run", "nobody"][..], 1, "there is no report 'nobody'"),
        (&["report", "run", "shop", "--as-of", "2017-06-01"], 1, "has no facts up to 2017-06-01"),
        (&["report", "run", "shop", "--as-of", "today"], 2, "invalid value 'today'"),
        (&["report", "run", "shop", "--locale", "fr"], 2, "invalid value 'fr'"),
        (&["report", "run", "shop", "--locale", "zh-CN"], 1, "does not come in zh-CN"),
        (&["report", "run", "shop", "--out", "starmart.yaml/x"], 2, "starmart.yaml/x"),
        (&["report", "verify", "nothing.pdf"], 1, "'nothing.pdf' cannot be read"),
        (&["report", "verify", "starmart.yaml"], 1, "no PDF"),
    ] {
        let (found, _, err) = run(arguments);
        assert!(found == code && err.contains(words), "{arguments:?}: {found}, {err}");
    }
    project.write("reports/bad.yaml", "version: 1\nreports: [{name: bad, title: Bad, pages: []}]\n");
    let (code, out, err) = run(&["report", "list"]);
    assert!(code == 1 && out.contains("shop.yaml") && err.contains("reports/bad.yaml:2:"), "{out}{err}");
    assert_eq!(run(&["report", "run", "shop"]).0, 0, "another report's fault is no concern of it");
    let (code, out, _) = run(&["check"]);
    assert!(code == 1 && out.contains("reports/bad.yaml:2:"), "{out}");
    let (code, out, _) = run(&["schema", "reports"]);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(code == 0 && schema["properties"]["reports"].is_object(), "{out}");
}

/// Where the disk has room for one language and not for the other, what was there stays as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_leaves_the_last_pack_whole() {
    let rows = two_weeks("a");
    let project = shop(&borrowed(&rows), &[KPIS, DAYS]).await;
    let folder = project.folder.path();
    let (order, out) = (["report", "run", "shop"], folder.join("out"));
    let packs = || {
        let files = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
        files.sort();
        files
    };
    assert!(starmart(folder, &order).status.success());
    let before = packs();
    let [(_, en), (_, zh)] = before.as_slice() else { panic!("{} files", before.len()) };
    assert!(en.len() + 2048 < zh.len(), "the second needs more room: {}, {}", en.len(), zh.len());
    let blocks = (en.len() + zh.len()) / 2 / 512;
    project.write("reports/shop.yaml", &report(&[KPIS, DAYS]).replace("The shop", "This shop"));
    let output = cramped(folder, &order, blocks);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("shop-2017-W24-zh-TW.pdf' cannot be written") && output.stdout.is_empty(), "{said}");
    assert_eq!(packs(), before);
    assert!(starmart(folder, &order).status.success());
    assert!(packs() != before && packs().len() == 2);
}
