//! Where in a statement an error lies: the line of it, and a caret beneath the place.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::{Kind, pieces};
use crate::error::Error;
use crate::sql::SyntaxFault;

/// The line of a statement that an error tells of, with a caret beneath the place; none if it tells of none.
pub(super) fn pointed(error: &Error, sql: &str) -> Option<String> {
    let (line, column) = match SyntaxFault::of(error) {
        Some(fault) => place_of(sql, fault.offset),
        None => said(error.message()).or_else(|| unknown(error.message(), sql))?,
    };
    let text = sql.lines().nth(line.checked_sub(1)?)?;
    let before: Vec<char> = text.chars().take(column.checked_sub(1)?).collect();
    if before.len() + 1 < column {
        return None;
    }
    let margin = format!("{line} │ ");
    // A tab is as wide as the terminal makes it, here and in the line above.
    let space: String = before.into_iter().map(blank).collect();
    Some(format!("{margin}{text}\n{}{space}^", " ".repeat(margin.width())))
}

/// What is as wide as a character and shows nothing.
fn blank(character: char) -> String {
    match character {
        '\t' => "\t".to_owned(),
        other => " ".repeat(other.width().unwrap_or_default()),
    }
}

/// The line and column, from 1, of the character before which stand `offset` others.
fn place_of(sql: &str, offset: usize) -> (usize, usize) {
    sql.chars()
        .take(offset)
        .fold((1, 1), |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) })
}

/// The line and column that a message ends with.
fn said(message: &str) -> Option<(usize, usize)> {
    let (_, place) = message.rsplit_once("line ")?;
    let (line, column) = place.split_once(", column ")?;
    let digits = column.find(|c: char| !c.is_ascii_digit()).unwrap_or(column.len());
    Some((line.parse().ok()?, column[..digits].parse().ok()?))
}

/// The line and column of the name that a message says is unknown, where the statement has it once.
fn unknown(message: &str, sql: &str) -> Option<(usize, usize)> {
    let said = message.split(';').next()?;
    if !said.starts_with("unknown ") && !said.contains(" has no ") {
        return None;
    }
    let name = said.rsplit('\'').nth(1)?.rsplit('.').next()?;
    let pieces = pieces(sql);
    let is_name = |kind| matches!(kind, Kind::Word | Kind::Quoted);
    let mut found = pieces.iter().filter(|piece| is_name(piece.kind) && piece.name() == name);
    match (found.next(), found.next()) {
        (Some(piece), None) => Some(place_of(sql, sql[..piece.start].chars().count())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shown(message: &str, sql: &str) -> String {
        pointed(&Error::invalid(message), sql).unwrap_or_default()
    }

    #[test]
    fn the_caret_stands_beneath_the_place() {
        assert_eq!(shown("wrong, at line 1, column 8", "SELECT !"), "1 │ SELECT !\n           ^");
        assert_eq!(shown("wrong, at line 2, column 4", "SELECT 1\n部門 !"), "2 │ 部門 !\n         ^");
        assert_eq!(shown("ends, at line 1, column 9; so", "SELECT 1"), "1 │ SELECT 1\n            ^");
        assert_eq!(shown("wrong, at line 1, column 2", "\t!"), "1 │ \t!\n    \t^");
    }

    #[test]
    fn a_name_that_is_unknown_is_pointed_out() {
        let unknown = "the cube 'sales' has no dimension or measure 'revenu'; did you mean 'revenue'?";
        assert_eq!(shown(unknown, "SELECT Revenu\nFROM sales"), "1 │ SELECT Revenu\n           ^");
        assert_eq!(
            shown("unknown table 'mart.門'; there is 'x'", "SELECT 1\nFROM mart.\"門\""),
            "2 │ FROM mart.\"門\"\n              ^"
        );
        // Which of the two it is, the message does not say; a text or a comment is no name.
        assert_eq!(shown(unknown, "SELECT revenu AS revenu FROM sales"), "");
        assert_eq!(shown(unknown, "SELECT 'revenu' FROM sales -- revenu"), "");
        assert_eq!(shown("the measure 'revenue' cannot be grouped by", "SELECT revenue FROM sales"), "");
    }

    #[test]
    fn what_names_no_place_has_no_caret() {
        for message in
            ["unknown column 'x'", "line 1", "at line 9, column 1", "at line 1, column 99", "line 0, column 0"]
        {
            assert_eq!(shown(message, "SELECT 1"), "", "{message}");
        }
    }

    #[test]
    fn a_fault_of_the_parser_tells_its_place() {
        let sql = "SELECT '門' AS x,\n  '部門' FROM sales )";
        let error = crate::sql::parse_statements(sql).unwrap_err();
        assert_eq!(pointed(&error, sql).unwrap(), format!("2 │   '部門' FROM sales )\n{}^", " ".repeat(24)));
    }
}
