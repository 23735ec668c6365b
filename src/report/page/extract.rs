//! The files that a PDF carries, read back.

use std::borrow::Cow;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, Object, Stream, String as PdfText};

use crate::error::{Error, Result};
use crate::report::record::Carried;

/// The most bytes of a PDF that is read.
const MOST_BYTES: usize = 256 << 20;

/// The files that a PDF carries, by their names (ISO 32000-1, 7.11.3: file specifications with embedded files).
///
/// # Errors
/// Invalid: it is no PDF, or a damaged one, or too large.
pub fn attachments(pdf: &[u8]) -> Result<Vec<Carried>> {
    if pdf.len() > MOST_BYTES {
        return Err(Error::invalid(format!("{} bytes are too many for a pack; the most are {MOST_BYTES}", pdf.len())));
    }
    let pdf = Pdf::new(pdf.to_vec())
        .map_err(|error| Error::invalid(format!("the file is no PDF that can be read: {error:?}")))?;
    let mut found = Vec::new();
    for object in pdf.objects() {
        let Object::Dict(dict) = object else { continue };
        let Some(stream) = dict.get::<Dict<'_>>("EF").and_then(|files| files.get::<Stream<'_>>("F")) else { continue };
        let Some(name) = dict.get::<PdfText<'_>>("UF").or_else(|| dict.get("F")) else { continue };
        let name = text(name.as_bytes());
        let bytes = stream
            .decoded()
            .map(Cow::into_owned)
            .map_err(|_| Error::invalid(format!("the file '{name}' within the PDF is damaged")))?;
        found.push(Carried { name, bytes });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// A text string: UTF-16 behind its mark, else taken as UTF-8, of which names of files here are plain letters.
fn text(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xFE, 0xFF]) {
        Some(wide) => {
            let units: Vec<u16> = wide.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn what_is_no_pdf_is_refused() {
        for bytes in [&b""[..], b"%PDF-1.7\n", b"not a pdf at all", &[0; 100]] {
            match attachments(bytes) {
                Ok(found) => assert!(found.is_empty()),
                Err(error) => assert_eq!(error.kind(), Kind::Invalid),
            }
        }
    }
}
