//! Functions that make much of little (`repeat`, `range`, …), bounded: what one call makes is foreseen from its
//! arguments and refused before it is made, since no quota sees values that are under way.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type, IntervalUnit, TimeUnit};
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::around::{Manner, around};
use super::calendar::DAY;

/// The most bytes that one call may make, for all rows of a batch.
const LIMIT: u128 = 16 << 20;
/// The bytes of an element of a list.
const ELEMENT: u128 = 8;

/// How many bytes the call would make for a row, from its arguments.
type Foresight = fn(&[ArrayRef], usize) -> u128;

/// No more than [`LIMIT`] at once, as the foresight tells.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded;

/// DataFusion's function, bounded if it makes much of little.
pub(super) fn within_bounds(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if foresight(function.name()).is_some() { around(function, Bounded) } else { function }
}

/// What a function makes.
fn foresight(name: &str) -> Option<Foresight> {
    Some(match name {
        "repeat" => |arguments, row| bytes(arguments, 0, row) * count(arguments, 1, row),
        // A character has up to four bytes.
        "lpad" | "rpad" => |arguments, row| count(arguments, 1, row) * 4,
        "replace" => |arguments, row| {
            let (text, from) = (bytes(arguments, 0, row), bytes(arguments, 1, row));
            text + (text / from.max(1) + 1) * bytes(arguments, 2, row)
        },
        "concat" => |arguments, row| (0..arguments.len()).map(|at| bytes(arguments, at, row)).sum(),
        "array_repeat" => |arguments, row| bytes(arguments, 0, row) * count(arguments, 1, row),
        "array_resize" => |arguments, row| {
            count(arguments, 1, row) * if arguments.len() > 2 { bytes(arguments, 2, row) } else { ELEMENT }
        },
        "range" | "generate_series" => |arguments, row| steps(arguments, row) * ELEMENT,
        _ => return None,
    })
}

/// The bytes of an argument in a row.
fn bytes(arguments: &[ArrayRef], at: usize, row: usize) -> u128 {
    let Some(array) = arguments.get(at) else {
        return 0;
    };
    let bytes = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value_length(row).cast_unsigned() as usize,
        DataType::Utf8View => array.as_string_view().value(row).len(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).len(),
        _ => array.slice(row, 1).to_data().get_slice_memory_size().unwrap_or(0).max(8),
    };
    bytes as u128
}

/// The number in an argument; none is 0, and so is a negative one.
fn count(arguments: &[ArrayRef], at: usize, row: usize) -> u128 {
    whole(arguments, at, row).and_then(|count| u128::try_from(count).ok()).unwrap_or(0)
}

/// An argument as a whole number: an integer, or days or microseconds of time.
fn whole(arguments: &[ArrayRef], at: usize, row: usize) -> Option<i128> {
    let array = arguments.get(at).filter(|array| array.is_valid(row))?;
    let row = array.slice(row, 1);
    let number = match array.data_type() {
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            // The shortest that it may last.
            let interval = row.as_primitive_opt::<IntervalMonthDayNanoType>()?.value(0);
            let days = i128::from(interval.months) * 28 + i128::from(interval.days);
            return Some(days * i128::from(DAY) + i128::from(interval.nanoseconds / 1_000));
        }
        DataType::Date32 | DataType::Timestamp(..) => {
            let at = arrow::compute::cast(&row, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
            at.as_primitive::<TimestampMicrosecondType>().value(0)
        }
        _ => arrow::compute::cast(&row, &DataType::Int64).ok()?.as_primitive::<Int64Type>().value(0),
    };
    Some(number.into())
}

/// How many steps a range takes.
fn steps(arguments: &[ArrayRef], row: usize) -> u128 {
    let number = |at| whole(arguments, at, row);
    let (start, stop, step) = match arguments.len() {
        1 => (Some(0), number(0), Some(1)),
        2 => (number(0), number(1), Some(1)),
        _ => (number(0), number(1), number(2)),
    };
    match (start, stop, step) {
        (Some(start), Some(stop), Some(step)) if (stop >= start) == (step >= 0) => {
            (stop - start).unsigned_abs() / step.unsigned_abs().max(1) + 1
        }
        _ => 0,
    }
}

/// Refuses what would make too much.
fn check(name: &str, args: &ScalarFunctionArgs) -> Result<()> {
    let Some(foresight) = foresight(name) else {
        return Ok(());
    };
    let varying = args.args.iter().any(|argument| matches!(argument, ColumnarValue::Array(_)));
    let rows = if varying { args.number_rows } else { 1 };
    let arguments = args.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
    let made = (0..rows).try_fold(0_u128, |made, row| {
        Some(made.saturating_add(foresight(&arguments, row))).filter(|made| *made <= LIMIT)
    });
    match made {
        Some(_) => Ok(()),
        None => Err(DataFusionError::ResourcesExhausted(format!(
            "{name} would make more than {} MiB at once; make less",
            LIMIT >> 20
        ))),
    }
}

impl Manner for Bounded {
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        check(function.name(), &args)?;
        function.invoke_with_args(args)
    }
}
