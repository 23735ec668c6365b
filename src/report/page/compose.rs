//! One compilation of a pack, and the files that come of it. What Typst keeps between compilations is thrown away after
//! each, so that a server that sets packs for ever does not grow.

use chrono::{Datelike, NaiveDateTime, Timelike};
use tiny_skia::{IntRect, Pixmap};
use typst::comemo;
use typst::diag::{SourceDiagnostic, Warned};
use typst::foundations::{Datetime, Smart};
use typst::utils::Scalar;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use typst_render::RenderOptions;

use super::describe::{POINTS, Pack, Tile};
use super::world::Desk;
use crate::error::{Error, Result};
use crate::report::face::Faces;

/// The template of pages.
const TEMPLATE: &str = include_str!("pack.typ");
/// How many points an inch has.
const INCH: f64 = 72.0;
/// What stands around a tile in a picture of it, in millimetres: less than half of what is between two.
const AROUND: f64 = 2.0;

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

    /// A page, from 0, as pixels.
    ///
    /// # Errors
    /// NotFound: there is no such page.
    pub fn pixels(&self, page: usize, per_inch: f64) -> Result<Pixels> {
        let pages = self.document.pages();
        let page = pages.get(page).ok_or_else(|| Error::not_found(format!("there is no page {}", page + 1)))?;
        let options = RenderOptions { pixel_per_pt: Scalar::new(per_inch / INCH), ..RenderOptions::default() };
        let page = typst_render::render(page, &options);
        comemo::evict(0);
        Ok(Pixels { page, per_millimetre: POINTS * per_inch / INCH })
    }
}

/// A page as pixels.
#[derive(Debug)]
pub struct Pixels {
    page: Pixmap,
    per_millimetre: f64,
}

impl Pixels {
    /// The page as PNG.
    ///
    /// # Errors
    /// Internal: it cannot be written.
    pub fn png(&self) -> Result<Vec<u8>> {
        self.page.encode_png().map_err(unwritten)
    }

    /// A tile of the page as PNG, with a little white around.
    ///
    /// # Errors
    /// As [`Pixels::png`].
    pub fn tile(&self, tile: &Tile) -> Result<Vec<u8>> {
        let pixels = |millimetres: f64| (millimetres * self.per_millimetre).round();
        let (left, top) = (pixels(tile.left - AROUND), pixels(tile.top - AROUND));
        let size = (pixels(tile.width + 2.0 * AROUND), pixels(tile.height + 2.0 * AROUND));
        let area = IntRect::from_xywh(left as i32, top as i32, size.0 as u32, size.1 as u32);
        let cut = area.and_then(|area| self.page.as_ref().clone_rect(area));
        cut.ok_or_else(|| Error::internal("a tile leaves its page"))?.encode_png().map_err(unwritten)
    }
}

fn unwritten(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("a PNG cannot be written: {error}"))
}

fn timestamp(made: NaiveDateTime) -> Option<Timestamp> {
    let date = (u8::try_from(made.month()).ok()?, u8::try_from(made.day()).ok()?);
    let time = (made.hour() as u8, made.minute() as u8, made.second() as u8);
    Datetime::from_ymd_hms(made.year(), date.0, date.1, time.0, time.1, time.2).map(Timestamp::new_utc)
}
