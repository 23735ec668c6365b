//! Text to syntax tree, within limits on size and depth.

use std::fmt;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SetExpr, Statement, TableVersion, Value, Visit, VisitMut};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, Result};

use super::{StarmartDialect, bounds, clean, escapes};

/// Longer statements are refused.
const SIZE_LIMIT_BYTES: usize = 1 << 20;
/// Statements of more words and signs are refused: what follows is bounded by their number.
const TOKEN_LIMIT: usize = 50_000;
/// How deep the parser may call itself: more than `bounds::depth` lets through, which tells depth in the user's terms.
const RECURSION_LIMIT: usize = 1_000;
/// How many expressions the parser may begin for each word or sign. It begins one or two where it need not go back.
const STEPS: usize = 10;
/// How many more it may begin, however short the statement.
const STEPS_MORE: usize = 1_000;

/// Why a text does not parse, apart from the place where: the source of the error that says both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxFault {
    /// What was expected and what was found.
    pub message: String,
    /// How many characters of the text come before the place.
    pub offset: usize,
}

impl SyntaxFault {
    /// The fault that `error` tells of, if it tells of a place in the text.
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    fn into_error(self, sql: &str) -> Error {
        let before: Vec<char> = sql.chars().take(self.offset).collect();
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
        Error::invalid(format!("{}, at line {line}, column {column}", self.message)).with_source(self)
    }
}

impl fmt::Display for SyntaxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxFault {}

/// The statements of a text, none for an empty one.
///
/// # Errors
/// Invalid: it does not parse, with the place where; or it is too large or too deep.
pub fn parse_statements(sql: &str) -> Result<Vec<Statement>> {
    parse(sql, |parser| parser.parse_statements())
}

/// One query and nothing else: SELECT, VALUES or WITH.
///
/// # Errors
/// As [`parse_statements`].
pub fn parse_query(sql: &str) -> Result<Query> {
    let query = parse(sql, |parser| {
        let query = parser.parse_query()?;
        end(parser)?;
        Ok(query)
    })?;
    match *query.body {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Err(Error::invalid("a query only reads"))
        }
        _ => Ok(*query),
    }
}

/// One expression and nothing else.
///
/// # Errors
/// As [`parse_statements`].
pub fn parse_expr(sql: &str) -> Result<Expr> {
    parse(sql, |parser| {
        let expr = parser.parse_expr()?;
        end(parser)?;
        Ok(expr)
    })
}

/// A name as it is looked up: its ASCII letters in lower case unless it was quoted, as DataFusion folds.
pub fn fold(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

/// The number of a `VERSION AS OF`.
///
/// # Errors
/// Invalid: anything else than a number, or another way to name a version.
pub fn version_number(version: &TableVersion) -> Result<u64> {
    if let TableVersion::VersionAsOf(Expr::Value(value)) = version
        && let Value::Number(number, _) = &value.value
        && let Ok(number) = number.parse()
    {
        return Ok(number);
    }
    Err(Error::invalid(format!("'{version}' is not supported; VERSION AS OF 3 reads mart version 3")))
}

fn end(parser: &mut Parser<'_>) -> Result<(), ParserError> {
    parser.expect_token(&Token::EOF).map(drop)
}

fn parse<T: Visit + VisitMut>(sql: &str, read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>) -> Result<T> {
    if sql.len() > SIZE_LIMIT_BYTES {
        return Err(Error::invalid(format!("the SQL has {} bytes; the limit is {SIZE_LIMIT_BYTES}", sql.len())));
    }
    let mut tokens = Tokenizer::new(&StarmartDialect::default(), sql)
        .tokenize_with_location()
        .map_err(|error| misparsed(sql, &error.to_string()))?;
    let words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).count();
    if words > TOKEN_LIMIT {
        return Err(Error::invalid(format!("the SQL has {words} words and signs; the limit is {TOKEN_LIMIT}")));
    }
    bounds::depth(&tokens)?;
    number_parameters(&mut tokens)?;
    let dialect = StarmartDialect::within(words * STEPS + STEPS_MORE);
    let mut parser = Parser::new(&dialect).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens);
    let mut parsed = read(&mut parser).map_err(|error| match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) if !dialect.exhausted() => {
            misparsed(sql, &message)
        }
        _ => Error::invalid(
            "the SQL cannot be parsed: it nests too deep to tell where it is wrong; try its parts one by one",
        ),
    })?;
    escapes::spelled_out(&mut parsed);
    bounds::items(&parsed)?;
    bounds::relations(&parsed)?;
    Ok(parsed)
}

/// Gives every `?` its number, from `$1` on in the order in which they are written.
fn number_parameters(tokens: &mut [TokenWithSpan]) -> Result<()> {
    let (mut numbered, mut bare) = (false, 0);
    for token in tokens {
        if let Token::Placeholder(name) = &mut token.token {
            if name == "?" {
                bare += 1;
                *name = format!("${bare}");
            } else {
                numbered = true;
            }
        }
    }
    if numbered && bare > 0 {
        return Err(Error::invalid("the parameters are written as ? and as $1; write them in one way"));
    }
    Ok(())
}

/// An error for what the parser says: it ends with the place, unless the text ended too early.
fn misparsed(sql: &str, message: &str) -> Error {
    let (what, place) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, place.split_once(", Column: ")),
        None => (message, None),
    };
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let offset = place.and_then(|(line, column)| {
        let before = sql.split_inclusive('\n').take(number(line)?.checked_sub(1)?);
        Some(before.map(|line| line.chars().count()).sum::<usize>() + number(column)?.checked_sub(1)?)
    });
    let offset = offset.unwrap_or_else(|| sql.trim_end().chars().count());
    let what = what
        .replace("Expected: ", "expected ")
        .replace("expected EOF", "expected the end")
        .replace(", found: EOF", ", found the end");
    let message = format!("the SQL does not parse: {}", clean(&what.replace(", found: ", ", found ")));
    SyntaxFault { message, offset }.into_error(sql)
}
