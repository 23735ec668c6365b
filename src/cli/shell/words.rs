//! What stands in a text that is still being typed: words, quotes, numbers, comments and signs, whether they end or not.

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name.
    Word,
    /// A name in double quotes.
    Quoted,
    /// A text in single quotes.
    Text,
    Number,
    Comment,
    /// Any other character.
    Sign,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Where it begins, in bytes.
    pub(super) start: usize,
    /// Whether a quote or comment has its end; anything else does.
    pub(super) closed: bool,
}

impl Piece<'_> {
    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name that it is; words without quotes in small letters, as they are looked up.
    pub(super) fn name(&self) -> String {
        match self.kind {
            Kind::Quoted => {
                let inside = &self.text[1..];
                inside.strip_suffix('"').filter(|_| self.closed).unwrap_or(inside).replace("\"\"", "\"")
            }
            _ => self.text.to_ascii_lowercase(),
        }
    }

    /// Whether it is this word, in small letters, without quotes.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The pieces of a text without the blanks between them.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        if first.is_whitespace() {
            start += first.len_utf8();
            continue;
        }
        let (kind, length, closed) = piece(rest, first);
        found.push(Piece { kind, text: &rest[..length], start, closed });
        start += length;
    }
    found
}

/// What `rest` begins with, how long that is, and whether it is closed.
fn piece(rest: &str, first: char) -> (Kind, usize, bool) {
    let until = |ends: fn(char) -> bool| rest.find(ends).unwrap_or(rest.len());
    if rest.starts_with("--") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return (Kind::Comment, length, length < rest.len());
    }
    if let Some(inside) = rest.strip_prefix("/*") {
        let end = inside.find("*/").map(|end| end + 4);
        return (Kind::Comment, end.unwrap_or(rest.len()), end.is_some());
    }
    if matches!(first, '\'' | '"') {
        let end = quote_end(rest, first);
        let kind = if first == '"' { Kind::Quoted } else { Kind::Text };
        return (kind, end.unwrap_or(rest.len()), end.is_some());
    }
    if first.is_ascii_digit() {
        return (Kind::Number, until(|c| !(c.is_ascii_alphanumeric() || c == '.')), true);
    }
    if first.is_alphabetic() || first == '_' {
        return (Kind::Word, until(|c| !(c.is_alphanumeric() || c == '_' || c == '$')), true);
    }
    (Kind::Sign, first.len_utf8(), true)
}

/// Behind the quote that ends what `rest` begins with; one that is doubled does not.
fn quote_end(rest: &str, quote: char) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + rest[from..].find(quote)?;
        if !rest[at + 1..].starts_with(quote) {
            return Some(at + 1);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(Kind, &str, bool)> {
        pieces(text).into_iter().map(|piece| (piece.kind, piece.text, piece.closed)).collect()
    }

    #[test]
    fn a_text_falls_into_pieces() {
        assert_eq!(
            shown("SELECT 營收, \"a\"\"b\" , 'it''s', 1.5e3>=$1 -- 部門\n/* x */"),
            [
                (Kind::Word, "SELECT", true),
                (Kind::Word, "營收", true),
                (Kind::Sign, ",", true),
                (Kind::Quoted, "\"a\"\"b\"", true),
                (Kind::Sign, ",", true),
                (Kind::Text, "'it''s'", true),
                (Kind::Sign, ",", true),
                (Kind::Number, "1.5e3", true),
                (Kind::Sign, ">", true),
                (Kind::Sign, "=", true),
                (Kind::Sign, "$", true),
                (Kind::Number, "1", true),
                (Kind::Comment, "-- 部門", true),
                (Kind::Comment, "/* x */", true),
            ]
        );
    }

    #[test]
    fn what_has_no_end_yet_is_open() {
        for (text, kind) in [
            ("'部門", Kind::Text),
            ("'it''", Kind::Text),
            ("\"a b", Kind::Quoted),
            ("-- x", Kind::Comment),
            ("/* x *", Kind::Comment),
            ("/*/", Kind::Comment),
        ] {
            assert_eq!(shown(text), [(kind, text, false)], "{text}");
        }
    }

    #[test]
    fn names_are_as_they_are_looked_up() {
        let name = |text| pieces(text)[0].name();
        assert_eq!(name("Revenue"), "revenue");
        assert_eq!(name("\"Re\"\"v\""), "Re\"v");
        assert_eq!(name("\"Rev"), "Rev");
        assert_eq!(name("\""), "");
    }
}
