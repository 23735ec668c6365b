//! Expressions and figures in words.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::ScalarValue;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, DynamicFilterPhysicalExpr, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use crate::sql::{APART, EXACTLY};

/// The longest text of one expression, in characters.
const CHARACTERS: usize = 300;

/// An expression as SQL would have it, cut where it is very long.
pub(super) fn expr(of: &Arc<dyn PhysicalExpr>) -> String {
    let text = written(of);
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn written(of: &Arc<dyn PhysicalExpr>) -> String {
    let any = of.as_ref();
    if any.is::<DynamicFilterPhysicalExpr>() {
        "the join finds one".to_owned()
    } else if let Some(column) = any.downcast_ref::<Column>() {
        plain(column.name())
    } else if let Some(literal) = any.downcast_ref::<Literal>() {
        value(literal.value())
    } else if let Some(binary) = any.downcast_ref::<BinaryExpr>() {
        let side = |side: &Arc<dyn PhysicalExpr>| match side.downcast_ref::<BinaryExpr>() {
            Some(inner) if inner.op().precedence() <= binary.op().precedence() && inner.op() != binary.op() => {
                format!("({})", written(side))
            }
            _ => written(side),
        };
        format!("{} {} {}", side(binary.left()), binary.op(), side(binary.right()))
    } else if let Some(cast) = any.downcast_ref::<CastExpr>() {
        written(cast.expr())
    } else if let Some(not) = any.downcast_ref::<NotExpr>() {
        format!("NOT ({})", written(not.arg()))
    } else if let Some(null) = any.downcast_ref::<IsNullExpr>() {
        format!("{} IS NULL", written(null.arg()))
    } else if let Some(null) = any.downcast_ref::<IsNotNullExpr>() {
        format!("{} IS NOT NULL", written(null.arg()))
    } else if let Some(among) = any.downcast_ref::<InListExpr>() {
        let not = if among.negated() { "NOT " } else { "" };
        format!("{} {not}IN ({})", written(among.expr()), list(among.list()))
    } else if let Some(function) = any.downcast_ref::<ScalarFunctionExpr>() {
        match (function.name(), function.args()) {
            ("wall_clock", [instant, zone]) => {
                let zone = zone.downcast_ref::<Literal>().map(|zone| zone.value().to_string()).unwrap_or_default();
                format!("{} in {zone}", written(instant))
            }
            (APART | EXACTLY, [same]) => written(same),
            (name, arguments) => format!("{}({})", plain(name), list(arguments)),
        }
    } else {
        plain(&of.to_string())
    }
}

fn list(of: &[Arc<dyn PhysicalExpr>]) -> String {
    of.iter().map(written).collect::<Vec<_>>().join(", ")
}

/// A name without what marks it as one of a star's, and without places of columns.
pub(super) fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(['@', '$', '"']) {
        text.push_str(&rest[..at]);
        let sign = &rest[at..];
        rest = match sign.as_bytes().first() {
            Some(b'@') => sign[1..].trim_start_matches(|c: char| c.is_ascii_digit()),
            Some(b'$') if sign.starts_with("$f.") => &sign[3..],
            _ => &sign[1..],
        };
    }
    text.push_str(rest);
    text
}

/// An aggregate by what it does, whatever its name.
pub(super) fn aggregate(of: &AggregateFunctionExpr) -> String {
    format!("{}({})", plain(of.fun().name()), list(&of.expressions()))
}

/// Whether DataFusion has made this name up: it counts different values by grouping by them first, as `alias1`, beside
/// the other aggregates, as `alias2` and so on (its rule `single_distinct_to_groupby`).
pub(super) fn is_made_up(name: &str) -> bool {
    name.strip_prefix("alias").is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}

/// The text with what the names in it stand for.
pub(super) fn said_for(text: &str, names: &HashMap<String, String>) -> String {
    let mut said = String::with_capacity(text.len());
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let alike = |c: char| in_word(c) != in_word(first);
        let (piece, more) = rest.split_at(rest.find(alike).unwrap_or(rest.len()));
        said.push_str(names.get(piece).map_or(piece, String::as_str));
        rest = more;
    }
    said
}

/// A value as SQL writes it.
fn value(of: &ScalarValue) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let shown = of.to_array().ok().and_then(|array| {
        let formatter = ArrayFormatter::try_new(array.as_ref(), &options).ok()?;
        Some(formatter.value(0).to_string())
    });
    let shown = shown.unwrap_or_else(|| of.to_string());
    if of.data_type().is_numeric() || of.is_null() || matches!(of, ScalarValue::Boolean(_)) {
        shown
    } else {
        format!("'{shown}'")
    }
}

/// A count, its digits in groups.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration with three digits that count.
pub(super) fn time(of: Duration) -> String {
    match of.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.001 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// A size in the unit that fits.
pub(super) fn bytes(of: usize) -> String {
    match of {
        0..1_000 => format!("{of} B"),
        1_000..1_000_000 => format!("{:.1} kB", of as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", of as f64 / 1e6),
        _ => format!("{:.1} GB", of as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(plain("sum($f.amount)"), "sum(amount)");
        assert_eq!(plain("$shop.city@3"), "shop.city");
        assert_eq!(plain("\"部門\"@0 = x"), "部門 = x");
    }

    #[test]
    fn names_that_were_made_up_are_told_by_what_they_stand_for() {
        assert!(is_made_up("alias1") && !is_made_up("alias") && !is_made_up("alias1x"));
        let names = HashMap::from([("alias1".to_owned(), "basket".to_owned())]);
        assert_eq!(said_for("n = count(alias1), 數alias1, alias12", &names), "n = count(basket), 數alias1, alias12");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(grouped(1_469_307), "1,469,307");
        assert_eq!(grouped(7), "7");
        assert_eq!(time(Duration::from_micros(12_345)), "12.3 ms");
        assert_eq!(time(Duration::from_millis(2_500)), "2.50 s");
        assert_eq!(bytes(1_536_000), "1.5 MB");
    }

    #[test]
    fn values_are_as_sql_writes_them() {
        let instant = ScalarValue::TimestampMicrosecond(Some(1_496_880_000_000_000), Some("UTC".into()));
        assert_eq!(value(&instant), "'2017-06-08T00:00:00Z'");
        assert_eq!(value(&ScalarValue::Decimal128(Some(-1234), 12, 2)), "-12.34");
        assert_eq!(value(&ScalarValue::Int64(None)), "NULL");
    }
}
