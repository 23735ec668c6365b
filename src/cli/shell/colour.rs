//! Colours for what is being typed.

use super::margin::BREAK;
use super::words::{Kind, Piece, pieces};

const KEYWORD: &str = "\x1b[1;34m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const DIM: &str = "\x1b[2m";
const OFF: &str = "\x1b[0m";
/// Keywords that may also be names, so that they are not reserved.
const ALSO: [&str; 41] = [
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DATE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FULL",
    "IN",
    "INNER",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "NOT",
    "NULL",
    "NULLS",
    "ON",
    "OR",
    "OVER",
    "PARTITION",
    "RIGHT",
    "SET",
    "SHOW",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "VALUES",
    "VERSION",
    "WHEN",
];

/// A text in colours; `reserved` are keywords in capitals.
pub(super) fn coloured(text: &str, reserved: &[&str]) -> String {
    if text.trim_start().starts_with('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut from = 0;
    for piece in pieces(text) {
        out.push_str(&text[from..piece.start]);
        match colour(&piece, reserved) {
            Some(colour) => {
                // Margins have no colour.
                let text = piece.text.replace(BREAK, &format!("{OFF}{BREAK}{colour}"));
                out.push_str(&format!("{colour}{text}{OFF}"));
            }
            None => out.push_str(piece.text),
        }
        from = piece.end();
    }
    out + &text[from..]
}

/// A text that is not said yet.
pub(super) fn dim(text: &str) -> String {
    format!("{DIM}{text}{OFF}")
}

/// A text that stands out.
pub(super) fn bold(text: &str) -> String {
    format!("\x1b[1m{text}{OFF}")
}

fn colour(piece: &Piece<'_>, reserved: &[&str]) -> Option<&'static str> {
    match piece.kind {
        Kind::Word => reserved.iter().chain(&ALSO).any(|word| piece.is(word)).then_some(KEYWORD),
        Kind::Text => Some(TEXT),
        Kind::Number => Some(NUMBER),
        Kind::Comment => Some(DIM),
        Kind::Quoted | Kind::Sign => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_coloured() {
        let shown = coloured("select 營收, 'a\n\tb', 1 -- x", &["SELECT"]);
        assert_eq!(
            shown,
            "\x1b[1;34mselect\x1b[0m 營收, \x1b[32m'a\x1b[0m\n\t\x1b[32mb'\x1b[0m, \x1b[36m1\x1b[0m \x1b[2m-- x\x1b[0m"
        );
        assert_eq!(coloured("\\d select", &["SELECT"]), "\\d select");
        assert_eq!(coloured("'open", &[]), "\x1b[32m'open\x1b[0m");
    }
}
