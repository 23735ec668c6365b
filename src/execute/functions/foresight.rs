//! What calls make of their arguments, in bytes, before they are made.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type, IntervalUnit, TimeUnit};
use arrow::datatypes::{IntervalMonthDayNanoType, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::calendar::DAY;
use crate::execute::size::array_bytes;

/// What `||` of texts is called.
pub(super) const CONCATENATION: &str = "||";
/// The bytes of an element of a list.
const ELEMENT: u128 = 8;
/// The bytes that an element, or a letter of a format, may become as text.
const WRITTEN: u128 = 32;

/// How many bytes a call makes of a row.
pub(super) type Foresight = fn(&Arguments, usize) -> u128;

/// What a function makes.
pub(super) fn foresight(name: &str) -> Option<Foresight> {
    Some(match name {
        "repeat" | "array_repeat" => |arguments, row| arguments.bytes(0, row) * arguments.count(1, row),
        "lpad" | "rpad" => {
            |arguments, row| arguments.bytes(0, row) + arguments.count(1, row) * arguments.widest(2, row)
        }
        "replace" => |arguments, row| {
            let (text, from) = (arguments.bytes(0, row), arguments.bytes(1, row));
            text + (text / from.max(1) + 1) * arguments.bytes(2, row)
        },
        "regexp_replace" => |arguments, row| {
            let (whole, with) = (arguments.bytes(0, row), arguments.text(2, row).unwrap_or_default());
            let every = arguments.text(3, row).is_some_and(|flags| flags.contains('g'));
            // What a group has matched is part of the text, and matches do not overlap.
            let groups = with.matches(['\\', '$']).count() as u128;
            whole * (1 + groups) + with.len() as u128 * if every { whole + 1 } else { 1 }
        },
        "translate" => |arguments, row| arguments.bytes(0, row) * arguments.widest(2, row),
        "encode" => |arguments, row| arguments.bytes(0, row) * 2,
        "to_char" => |arguments, row| arguments.bytes(1, row) * WRITTEN,
        CONCATENATION | "concat" | "make_array" | "array_concat" | "array_append" | "array_prepend" | "overlay" => {
            |arguments, row| arguments.all(row)
        }
        "concat_ws" => |arguments, row| arguments.all(row) + arguments.0.len() as u128 * arguments.bytes(0, row),
        "array_to_string" => |arguments, row| {
            let each = arguments.bytes(1, row) + arguments.bytes(2, row) + WRITTEN;
            arguments.bytes(0, row) + arguments.elements(0, row) * each
        },
        "array_replace_all" | "array_replace_n" => {
            |arguments, row| arguments.bytes(0, row) + arguments.elements(0, row) * arguments.bytes(2, row)
        }
        "array_resize" => |arguments, row| {
            arguments.count(1, row) * if arguments.0.len() > 2 { arguments.bytes(2, row) } else { ELEMENT }
        },
        "range" | "generate_series" => |arguments, row| arguments.steps(row) * ELEMENT,
        _ => return None,
    })
}

/// The arguments of a call, and whether each is one value for all rows.
#[derive(Debug)]
pub(super) struct Arguments(Vec<(ArrayRef, bool)>);

impl Arguments {
    /// The arguments of a call.
    pub(super) fn of(args: &ScalarFunctionArgs) -> Result<Self> {
        let argument = |argument: &ColumnarValue| match argument {
            ColumnarValue::Array(array) => Ok((ArrayRef::clone(array), false)),
            ColumnarValue::Scalar(scalar) => Ok((scalar.to_array()?, true)),
        };
        args.args.iter().map(argument).collect::<Result<_>>().map(Self)
    }

    /// What the call makes of a row. DataFusion may repeat for each row what is one value for all.
    pub(super) fn made(&self, foresight: Foresight, row: usize) -> u128 {
        let repeated = self.0.iter().enumerate().filter(|(_, (_, scalar))| *scalar);
        let repeated: u128 = repeated.map(|(at, _)| self.bytes(at, row)).sum();
        foresight(self, row).saturating_add(repeated)
    }

    /// An argument's value in a row, as an array of one.
    fn value(&self, at: usize, row: usize) -> Option<ArrayRef> {
        let (array, scalar) = self.0.get(at)?;
        Some(array.slice(if *scalar { 0 } else { row }, 1))
    }

    /// The text of an argument in a row.
    fn text(&self, at: usize, row: usize) -> Option<&str> {
        let (array, scalar) = self.0.get(at)?;
        let row = if *scalar { 0 } else { row };
        match array.data_type() {
            _ if array.is_null(row) => None,
            DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
            DataType::Utf8View => Some(array.as_string_view().value(row)),
            DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
            _ => None,
        }
    }

    /// The bytes of an argument in a row.
    fn bytes(&self, at: usize, row: usize) -> u128 {
        match self.text(at, row) {
            Some(text) => text.len() as u128,
            None => self.value(at, row).map_or(0, |value| (array_bytes(value.as_ref()) as u128).max(ELEMENT)),
        }
    }

    /// The bytes of all arguments in a row.
    fn all(&self, row: usize) -> u128 {
        (0..self.0.len()).map(|at| self.bytes(at, row)).sum()
    }

    /// The bytes of the widest letter of a text; without a text, a space's.
    fn widest(&self, at: usize, row: usize) -> u128 {
        self.text(at, row).unwrap_or_default().chars().map(char::len_utf8).max().unwrap_or(1) as u128
    }

    /// How many values a list holds in a row, at any depth.
    fn elements(&self, at: usize, row: usize) -> u128 {
        self.value(at, row).map_or(0, |value| elements(&value) as u128)
    }

    /// The number in an argument; none is 0, and so is a negative one.
    fn count(&self, at: usize, row: usize) -> u128 {
        self.whole(at, row).map_or(0, |count| count.max(0).unsigned_abs())
    }

    /// An argument as a whole number: an integer, or days or microseconds of time.
    fn whole(&self, at: usize, row: usize) -> Option<i128> {
        let value = self.value(at, row).filter(|value| value.is_valid(0))?;
        let number = match value.data_type() {
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                // The shortest that it may last.
                let interval = value.as_primitive_opt::<IntervalMonthDayNanoType>()?.value(0);
                let days = i128::from(interval.months) * 28 + i128::from(interval.days);
                return Some(days * i128::from(DAY) + i128::from(interval.nanoseconds / 1_000));
            }
            DataType::Date32 | DataType::Timestamp(..) => {
                let at = arrow::compute::cast(&value, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
                at.as_primitive::<TimestampMicrosecondType>().value(0)
            }
            _ => arrow::compute::cast(&value, &DataType::Int64).ok()?.as_primitive::<Int64Type>().value(0),
        };
        Some(number.into())
    }

    /// How many steps a range takes.
    fn steps(&self, row: usize) -> u128 {
        let number = |at| self.whole(at, row);
        let (start, stop, step) = match self.0.len() {
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
}

/// How many values lists hold, at any depth.
fn elements(array: &ArrayRef) -> usize {
    let within = |values: &ArrayRef, first: usize, last: usize| elements(&values.slice(first, last - first));
    if let Some(list) = array.as_list_opt::<i32>() {
        let offsets = list.value_offsets();
        return within(list.values(), offsets[0] as usize, offsets[offsets.len() - 1] as usize);
    }
    if let Some(list) = array.as_list_opt::<i64>() {
        let offsets = list.value_offsets();
        return within(list.values(), offsets[0] as usize, offsets[offsets.len() - 1] as usize);
    }
    array.as_fixed_size_list_opt().map_or(array.len(), |list| elements(list.values()))
}
