//! Functions that make much of little (`repeat`, `range`, …), bounded: what a call makes is foreseen from its
//! arguments, since no quota sees values that are under way. A call that would make much is made for some rows after
//! others, and refused only where one row is too large, or all rows of a batch are.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::Array;
use arrow::compute::concat;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::around::{Manner, around};
use super::foresight::{Arguments, foresight};
use crate::execute::size::array_bytes;

/// The most bytes that are made at once, and of one row.
const AT_ONCE: usize = 16 << 20;
/// The most bytes that are made of all rows of a batch.
const BATCH: usize = 128 << 20;

/// No more at once than the limits allow, as the foresight tells.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded;

/// The function, bounded if it makes much of little.
pub(super) fn within_bounds(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if foresight(function.name()).is_some() { around(function, Bounded) } else { function }
}

/// The rows, divided so that no part makes more than [`AT_ONCE`]; none if a single row does.
fn parts(rows: usize, made: impl Fn(usize) -> u128) -> Option<Vec<Range<usize>>> {
    let (mut parts, mut start, mut sum) = (Vec::new(), 0, 0_usize);
    for row in 0..rows {
        let made = usize::try_from(made(row)).ok().filter(|made| *made <= AT_ONCE)?;
        if sum + made > AT_ONCE && row > start {
            parts.push(start..row);
            (start, sum) = (row, 0);
        }
        sum += made;
    }
    parts.push(start..rows);
    Some(parts)
}

/// The call for some of its rows.
fn part(args: &ScalarFunctionArgs, rows: &Range<usize>) -> ScalarFunctionArgs {
    let slice = |argument: &ColumnarValue| match argument {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(rows.start, rows.len())),
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(scalar.clone()),
    };
    ScalarFunctionArgs { args: args.args.iter().map(slice).collect(), number_rows: rows.len(), ..args.clone() }
}

impl Manner for Bounded {
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(foresight) = foresight(function.name()) else {
            return function.invoke_with_args(args);
        };
        let varying = args.args.iter().any(|argument| matches!(argument, ColumnarValue::Array(_)));
        let rows = if varying { args.number_rows } else { 1 };
        let refused = |bytes: usize, of: &str| {
            let (name, most) = (function.name(), bytes >> 20);
            let message = format!("{name} would make more than {most} MiB of {of}; make less of each row");
            Err(DataFusionError::ResourcesExhausted(message))
        };
        let arguments = Arguments::of(&args)?;
        let Some(parts) = parts(rows, |row| arguments.made(foresight, row)) else {
            return refused(AT_ONCE, "one row");
        };
        if parts.len() <= 1 {
            return function.invoke_with_args(args);
        }
        let (mut made, mut bytes) = (Vec::with_capacity(parts.len()), 0);
        for rows in &parts {
            let array = function.invoke_with_args(part(&args, rows))?.to_array(rows.len())?;
            bytes += array_bytes(array.as_ref());
            if bytes > BATCH {
                return refused(BATCH, &format!("{} rows", args.number_rows));
            }
            made.push(array);
        }
        let made: Vec<&dyn Array> = made.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&made)?))
    }
}
