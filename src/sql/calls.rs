//! Calls that DataFusion would answer otherwise than they read, or fail at only when they are run: FILTER, OVER, DISTINCT
//! and IGNORE NULLS where the function has no use for them, formats that would be answered as they are written, names
//! that planning keeps for itself. Functions of other servers are named with what is written here, before their arguments
//! are told as unknown columns.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, NullTreatment, Value, Visit,
    Visitor,
};

use crate::error::{Error, Result};

use super::{Functions, HIDDEN, function_name};

/// Window functions that can pass over NULLs.
const PASSING_NULLS: [&str; 5] = ["lag", "lead", "first_value", "last_value", "nth_value"];

/// Functions of other servers, and what is written here.
const ELSEWHERE: [(&str, &str); 32] = [
    ("any_value", "min(value)"),
    ("charindex", "strpos(text, part)"),
    ("date", "CAST(time AS DATE)"),
    ("date_add", "day + INTERVAL '1 day'"),
    ("date_diff", "later - earlier, which of dates is days, and of times EXTRACT(DAY FROM later - earlier)"),
    ("date_sub", "day - INTERVAL '1 day'"),
    ("dateadd", "day + INTERVAL '1 day'"),
    ("datediff", "later - earlier, which of dates is days, and of times EXTRACT(DAY FROM later - earlier)"),
    ("datename", "to_char(day, 'FMDay')"),
    ("day", "EXTRACT(DAY FROM day)"),
    ("dayofmonth", "EXTRACT(DAY FROM day)"),
    ("dayofweek", "EXTRACT(DOW FROM day)"),
    ("getdate", "now()"),
    ("group_concat", "string_agg(text, ', ')"),
    ("hour", "EXTRACT(HOUR FROM time)"),
    ("if", "CASE WHEN … THEN … ELSE … END"),
    ("iff", "CASE WHEN … THEN … ELSE … END"),
    ("iif", "CASE WHEN … THEN … ELSE … END"),
    ("isnull", "value IS NULL, or coalesce(value, another)"),
    ("last_day", "date_trunc('month', day) + INTERVAL '1 month' - INTERVAL '1 day'"),
    ("len", "length(text)"),
    ("listagg", "string_agg(text, ', ')"),
    ("minute", "EXTRACT(MINUTE FROM time)"),
    ("mod", "a % b"),
    ("month", "EXTRACT(MONTH FROM day)"),
    ("quarter", "EXTRACT(QUARTER FROM day)"),
    ("second", "EXTRACT(SECOND FROM time)"),
    ("sign", "signum(value)"),
    ("timestampdiff", "later - earlier, which of dates is days, and of times EXTRACT(DAY FROM later - earlier)"),
    ("to_number", "CAST(text AS DECIMAL(12, 2))"),
    ("week", "EXTRACT(WEEK FROM day)"),
    ("year", "EXTRACT(YEAR FROM day)"),
];

/// Refuses such calls wherever they stand in what somebody wrote.
///
/// # Errors
/// Invalid, with what to write instead.
pub fn calls(written: &impl Visit, functions: &Functions) -> Result<()> {
    match written.visit(&mut Calls { functions }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Calls<'a> {
    functions: &'a Functions,
}

impl Visitor for Calls<'_> {
    type Break = Box<Error>;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Box<Error>> {
        match expr {
            Expr::Function(function) => match refusal(function, self.functions) {
                Some(why) => ControlFlow::Break(Box::new(Error::invalid(why))),
                None => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Why a call is refused.
fn refusal(function: &Function, functions: &Functions) -> Option<String> {
    let name = &function.name;
    if let Some(clause) = ignored(function, functions) {
        return Some(format!("{clause} has no meaning for {name}(); leave it out"));
    }
    if unplaced(function, functions) {
        return Some(format!("{name}() needs the rows that it looks at; write {name}(…) OVER (ORDER BY …)"));
    }
    if plain_format(function) {
        return Some(format!(
            "{name} takes a format such as '%Y-%m' or 'YYYY-MM'; this one has a part that it does not know, or says nothing \
             of the value"
        ));
    }
    if changing_format(function) {
        return Some(format!("{name} takes its format as a literal: {name}(day, 'YYYY-MM')"));
    }
    if partial_format(function) {
        return Some(format!(
            "{name} reads a time by hours and minutes, and 12 hours by AM or PM; a format with some of them alone would read \
             midnight"
        ));
    }
    if zoned_format(function) {
        return Some(format!(
            "{name} reads a wall clock; its format cannot name a zone. Without a format it reads texts such as \
             '2017-06-01T12:00:00+08:00'"
        ));
    }
    if counts_tuples(function) {
        return Some("count(DISTINCT …) takes 1 argument; count distinct rows of a subquery".to_owned());
    }
    let plain = function_name(function)?;
    if let Some((_, here)) =
        ELSEWHERE.iter().find(|(there, _)| *there == plain && !functions.scalar.contains_key(*there))
    {
        return Some(format!("unknown function '{plain}'; write {here}"));
    }
    HIDDEN.contains(&plain.as_str()).then(|| format!("unknown function {name}"))
}

/// Whether a call of a window function has no window.
fn unplaced(function: &Function, functions: &Functions) -> bool {
    let only = |name: &String| {
        functions.window.contains_key(name)
            && !functions.aggregate.contains_key(name)
            && !functions.scalar.contains_key(name)
    };
    function.over.is_none() && function_name(function).as_ref().is_some_and(only)
}

/// The formats of a call, what stands behind its first argument; none in the place of one that is no literal text.
fn formats(function: &Function) -> impl Iterator<Item = Option<&str>> {
    let arguments = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    arguments.iter().skip(1).map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match &value.value {
            Value::SingleQuotedString(format) => Some(format.as_str()),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a function reads times by formats.
pub(super) fn reads_times(name: &str) -> bool {
    name.starts_with("to_timestamp")
}

fn is_of_times(function: &Function) -> bool {
    function_name(function).is_some_and(|name| reads_times(&name))
}

/// Whether a call has a format that is the same for every value, as those of PostgreSQL are that % letters have not.
fn plain_format(function: &Function) -> bool {
    let takes_format = matches!(function_name(function).as_deref(), Some("to_char" | "date_format" | "to_date"));
    (takes_format || is_of_times(function))
        && formats(function).next().flatten().is_some_and(|format| !format.contains('%'))
}

/// Whether a format is another one for every value, of which the first would be taken for all.
fn changing_format(function: &Function) -> bool {
    let writes = matches!(function_name(function).as_deref(), Some("to_char" | "date_format"));
    let FunctionArguments::List(list) = &function.args else { return false };
    let literal = |argument: &FunctionArg| {
        matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(_) | Expr::TypedString(_))))
    };
    writes && list.args.get(1).is_some_and(|format| !literal(format))
}

/// Whether a format has a part of the time of day by which it cannot be told: chrono reads the date alone then.
fn partial_format(function: &Function) -> bool {
    let partial = |format: &str| {
        let has = |letters: &[&str]| letters.iter().any(|letter| format.contains(letter));
        let whole = has(&["%T", "%R", "%c", "%r", "%X", "%s"]);
        let of_24 = has(&["%H", "%-H", "%k"]);
        let of_12 = has(&["%I", "%-I", "%l"]);
        let half = has(&["%p", "%P"]);
        let (hours, minutes) = (of_24 || of_12, has(&["%M", "%-M"]));
        let finer = has(&["%S", "%-S"]);
        !whole && (hours != minutes || finer && !minutes || of_12 && !of_24 && !half || half && !hours)
    };
    is_of_times(function) && formats(function).flatten().any(partial)
}

/// Whether a call reads times by a format with a zone: it would give the clock in UTC, whatever the session's zone.
fn zoned_format(function: &Function) -> bool {
    const ZONES: [&str; 6] = ["%z", "%:z", "%::z", "%#z", "%Z", "%+"];
    let zoned = |format: &str| ZONES.iter().any(|zone| format.contains(zone));
    is_of_times(function) && formats(function).flatten().any(zoned)
}

/// Whether it is a count of the distinct values of several columns.
fn counts_tuples(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
        && list.args.len() > 1
        && function_name(function).is_some_and(|name| name == "count")
}

/// The clause of a call that its function would ignore.
fn ignored(function: &Function, functions: &Functions) -> Option<&'static str> {
    let name = function_name(function)?;
    let aggregate = functions.aggregate.contains_key(&name);
    let window = functions.window.contains_key(&name);
    let scalar = functions.scalar.contains_key(&name) && !aggregate && !window;
    if !(scalar || aggregate || window) {
        return None;
    }
    let duplicates = match &function.args {
        FunctionArguments::List(list) => list.duplicate_treatment,
        _ => None,
    };
    let clauses = [
        (function.filter.is_some() && !aggregate, "FILTER"),
        (function.over.is_some() && scalar, "OVER"),
        (duplicates == Some(DuplicateTreatment::Distinct) && !aggregate, "DISTINCT"),
        (
            function.null_treatment == Some(NullTreatment::IgnoreNulls) && !PASSING_NULLS.contains(&name.as_str()),
            "IGNORE NULLS",
        ),
    ];
    clauses.into_iter().find(|(there, _)| *there).map(|(_, clause)| clause)
}
