//! Values that cannot be cast, and the cast of Arrow's that finds them.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, DecimalType};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The longest value shown in an error.
const SHOWN_CHARACTERS: usize = 60;

/// A value that cannot be cast: at which row of the array, and why.
#[derive(Debug, PartialEq)]
pub(super) struct Misfit {
    pub(super) row: usize,
    pub(super) why: String,
}

/// Arrow's cast where it loses nothing; the first value that it cannot cast is a misfit.
pub(super) fn checked(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    let strict = CastOptions { safe: false, format_options: FormatOptions::default() };
    let error = match cast_with_options(array, to, &strict) {
        Ok(cast) => return Ok(cast),
        Err(error) => error,
    };
    let lenient = CastOptions { safe: true, format_options: FormatOptions::default() };
    let row = cast_with_options(array, to, &lenient)
        .ok()
        .and_then(|cast| (0..array.len()).find(|&row| cast.is_null(row) && !array.is_null(row)));
    match row {
        Some(row) => Err(misfit(row, &value(array, row), to)),
        None => Err(Misfit { row: 0, why: format!("cannot become {}: {error}", shown_type(to)) }),
    }
}

/// The misfit of a value and a type.
pub(super) fn misfit(row: usize, value: &str, to: &DataType) -> Misfit {
    let mut shown: String = value.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    Misfit { row, why: format!("'{shown}' is no {}", shown_type(to)) }
}

pub(super) fn value(array: &dyn Array, row: usize) -> String {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Decimal128(_, scale) => {
            Decimal128Type::format_decimal(array.as_primitive::<Decimal128Type>().value(row), u8::MAX, *scale)
        }
        _ => ArrayFormatter::try_new(array, &FormatOptions::default())
            .map_or_else(|_| "?".to_owned(), |formatter| formatter.value(row).to_string()),
    }
}

/// A type as the model writes it.
pub(super) fn shown_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "text".into(),
        DataType::Int64 => "integer".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(..) => "timestamp".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    }
}
