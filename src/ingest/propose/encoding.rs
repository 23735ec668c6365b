//! What a CSV file that is not UTF-8 looks like: loads take UTF-8 alone, and whoever must convert a file must know from
//! what.

use std::io::Read;

use crate::error::Error;
use crate::ingest::sources::SourceFile;
use crate::model::FileFormat;

/// How much of a file is looked at.
const LOOKED_AT_BYTES: u64 = 1 << 20;

/// The same error, and what the file most likely is instead of UTF-8, if that is what is wrong with it.
pub(super) fn explained(error: Error, file: &SourceFile, format: FileFormat) -> Error {
    if format != FileFormat::Csv {
        return error;
    }
    let Some(encoding) = read(file).and_then(|bytes| guess(&bytes)) else { return error };
    let way_out = format!("iconv -f {encoding} -t UTF-8 '{0}' > utf8.csv", file.shown);
    Error::new(error.kind(), format!("{error}; it looks like {encoding}: {way_out}")).with_source(error)
}

fn read(file: &SourceFile) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.open().ok()?.take(LOOKED_AT_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The encoding of bytes that are no UTF-8, as iconv calls it.
fn guess(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some("UTF-16");
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => return None,
        // A character that the end of the look cuts off.
        Err(error) if error.error_len().is_none() => return None,
        Err(_) => {}
    }
    let (mut pairs, mut big5, mut gb, mut stray) = (0, 0, 0, 0);
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (0..0x80, _) => at += 1,
            (lead, Some(&trail)) if (0x81..=0xfe).contains(&lead) && trail >= 0x40 && trail != 0x7f => {
                pairs += 1;
                // The characters in common use: of Big5 rows A4 to C6, of GB rows B0 to D7, whose trails are high.
                big5 += u32::from((0xa1..=0xc6).contains(&lead) && !(0x80..=0xa0).contains(&trail));
                gb += u32::from((0xb0..=0xd7).contains(&lead) && trail >= 0xa1);
                at += 2;
            }
            _ => {
                stray += 1;
                at += 1;
            }
        }
    }
    if pairs == 0 || stray * 4 > pairs || big5.max(gb) * 4 < pairs * 3 {
        return Some("WINDOWS-1252");
    }
    Some(if gb >= big5 { "GB18030" } else { "BIG5" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        for (bytes, encoding) in [
            // 商品編號,門市,金額 and 商品编号,门店,金额.
            (&b"\xb0\xd3\xab\x7e\xbd\x73\xb8\xb9,\xaa\xf9\xa5\xab,\xaa\xf7\xc3B\n"[..], Some("BIG5")),
            (b"\xc9\xcc\xc6\xb7\xb1\xe0\xba\xc5,\xc3\xc5\xb5\xea,\xbd\xf0\xb6\xee\n", Some("GB18030")),
            (b"\xff\xfea\0,\0b\0", Some("UTF-16")),
            (b"name,city\nJos\xe9,Z\xfcrich\n", Some("WINDOWS-1252")),
            ("商品,門市\n".as_bytes(), None),
            (b"a,b\n", None),
        ] {
            assert_eq!(guess(bytes), encoding, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
