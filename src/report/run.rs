//! One run of a report: its data once, then its pages in each language, as the files that were ordered.

use std::sync::Arc;

use chrono::NaiveDate;

use super::data::Data;
use super::face::{Faces, Ruler};
use super::locale::{Locale, counted};
use super::page::{self, Attachment, Pack, compose};
use super::record::{Carried, Circumstances, FIGURES, RECORD, Record, answers};
use super::reports::{self, Reports};
use super::resolve::Report;
use super::tile::{Easel, pages};
use crate::clock;
use crate::error::{Error, Result};
use crate::mart::Mart;
use crate::model::{Model, Text};
use crate::query::{Principal, Settings};

/// What is ordered.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The last day whose facts count; what the report says without it.
    pub as_of: Option<NaiveDate>,
    /// The languages; all of the report's without any.
    pub locales: Vec<String>,
    /// All pages in a PDF for each language.
    pub pdf: bool,
    /// A PNG of each page and tile.
    pub png: bool,
    /// An SVG of each chart.
    pub svg: bool,
    /// A CSV file of each tile's answers, and of all figures.
    pub csv: bool,
}

/// The resolution of pages and tiles as PNG, in dots per inch.
const PER_INCH: f64 = 200.0;

/// Runs a report, and gives its files.
///
/// # Errors
/// NotFound: no such report, or nothing is loaded. Misconfigured: it is faulty, has not the language, or its fonts are not
/// installed. Invalid: there is no complete week, or a text does not fit or has no glyph. Otherwise as its queries.
pub async fn run(
    mart: &Arc<Mart>,
    principal: Principal,
    reports: &Reports,
    name: &str,
    order: &Order,
) -> Result<Vec<Carried>> {
    let (version, model) = mart.session(principal.clone(), Settings::default()).model().await?;
    let report = reports.report(name, &model)?;
    let locales = ordered(&report, &order.locales)?;
    // What cannot be set is told before anything is asked.
    let mut set: Vec<(Locale, Faces)> = Vec::new();
    for locale in &locales {
        // Faces are large, and languages of one region share theirs.
        let shared =
            set.iter().find(|(_, faces)| faces.family == Faces::family_of(locale)).map(|(_, faces)| faces.clone());
        let faces = shared.map_or_else(|| Faces::find(locale), Ok)?;
        set.push((Locale::of(locale)?, faces));
    }
    let timezone = model.defaults.timezone.name().to_owned();
    let settings = Settings { mart_version: Some(version), timezone: Some(timezone.clone()) };
    let session = mart.session(principal.clone(), settings);
    let today = clock::now().with_timezone(&model.defaults.timezone).date_naive();
    let data = reports::data(&session, &report, order.as_of, today).await?;
    let circumstances = Circumstances { principal, mart_version: version, model_hash: model.hash.clone(), timezone };
    // Setting pages takes a processor and never waits, so it has a thread of its own.
    let (order, report) = (order.clone(), report);
    let made = tokio::task::spawn_blocking(move || files(&report, &data, &model, &circumstances, &set, &order));
    made.await.map_err(|error| Error::internal("the pages were not finished").with_source(error))?
}

fn ordered(report: &Report, locales: &[String]) -> Result<Vec<String>> {
    if locales.is_empty() {
        return Ok(report.locales.clone());
    }
    match locales.iter().find(|locale| !report.locales.contains(locale)) {
        None => Ok(locales.to_vec()),
        Some(locale) => Err(Error::not_found(format!(
            "report '{}' does not come in {locale}, but in {}; add it to its 'locales'",
            report.name,
            report.locales.join(", ")
        ))),
    }
}

fn files(
    report: &Report,
    data: &Data,
    model: &Model,
    circumstances: &Circumstances,
    set: &[(Locale, Faces)],
    order: &Order,
) -> Result<Vec<Carried>> {
    let (number, year) = data.frame.week.number();
    let stem = format!("{}-{year}-W{number:02}", report.name);
    let answers = answers(report, data)?;
    let mut files = Vec::new();
    for (locale, faces) in set {
        let named = |rest: &str| format!("{stem}-{}{rest}", locale.name);
        let pack = pack(report, data, model, circumstances, locale, &faces.ruler()?, &faces.family, &answers)?;
        let mut add = |rest: &str, bytes: Vec<u8>| files.push(Carried { name: named(rest), bytes });
        if order.pdf || order.png {
            let composed = compose(&pack, faces)?;
            if order.pdf {
                add(".pdf", composed.pdf()?);
            }
            for (at, page) in pack.pages.iter().enumerate().filter(|_| order.png) {
                let pixels = composed.pixels(at, PER_INCH)?;
                add(&format!("-{}.png", page.number), pixels.png()?);
                for tile in page.tiles.iter().filter(|tile| !matches!(tile.body, page::Body::Text { .. })) {
                    add(&format!("-{}.png", tile.name), pixels.tile(tile)?);
                }
            }
        }
        for picture in pack.pictures().filter(|picture| order.svg && picture.alt.is_some()) {
            let svg = picture.alone.as_ref().unwrap_or(&picture.svg);
            add(&format!("-{}", picture.file), svg.clone().into_bytes());
        }
    }
    if order.csv {
        files.extend(answers.into_iter().map(|file| Carried { name: format!("{stem}-{}", file.name), ..file }));
    }
    Ok(files)
}

/// The pages of a report in a language, without what a file adds: what is said and drawn.
///
/// # Errors
/// As [`run`], of its words, fonts and drawings.
pub fn pages_in(report: &Report, data: &Data, locale: &Locale, faces: &Faces) -> Result<Vec<page::Page>> {
    pages(report, data, &easel(report, data, locale, &faces.ruler()?))
}

fn easel<'a>(report: &'a Report, data: &'a Data, locale: &'a Locale, ruler: &'a Ruler<'a>) -> Easel<'a> {
    let said = |which: fn(&(Text, Text)) -> &Text, key: &str| {
        let own = report.no_facts.as_ref().and_then(|words| which(words).get(locale.name));
        own.map_or_else(|| locale.text(key, &[]), str::to_owned)
    };
    let nothing = (said(|words| &words.0, "gap.says"), said(|words| &words.1, "gap.short"));
    Easel { locale, ruler, frame: &data.frame, zone: &report.timezone, nothing }
}

#[expect(clippy::too_many_arguments, reason = "they are the parts of one document, and meet only here")]
fn pack(
    report: &Report,
    data: &Data,
    model: &Model,
    circumstances: &Circumstances,
    locale: &Locale,
    ruler: &Ruler<'_>,
    family: &str,
    answers: &[Carried],
) -> Result<Pack> {
    let easel = easel(report, data, locale, ruler);
    let record = Record::new(report, data, circumstances, locale.name).file()?;
    let files = std::iter::once(&record).chain(answers).map(|file| attachment(locale, file)).collect();
    let title = report.title.get(locale.name).unwrap_or_default().to_owned();
    let footer = footer(report, data, model, circumstances, locale);
    for text in footer.iter().chain([&title]) {
        ruler.check(text)?;
    }
    let (number, year) = data.frame.week.number();
    Ok(Pack {
        // Readers that list files, and those that read aloud, are told what the foot of each page says.
        description: format!("{title}, {}; {}", locale.days_of(data.frame.week), footer.join("; ")),
        title,
        locale: locale.name.to_owned(),
        family: family.to_owned(),
        author: "Starmart".to_owned(),
        week: locale.week(data.frame.week),
        period: locale.days_of(data.frame.week),
        pages: pages(report, data, &easel)?,
        footer,
        files,
        made: data.frame.last_fact,
        ident: format!("{}/{year}-W{number:02}/{}/{}", report.name, locale.name, circumstances.mart_version),
    })
}

fn attachment(locale: &Locale, file: &Carried) -> Attachment {
    let (key, mime, relationship) = match file.name.as_str() {
        RECORD => ("file.record", "application/json", "supplement"),
        FIGURES => ("file.figures", "text/csv", "data"),
        _ => ("file.answer", "text/csv", "data"),
    };
    Attachment {
        name: file.name.clone(),
        mime,
        description: locale.text(key, &[]),
        relationship,
        bytes: file.bytes.clone(),
    }
}

/// Whether any tile leaves facts out, which it says itself; unknown where one asks in SQL and its author does not say.
fn filters(report: &Report, locale: &Locale) -> Option<String> {
    let tiles = || report.pages.iter().flat_map(|page| &page.tiles);
    if tiles().any(|tile| tile.body.filter().is_some()) {
        return Some(locale.text("footer.filters_some", &[]));
    }
    (!tiles().any(|tile| tile.body.asks_sql() && !tile.is_whole)).then(|| locale.text("footer.filters_none", &[]))
}

/// What stands at the foot of each page: up to when, of which version, of which facts.
fn footer(report: &Report, data: &Data, model: &Model, circumstances: &Circumstances, locale: &Locale) -> Vec<String> {
    let frame = &data.frame;
    let mut items = vec![
        locale.data_to(frame.last_fact, &circumstances.timezone),
        locale.text("footer.mart_version", &[("version", &circumstances.mart_version.to_string())]),
    ];
    items.extend(filters(report, locale));
    if let (Some((_, says)), Some(count)) = (&report.counts, frame.counted) {
        items.push(counted(says.get(locale.name).unwrap_or_default(), &locale.fixed(count, 0, None, false)));
    }
    if let Some(code) = &model.defaults.currency {
        items.push(locale.text("footer.currency", &[("currency", &locale.currency(code).name)]));
    }
    match (frame.previous(), frame.four()) {
        (None, _) => items.push(locale.text("note.no_previous", &[])),
        (Some(_), None) => items.push(locale.text("note.no_four", &[])),
        (Some(_), Some(_)) => {}
    }
    items
}
