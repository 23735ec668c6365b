//! The dialect: the SQL that PostgreSQL's users write, with names in any script and `VERSION AS OF`.

use std::cell::Cell;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::deep;

/// Starmart's dialect of SQL. As it is by default it knows words and signs; to parse, it must be told how long.
#[derive(Debug, Default)]
pub struct StarmartDialect {
    /// How many more expressions may be begun.
    steps: Cell<usize>,
    /// Whether the expression that is about to be parsed has been let through.
    passed: Cell<bool>,
}

impl StarmartDialect {
    /// The dialect for a parser that begins no more than `steps` expressions. Where a word such as NOT does not parse as
    /// a keyword, the parser tries it as a name, so that nested ones would double its work with every level.
    pub(super) fn within(steps: usize) -> Self {
        Self { steps: Cell::new(steps), passed: Cell::new(false) }
    }

    /// Whether the steps are used up.
    pub(super) fn exhausted(&self) -> bool {
        self.steps.get() == 0
    }
}

/// What ISNULL or NOTNULL says of the expression before it, if one of them is next (PostgreSQL 18, table 9.2).
fn null_test(parser: &Parser<'_>) -> Option<fn(Box<Expr>) -> Expr> {
    match &parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_some() => None,
        Token::Word(word) if word.value.eq_ignore_ascii_case("isnull") => Some(Expr::IsNull),
        Token::Word(word) if word.value.eq_ignore_ascii_case("notnull") => Some(Expr::IsNotNull),
        _ => None,
    }
}

impl Dialect for StarmartDialect {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        if self.passed.take() {
            return None;
        }
        self.steps.set(self.steps.get().saturating_sub(1));
        if self.exhausted() {
            return Some(Err(ParserError::RecursionLimitExceeded));
        }
        // The parser asks again, and then goes on by itself.
        self.passed.set(true);
        Some(deep(|| parser.parse_prefix()))
    }

    /// ISNULL and NOTNULL are no keywords to the parser. Its own reading of IS DISTINCT FROM takes all that follows for its
    /// right side, AND and OR included.
    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, _precedence: u8) -> Option<Result<Expr, ParserError>> {
        use Keyword::{DISTINCT, FROM, IS, NOT};
        if let Some(test) = null_test(parser) {
            parser.next_token();
            return Some(Ok(test(Box::new(left.clone()))));
        }
        let not = if parser.parse_keywords(&[IS, DISTINCT, FROM]) {
            false
        } else if parser.parse_keywords(&[IS, NOT, DISTINCT, FROM]) {
            true
        } else {
            return None;
        };
        let left = Box::new(left.clone());
        let right = parser.parse_subexpr(self.prec_value(Precedence::Is)).map(Box::new);
        Some(right.map(|right| match not {
            true => Expr::IsNotDistinctFrom(left, right),
            false => Expr::IsDistinctFrom(left, right),
        }))
    }

    /// `||` binds less than arithmetic and more than comparison (PostgreSQL 18, table 4.2).
    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::StringConcat => Some(Ok(self.prec_value(Precedence::PlusMinus) - 1)),
            Token::Word(_) if null_test(parser).is_some() => Some(Ok(self.prec_value(Precedence::Is))),
            _ => None,
        }
    }

    fn supports_table_versioning(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_within_after_array_aggregation(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }
}
