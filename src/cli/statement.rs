//! The statements of a text.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::error::{Error, Result};
use crate::sql::StarmartDialect;

/// One statement of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) verb: Verb,
}

/// What a statement begins with, as far as it matters to what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// There is no result.
    Set,
    /// The result is a text of many lines.
    Explain,
    Other,
}

impl Statement {
    /// None where there are only blanks and comments.
    fn of(text: &str) -> Option<Self> {
        let tokens = Tokenizer::new(&StarmartDialect::default(), text).tokenize().ok()?;
        let first = tokens.iter().find(|token| !matches!(token, Token::Whitespace(_)))?;
        let verb = match first.to_string().to_uppercase().as_str() {
            "SET" => Verb::Set,
            "EXPLAIN" => Verb::Explain,
            _ => Verb::Other,
        };
        Some(Self { text: text.trim().to_owned(), verb })
    }
}

/// The statements of a text, cut at the semicolons that stand outside of quotes and comments.
///
/// # Errors
/// Invalid: a quote or a comment has no end.
pub(super) fn split(text: &str) -> Result<Vec<Statement>> {
    let tokens = Tokenizer::new(&StarmartDialect::default(), text)
        .tokenize_with_location()
        .map_err(|error| Error::invalid(format!("the SQL does not parse: {error}")).with_source(error))?;
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut statements = Vec::new();
    let mut from = 0;
    for token in tokens.iter().filter(|token| token.token == Token::SemiColon) {
        let line = usize::try_from(token.span.start.line).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(token.span.start.column).unwrap_or(1).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or_default();
        let offset: usize = text[start..].chars().take(column).map(char::len_utf8).sum();
        statements.extend(Statement::of(&text[from..start + offset]));
        from = start + offset + 1;
    }
    statements.extend(Statement::of(&text[from..]));
    Ok(statements)
}

/// Whether a text that is being typed ends: with a semicolon outside of quotes and comments, or where a semicolon would
/// not help.
pub(super) fn is_whole(text: &str) -> bool {
    match Tokenizer::new(&StarmartDialect::default(), text).tokenize() {
        Ok(tokens) => {
            let last = tokens.iter().rev().find(|token| !matches!(token, Token::Whitespace(_)));
            last.is_none_or(|token| *token == Token::SemiColon)
        }
        // What is open may be closed yet.
        Err(error) => {
            !error.message.contains("EOF")
                && !error.message.starts_with("Unterminated")
                && text.trim_end().ends_with(';')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_outside_of_quotes() {
        let text = "SELECT 'a;b'; -- not; here\nSELECT '部門' AS \"x;y\";\n;  ";
        let texts: Vec<String> = split(text).unwrap().into_iter().map(|statement| statement.text).collect();
        assert_eq!(texts, ["SELECT 'a;b'", "-- not; here\nSELECT '部門' AS \"x;y\""]);
        assert!(split("  -- nothing").unwrap().is_empty());
        assert!(split("SELECT 'open").is_err());
    }

    #[test]
    fn verbs_are_told_apart() {
        let verbs = |text| split(text).unwrap().into_iter().map(|statement| statement.verb).collect::<Vec<_>>();
        assert_eq!(
            verbs("set timezone = 'UTC'; /* why */ Explain SELECT 1; SELECT 1"),
            [Verb::Set, Verb::Explain, Verb::Other]
        );
    }

    #[test]
    fn a_semicolon_ends_outside_of_quotes_and_comments() {
        for whole in ["", "  \n", "-- a comment", "SELECT 1;", "SELECT ';' ; -- yes\n", "SELECT '部門';", ";"] {
            assert!(is_whole(whole), "{whole}");
        }
        for open in ["SELECT 1", "SELECT ';", "SELECT \"a;", "SELECT 1 -- ;", "SELECT 1 /* ;", "SELECT 1; SELECT 2"] {
            assert!(!is_whole(open), "{open}");
        }
    }
}
