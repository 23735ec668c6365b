//! One compilation of a pack, and the files that come of it. What Typst keeps between compilations is thrown away after
//! each, so that a server that sets packs for ever does not grow.

use chrono::{Datelike, NaiveDateTime, Timelike};
use typst::comemo;
use typst::diag::{SourceDiagnostic, Warned};
use typst::foundations::{Datetime, Smart};
use typst::utils::Scalar;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use typst_render::RenderOptions;

use super::describe::{Pack, Picture};
use super::world::Desk;
use crate::error::{Error, Result};
use crate::report::face::Faces;

/// The template of pages.
const TEMPLATE: &str = include_str!("pack.typ");
/// The template of one picture on a page of its own size.
const ALONE: &str = "#let of = json(\"pages.json\")\n\
                     #set page(width: of.width * 1mm, height: of.height * 1mm, margin: 0mm)\n\
                     #image(of.file, width: of.width * 1mm, height: of.height * 1mm)\n";
/// How many points an inch has.
const INCH: f64 = 72.0;

/// A pack whose pages are set.
pub struct Composed {
    document: PagedDocument,
    made: NaiveDateTime,
    ident: String,
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composed").field("ident", &self.ident).finish_non_exhaustive()
    }
}

/// Sets the pages of a pack.
///
/// # Errors
/// Invalid: a text does not fit into its place. Internal: the template is at fault.
pub fn compose(pack: &Pack, faces: &Faces) -> Result<Composed> {
    let data = serde_json::to_vec(pack)
        .map_err(|error| Error::internal("a pack cannot be handed to its template").with_source(error))?;
    let pictures = pack.pictures().map(|picture| (picture.file.clone(), picture.svg.clone().into_bytes()));
    let attached = pack.files.iter().map(|file| (file.name.clone(), file.bytes.clone()));
    let files = std::iter::once(("pages.json".to_owned(), data)).chain(pictures);
    let document = compiled(&Desk::new(TEMPLATE, files.chain(attached).collect(), faces)?)?;
    Ok(Composed { document, made: pack.made, ident: pack.ident.clone() })
}

/// A picture alone, as PNG.
///
/// # Errors
/// As [`compose`].
pub fn picture_png(picture: &Picture, faces: &Faces, per_inch: f64) -> Result<Vec<u8>> {
    let data = serde_json::json!({"file": picture.file, "width": picture.width, "height": picture.height});
    let files = vec![
        ("pages.json".to_owned(), data.to_string().into_bytes()),
        (picture.file.clone(), picture.svg.clone().into_bytes()),
    ];
    let document = compiled(&Desk::new(ALONE, files, faces)?)?;
    rendered(&document, 0, per_inch)
}

fn compiled(desk: &Desk) -> Result<PagedDocument> {
    let Warned { output, warnings } = typst::compile::<PagedDocument>(desk);
    comemo::evict(0);
    if let Some(warning) = warnings.first() {
        return Err(refusal(warning));
    }
    output.map_err(|errors| match errors.first() {
        Some(error) => refusal(error),
        None => Error::internal("the pages cannot be set"),
    })
}

/// What Typst says as an error of ours: the template itself refuses what does not fit.
fn refusal(said: &SourceDiagnostic) -> Error {
    match said.message.split_once("too long: ") {
        Some((_, name)) => Error::invalid(format!(
            "the words of tile '{}' do not fit into it; give it more height, or fewer words",
            name.trim_end_matches('"')
        )),
        None => Error::internal(format!("the pages cannot be set: {}", said.message)),
    }
}

impl Composed {
    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.document.pages().len()
    }

    /// The pages as PDF/A-3a and PDF/UA-1: tagged, with alternative texts, the faces' used glyphs and the files within. The
    /// same pack gives the same bytes.
    ///
    /// # Errors
    /// Invalid: a character has no glyph. Internal: the pages break a rule of these standards.
    pub fn pdf(&self) -> Result<Vec<u8>> {
        let standards = PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
            .map_err(|error| Error::internal(format!("the PDF's standards contradict: {}", error.message())))?;
        let options = PdfOptions {
            ident: Smart::Custom(self.ident.clone()),
            creator: Smart::Custom(Some("Starmart".to_owned())),
            timestamp: timestamp(self.made),
            standards,
            ..PdfOptions::default()
        };
        let written = typst_pdf::pdf(&self.document, &options);
        comemo::evict(0);
        written.map_err(|errors| {
            let said: Vec<String> = errors.iter().map(|error| error.message.to_string()).collect();
            let message = format!("the PDF cannot be written: {}", said.join("; "));
            if message.contains("could not be displayed") { Error::invalid(message) } else { Error::internal(message) }
        })
    }

    /// A page, from 0, as PNG.
    ///
    /// # Errors
    /// NotFound: there is no such page. Internal: it cannot be written.
    pub fn png(&self, page: usize, per_inch: f64) -> Result<Vec<u8>> {
        rendered(&self.document, page, per_inch)
    }
}

fn rendered(document: &PagedDocument, page: usize, per_inch: f64) -> Result<Vec<u8>> {
    let page = document.pages().get(page).ok_or_else(|| Error::not_found(format!("there is no page {}", page + 1)))?;
    let options = RenderOptions { pixel_per_pt: Scalar::new(per_inch / INCH), ..RenderOptions::default() };
    let pixels = typst_render::render(page, &options);
    comemo::evict(0);
    pixels.encode_png().map_err(|error| Error::internal(format!("a PNG cannot be written: {error}")))
}

fn timestamp(made: NaiveDateTime) -> Option<Timestamp> {
    let date = (u8::try_from(made.month()).ok()?, u8::try_from(made.day()).ok()?);
    let time = (made.hour() as u8, made.minute() as u8, made.second() as u8);
    Datetime::from_ymd_hms(made.year(), date.0, date.1, time.0, time.1, time.2).map(Timestamp::new_utc)
}
