//! How wide a text is, in the very face that draws it.

use rustybuzz::UnicodeBuffer;

use super::{Face, Faces};
use crate::error::{Error, Result};

/// The part of the em above the baseline, by the faces' own box.
pub const ASCENT: f64 = 0.88;
/// The part of the em below the baseline.
pub const DESCENT: f64 = 0.12;

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// As text is read.
    Regular,
    /// As what stands out.
    Bold,
}

/// Measures texts.
pub struct Ruler<'a> {
    family: &'a str,
    regular: rustybuzz::Face<'a>,
    bold: rustybuzz::Face<'a>,
}

impl std::fmt::Debug for Ruler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ruler").field("family", &self.family).finish_non_exhaustive()
    }
}

impl Faces {
    /// Measures texts in these faces.
    ///
    /// # Errors
    /// Misconfigured: a font file is damaged.
    pub fn ruler(&self) -> Result<Ruler<'_>> {
        Ok(Ruler {
            family: &self.family,
            regular: parsed(&self.family, &self.regular)?,
            bold: parsed(&self.family, &self.bold)?,
        })
    }
}

fn parsed<'a>(family: &str, face: &'a Face) -> Result<rustybuzz::Face<'a>> {
    rustybuzz::Face::from_slice(&face.bytes, face.index)
        .ok_or_else(|| Error::misconfigured(format!("the font '{family}' is damaged; install fonts-noto-cjk again")))
}

impl<'a> Ruler<'a> {
    /// The family's name.
    pub fn family(&self) -> &'a str {
        self.family
    }

    /// The width of a line of text, in the unit of its size.
    pub fn width(&self, text: &str, weight: Weight, size: f64) -> f64 {
        let face = self.face(weight);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        let shaped = rustybuzz::shape(face, &[], buffer);
        let units: i64 = shaped.glyph_positions().iter().map(|glyph| i64::from(glyph.x_advance)).sum();
        units as f64 / f64::from(face.units_per_em()) * size
    }

    /// The first character that a face lacks.
    pub fn missing(&self, text: &str) -> Option<char> {
        let has = |c: char| [&self.regular, &self.bold].iter().all(|face| face.glyph_index(c).is_some());
        text.chars().find(|c| !matches!(c, '\n' | '\r' | '\t') && !has(*c))
    }

    /// Refuses a text with a character that a face lacks.
    ///
    /// # Errors
    /// Invalid: names the character, the text and the family.
    pub fn check(&self, text: &str) -> Result<()> {
        let Some(missing) = self.missing(text) else { return Ok(()) };
        Err(Error::invalid(format!(
            "'{missing}' (U+{:04X}) in '{}' has no glyph in the font '{}'; write it without",
            u32::from(missing),
            shortened(text),
            self.family
        )))
    }

    /// The text as it fits into `room`, with an ellipsis where something of it is left out.
    pub fn fitted(&self, text: &str, weight: Weight, size: f64, room: f64) -> String {
        if self.width(text, weight, size) <= room {
            return text.to_owned();
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let cut = |count: usize| {
            let end = ends.get(count).copied().unwrap_or(text.len());
            format!("{}…", text.get(..end).unwrap_or_default().trim_end())
        };
        // Longer texts are never narrower, so the longest that fits is found by halves.
        let fits = |count: &usize| self.width(&cut(*count), weight, size) <= room;
        let (mut low, mut high) = (0, ends.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if fits(&middle) { low = middle } else { high = middle }
        }
        cut(low)
    }

    fn face(&self, weight: Weight) -> &rustybuzz::Face<'a> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::report::face::of_tests;

    #[test]
    fn digits_and_signs_share_one_advance() {
        let faces = of_tests();
        let ruler = faces.ruler().unwrap();
        for weight in [Weight::Regular, Weight::Bold] {
            let zero = ruler.width("0", weight, 10.0);
            for digit in "123456789+\u{2212}".chars() {
                assert!((ruler.width(&digit.to_string(), weight, 10.0) - zero).abs() < 1e-9, "{digit}");
            }
            assert_eq!(ruler.width("營收", weight, 10.0), 20.0, "a Han character is an em wide");
            let kerned = ruler.width("AVAVAV", weight, 100.0);
            let apart = 3.0 * (ruler.width("A", weight, 100.0) + ruler.width("V", weight, 100.0));
            assert!(kerned < apart, "pairs are kerned");
        }
        assert_eq!(ruler.width("", Weight::Regular, 10.0), 0.0);
    }

    #[test]
    fn what_has_no_glyph_is_named() {
        let faces = of_tests();
        let ruler = faces.ruler().unwrap();
        assert_eq!(ruler.missing("Revenue 營收 <&\"'> ±…–"), None);
        assert_eq!(ruler.missing("hot 🌶 stuff"), Some('🌶'));
        let error = ruler.check("hot 🌶 stuff").unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.message().contains("U+1F336") && error.message().contains("Noto Sans CJK TC"), "{error}");
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        let faces = of_tests();
        let ruler = faces.ruler().unwrap();
        let fitted = |text: &str, room| ruler.fitted(text, Weight::Regular, 10.0, room);
        assert_eq!(fitted("short", 100.0), "short");
        let long = "部門".repeat(100);
        let cut = fitted(&long, 100.0);
        assert!(cut.ends_with('…') && ruler.width(&cut, Weight::Regular, 10.0) <= 100.0);
        assert!(ruler.width(&cut, Weight::Regular, 10.0) > 85.0, "as much as fits: {cut}");
        assert_eq!(fitted("anything", 0.0), "…");
    }
}
