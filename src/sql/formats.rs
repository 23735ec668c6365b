//! Formats of times as PostgreSQL writes them, `'YYYY-MM-DD HH24:MI'` (PostgreSQL 18, table 9.26), in the % letters that
//! the functions here take.

/// A part of a format, and the % letters that say the same.
type Part = (&'static str, &'static str);

/// What may be written in either case.
const PARTS: [Part; 19] = [
    ("FMHH24", "%-H"),
    ("FMHH12", "%-I"),
    ("FMDD", "%-d"),
    ("FMMM", "%-m"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("IYYY", "%G"),
    ("YYYY", "%Y"),
    ("DDD", "%j"),
    ("DD", "%d"),
    ("HH", "%I"),
    ("ID", "%u"),
    ("IW", "%V"),
    ("MI", "%M"),
    ("MM", "%m"),
    ("MS", "%3f"),
    ("SS", "%S"),
    ("US", "%6f"),
    ("YY", "%y"),
];

/// What means another thing in another case. Names in their whole length are filled up with blanks unless FM says not.
const CASED: [Part; 8] = [
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("Mon", "%b"),
    ("Dy", "%a"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("am", "%P"),
    ("pm", "%P"),
];

/// What begins as something known does.
const UNKNOWN: [&str; 1] = ["SSSS"];

/// A quarter has no form of reading, so it is written alone.
const WRITTEN: Part = ("Q", "%q");

/// A format with % letters for one with PostgreSQL's; none for one that has % letters already, no part at all, or a part
/// that no letter stands for. `writes` is whether times are written by it, and not read.
pub(super) fn percent_letters(format: &str, writes: bool) -> Option<String> {
    if format.contains('%') {
        return None;
    }
    let (mut letters, mut rest, mut parts) = (String::new(), format, 0);
    while let Some(first) = rest.chars().next() {
        if UNKNOWN.iter().any(|part| begins(rest, part)) {
            return None;
        }
        let either = PARTS.iter().find(|(part, _)| begins(rest, part));
        let part = either.or_else(|| CASED.iter().find(|(part, _)| rest.starts_with(part)));
        if let Some((part, letter)) = part.or_else(|| (writes && begins(rest, WRITTEN.0)).then_some(&WRITTEN)) {
            letters.push_str(letter);
            rest = &rest[part.len()..];
            parts += 1;
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"')?;
            letters.push_str(text);
            rest = after;
        } else if first.is_ascii_alphanumeric() || first == '\\' {
            return None;
        } else {
            letters.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    (parts > 0).then_some(letters)
}

fn begins(text: &str, part: &str) -> bool {
    text.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::percent_letters;

    #[test]
    fn parts_become_letters_and_what_has_none_is_left() {
        let letters = |format| percent_letters(format, true);
        for (format, same) in [
            ("YYYY-MM-DD HH24:MI:SS.US", "%Y-%m-%d %H:%M:%S.%6f"),
            ("yyyy/mm", "%Y/%m"),
            ("YYYY年MM月", "%Y年%m月"),
            ("FMDD FMMonth YYYY", "%-d %B %Y"),
            ("IYYY-\"W\"IW", "%G-W%V"),
            ("Q", "%q"),
            ("HH12:MI am", "%I:%M %P"),
        ] {
            assert_eq!(letters(format).as_deref(), Some(same), "{format}");
        }
        for format in ["%Y-%m", "Month", "YYYY-WW", "SSSS", "999,999.00", "", "-", "\"open", "TZ", "MON", "日"] {
            assert_eq!(letters(format), None, "{format}");
        }
        assert_eq!(percent_letters("YYYY-Q", false), None, "a quarter is not read");
    }
}
