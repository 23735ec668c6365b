//! Ways of writing that the dialect has otherwise: the scalar functions of ODBC and JDBC in their escape,
//! `{fn UCASE(x)}` (ODBC Programmer's Reference, appendix E; JDBC 4.3, appendix C), and ordered-set aggregates, whose
//! `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)` is `percentile_cont(x, 0.5)` here. What is left as it is, because no
//! call means the same, is refused later. `= ANY (SELECT …)` and `<> ALL (SELECT …)` are IN and NOT IN (SQL:2016, 8.9);
//! FETCH FIRST is LIMIT; `N'…'` is a text; a cast to `VARCHAR(n)` is one to text, cut after n characters; formats are those of
//! [`super::formats`].

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CharacterLength, DataType, ExactNumberInfo, Expr, Fetch, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, LimitClause, Query, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::calls::reads_times;
use super::formats::percent_letters;
use super::{StarmartDialect, arguments, call, cast, function_name};

/// Functions that are called otherwise here, how many arguments they take, and what they are.
const CALLS: [(&str, usize, &str); 26] = [
    ("ceiling", 1, "ceil($1)"),
    ("char", 1, "chr($1)"),
    ("curdate", 0, "current_date"),
    ("current_date", 0, "current_date"),
    ("current_timestamp", 0, "now()"),
    ("dayname", 1, "to_char($1, '%A')"),
    ("dayofmonth", 1, "EXTRACT(DAY FROM $1)"),
    ("dayofweek", 1, "(EXTRACT(DOW FROM $1) + 1)"),
    ("dayofyear", 1, "EXTRACT(DOY FROM $1)"),
    ("hour", 1, "EXTRACT(HOUR FROM $1)"),
    ("ifnull", 2, "coalesce($1, $2)"),
    ("lcase", 1, "lower($1)"),
    // Blanks at the end do not count.
    ("length", 1, "character_length(rtrim($1))"),
    ("locate", 2, "strpos($2, $1)"),
    ("log", 1, "ln($1)"),
    ("minute", 1, "EXTRACT(MINUTE FROM $1)"),
    ("mod", 2, "(($1) % ($2))"),
    ("month", 1, "EXTRACT(MONTH FROM $1)"),
    ("monthname", 1, "to_char($1, '%B')"),
    ("quarter", 1, "EXTRACT(QUARTER FROM $1)"),
    ("second", 1, "EXTRACT(SECOND FROM $1)"),
    ("sign", 1, "signum($1)"),
    ("space", 1, "repeat(' ', $1)"),
    ("substring", 3, "substr($1, $2, $3)"),
    ("ucase", 1, "upper($1)"),
    ("year", 1, "EXTRACT(YEAR FROM $1)"),
];

/// The units of `TIMESTAMPADD`, each as an interval.
const UNITS: [(&str, &str); 8] = [
    ("sql_tsi_second", "1 second"),
    ("sql_tsi_minute", "1 minute"),
    ("sql_tsi_hour", "1 hour"),
    ("sql_tsi_day", "1 day"),
    ("sql_tsi_week", "7 days"),
    ("sql_tsi_month", "1 month"),
    ("sql_tsi_quarter", "3 months"),
    ("sql_tsi_year", "1 year"),
];

/// Those whose meaning differs between the standards and the dialect without a call that means the same.
const OTHERWISE: [&str; 5] = ["week", "convert", "rand", "timestampdiff", "insert"];

/// How many expressions a template may hold.
const TEMPLATE_STEPS: usize = 100;

/// Writes calls as the dialect has them.
pub(super) fn spelled_out(parsed: &mut impl VisitMut) {
    let _ = parsed.visit(&mut Calls);
}

struct Calls;

impl VisitorMut for Calls {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        fetched(query);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        escape_like(expr);
        if let Some(same) = quantified(expr).or_else(|| cut(expr)) {
            *expr = same;
        }
        if let Expr::Value(value) = expr
            && let Value::NationalStringLiteral(text) = &mut value.value
        {
            value.value = Value::SingleQuotedString(std::mem::take(text));
        }
        if let Expr::Function(function) = expr {
            ordered(function);
            typed_place(function);
            formatted(function);
            if function.uses_odbc_syntax {
                match escaped(function) {
                    Some(call) => *expr = call,
                    None => {
                        function.uses_odbc_syntax =
                            function_name(function).is_some_and(|name| OTHERWISE.contains(&name.as_str()));
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// `= ANY` and `<> ALL` of a query as IN and NOT IN.
fn quantified(expr: &Expr) -> Option<Expr> {
    let (left, right, negated) = match expr {
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => (left, right, false),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => (left, right, true),
        _ => return None,
    };
    match right.as_ref() {
        Expr::Subquery(query) => Some(Expr::InSubquery { expr: left.clone(), subquery: query.clone(), negated }),
        _ => None,
    }
}

/// A cast to a text of limited length as the beginning of the text, as PostgreSQL casts (18, section 8.3).
fn cut(expr: &Expr) -> Option<Expr> {
    use DataType::{CharVarying, CharacterVarying, Nvarchar, Varchar};
    let Expr::Cast { data_type, .. } = expr else { return None };
    let length = match data_type {
        Varchar(length) | CharVarying(length) | CharacterVarying(length) | Nvarchar(length) => length.as_ref()?,
        _ => return None,
    };
    let CharacterLength::IntegerLength { length: length @ 1.., .. } = length else { return None };
    let length = Expr::value(Value::Number(length.to_string(), false));
    let mut text = expr.clone();
    if let Expr::Cast { data_type, .. } = &mut text {
        *data_type = Varchar(None);
    }
    Some(Expr::Function(call("left", vec![text, length])))
}

/// Writes FETCH FIRST n ROWS ONLY as LIMIT n (PostgreSQL 18, SELECT).
fn fetched(query: &mut Query) {
    let Some(Fetch { with_ties: false, percent: false, quantity }) = &query.fetch else { return };
    let rows = quantity.clone().unwrap_or_else(|| Expr::value(Value::Number("1".to_owned(), false)));
    let limit = match &mut query.limit_clause {
        None => LimitClause::LimitOffset { limit: Some(rows), offset: None, limit_by: Vec::new() },
        Some(LimitClause::LimitOffset { limit: None, offset, limit_by }) => {
            LimitClause::LimitOffset { limit: Some(rows), offset: offset.take(), limit_by: std::mem::take(limit_by) }
        }
        Some(_) => return,
    };
    query.limit_clause = Some(limit);
    query.fetch = None;
}

/// Writes LIKE with another ESCAPE than the backslash by the backslash.
fn escape_like(expr: &mut Expr) {
    let (Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. }) = expr else { return };
    let text = |value: &Value| match value {
        Value::SingleQuotedString(text) => Some(text.clone()),
        _ => None,
    };
    let by = escape_char.as_ref().and_then(|by| text(&by.value)).unwrap_or_default();
    let (Some(by), true) = (by.chars().next(), by.chars().count() == 1) else { return };
    let Expr::Value(written) = pattern.as_mut() else { return };
    let Some(like) = text(&written.value).filter(|_| by != '\\') else { return };
    let mut rewritten = String::with_capacity(like.len());
    let mut letters = like.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if letter == by => match letters.next() {
                Some(next) => rewritten.extend(['\\', next]),
                None => return,
            },
            '\\' => rewritten.push_str("\\\\"),
            other => rewritten.push(other),
        }
    }
    written.value = Value::SingleQuotedString(rewritten);
    *escape_char = None;
}

/// Writes PostgreSQL's formats of times in % letters.
fn formatted(function: &mut Function) {
    let writes = match function_name(function).as_deref() {
        Some("to_char") => true,
        Some(name) if name == "to_date" || reads_times(name) => false,
        _ => return,
    };
    let FunctionArguments::List(list) = &mut function.args else { return };
    for argument in list.args.iter_mut().skip(1) {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = argument
            && let Value::SingleQuotedString(format) = &mut value.value
            && let Some(letters) = percent_letters(format, writes)
        {
            *format = letters;
        }
    }
}

/// What an escaped call is, where it is called otherwise here.
fn escaped(function: &Function) -> Option<Expr> {
    let name = function_name(function)?;
    let args: Vec<Expr> = arguments(function)?.into_iter().cloned().collect();
    if let ("timestampadd", [Expr::Identifier(unit), count, time]) = (name.as_str(), args.as_slice()) {
        let (_, interval) = UNITS.iter().find(|(known, _)| unit.value.eq_ignore_ascii_case(known))?;
        return template(&format!("($2 + ($1) * INTERVAL '{interval}')"), &[count.clone(), time.clone()]);
    }
    let (.., call) = CALLS.iter().find(|(known, count, _)| *known == name && *count == args.len())?;
    template(call, &args)
}

/// An expression with arguments in the place of `$1`, `$2` and so on.
fn template(sql: &str, args: &[Expr]) -> Option<Expr> {
    let mut expr = Parser::new(&StarmartDialect::within(TEMPLATE_STEPS)).try_with_sql(sql).ok()?.parse_expr().ok()?;
    let _ = expr.visit(&mut Filled(args));
    Some(expr)
}

struct Filled<'a>(&'a [Expr]);

impl VisitorMut for Filled<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let place = match expr {
            Expr::Value(value) => match &value.value {
                Value::Placeholder(name) => name.trim_start_matches('$').parse::<usize>().ok(),
                _ => None,
            },
            _ => None,
        };
        if let Some(argument) = place.and_then(|place| self.0.get(place.checked_sub(1)?)) {
            *expr = argument.clone();
        }
        ControlFlow::Continue(())
    }
}

/// The aggregates of a value at a place among the others.
const AT_PLACES: [&str; 3] = ["percentile_cont", "percentile_disc", "approx_percentile_cont"];

/// Says of which type the place of a percentile is that a parameter gives.
fn typed_place(function: &mut Function) {
    if !function_name(function).is_some_and(|name| AT_PLACES.contains(&name.as_str())) {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args
        && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(place))) = list.args.get_mut(1)
        && matches!(place, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)))
    {
        *place = cast(place.clone(), DataType::Double(ExactNumberInfo::None));
    }
}

/// Takes what an ordered-set aggregate orders by, ascending, for its first argument.
fn ordered(function: &mut Function) {
    let [by] = function.within_group.as_slice() else { return };
    let ascending = by.options.asc != Some(false) && by.options.nulls_first.is_none();
    if !ascending || !function_name(function).is_some_and(|name| AT_PLACES.contains(&name.as_str())) {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args
        && list.args.len() == 1
    {
        list.args.insert(0, FunctionArg::Unnamed(FunctionArgExpr::Expr(by.expr.clone())));
        function.within_group.clear();
    }
}
