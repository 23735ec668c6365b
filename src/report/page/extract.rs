//! The files that a PDF carries, read back.

use std::io::Read;

use flate2::read::ZlibDecoder;
use hayro_syntax::object::{Dict, Object, Stream, String as PdfText};
use hayro_syntax::{Filter, Pdf};

use crate::error::{Error, Result};
use crate::report::record::Carried;

/// The most bytes of a PDF that is read, and of all files within it together.
const MOST_BYTES: usize = 64 << 20;

/// The files that a PDF carries, by their names (ISO 32000-1, 7.11.3: file specifications with embedded files).
///
/// # Errors
/// Invalid: it is no PDF, or a damaged one, or it or what it carries is too large.
pub fn attachments(pdf: &[u8]) -> Result<Vec<Carried>> {
    if pdf.len() > MOST_BYTES {
        return Err(Error::invalid(format!("{} bytes are too many for a pack; the most are {MOST_BYTES}", pdf.len())));
    }
    let pdf = Pdf::new(pdf.to_vec())
        .map_err(|error| Error::invalid(format!("the file is no PDF that can be read: {error:?}")))?;
    let mut found: Vec<Carried> = Vec::new();
    let mut room = MOST_BYTES;
    for object in pdf.objects() {
        let Object::Dict(dict) = object else { continue };
        let Some(stream) = dict.get::<Dict<'_>>("EF").and_then(|files| files.get::<Stream<'_>>("F")) else { continue };
        let Some(name) = dict.get::<PdfText<'_>>("UF").or_else(|| dict.get("F")) else { continue };
        let name = text(name.as_bytes());
        let bytes = content(&stream, &name, room)?;
        room -= bytes.len();
        found.push(Carried { name, bytes });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// What a stream holds, if it has room: a few bytes may unpack to any number.
fn content(stream: &Stream<'_>, name: &str, room: usize) -> Result<Vec<u8>> {
    let damaged = || Error::invalid(format!("the file '{name}' within the PDF is damaged"));
    let raw = stream.raw_data();
    let mut bytes = Vec::new();
    let read = match stream.filters().as_slice() {
        [] => raw.as_ref().take(room as u64 + 1).read_to_end(&mut bytes),
        [Filter::FlateDecode] => ZlibDecoder::new(raw.as_ref()).take(room as u64 + 1).read_to_end(&mut bytes),
        _ => return Err(Error::invalid(format!("the file '{name}' within the PDF is packed as no pack's file is"))),
    };
    read.map_err(|error| damaged().with_source(error))?;
    if bytes.len() > room {
        return Err(Error::invalid(format!("the files within the PDF come to more than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
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

    /// A PDF that carries these streams as files, each with the filter of its dictionary.
    fn carrying(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut pdf = b"%PDF-1.7\n".to_vec();
        let mut places = Vec::new();
        let mut object = |pdf: &mut Vec<u8>, body: &[u8]| {
            places.push(pdf.len());
            pdf.extend(format!("{} 0 obj\n", places.len()).bytes().chain(body.iter().copied()));
            pdf.extend(b"\nendobj\n");
        };
        object(&mut pdf, b"<</Type/Catalog/Pages 2 0 R>>");
        object(&mut pdf, b"<</Type/Pages/Kids[]/Count 0>>");
        for (at, (filter, bytes)) in streams.iter().enumerate() {
            let file = format!("<</Type/Filespec/F(f{at})/UF(f{at})/EF<</F {} 0 R>>>>", 4 + 2 * at);
            object(&mut pdf, file.as_bytes());
            let head = format!("<</Length {}{filter}>>\nstream\n", bytes.len());
            object(&mut pdf, &[head.as_bytes(), bytes, b"\nendstream"].concat());
        }
        let xref = pdf.len();
        let rows: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
        let count = places.len() + 1;
        let end = format!(
            "xref\n0 {count}\n0000000000 65535 f \n{rows}trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n"
        );
        pdf.extend(end.bytes());
        pdf
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        flate2::read::ZlibEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut packed).unwrap();
        packed
    }

    #[test]
    fn files_are_read_and_what_unpacks_without_end_is_not() {
        let flate = "/Filter/FlateDecode";
        let small = packed(b"a,b\n1,2\n");
        let found = attachments(&carrying(&[("", b"plain"), (flate, &small)])).unwrap();
        let found: Vec<_> = found.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
        assert_eq!(found, [("f0", &b"plain"[..]), ("f1", b"a,b\n1,2\n")]);
        let large = packed(&vec![0; MOST_BYTES / 2 + 1]);
        assert!(large.len() < MOST_BYTES / 100);
        assert!(attachments(&carrying(&[(flate, &large)])).is_ok());
        for (streams, words) in [
            (vec![(flate, large.as_slice()), (flate, &large)], "come to more than"),
            (vec![("/Filter[/FlateDecode/FlateDecode]", &packed(&large))], "packed as no pack's file is"),
            (vec![(flate, b"no zlib at all")], "'f0' within the PDF is damaged"),
        ] {
            let error = attachments(&carrying(&streams)).unwrap_err();
            assert!(error.kind() == Kind::Invalid && error.message().contains(words), "{error}");
        }
    }

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
