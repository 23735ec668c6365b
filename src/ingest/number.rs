//! Numbers: doubles to decimals without guessing, fractions to integers only where there is none.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};

use super::cast::{Misfit, checked, misfit, value};

/// How far a double may be from the decimal that it stands for.
const TOLERANCE: f64 = 1e-6;

/// Doubles as decimals. A value more than a millionth from a multiple of 10^-scale is no such decimal.
pub(super) fn decimals(doubles: &Float64Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let to = DataType::Decimal128(precision, scale);
    let unit = 10f64.powi(i32::from(scale));
    let limit = 10f64.powi(i32::from(precision));
    let mut values = Vec::with_capacity(doubles.len());
    for (row, &double) in doubles.values().iter().enumerate() {
        let scaled = double * unit;
        let whole = scaled.round();
        let fits = (scaled - whole).abs() <= TOLERANCE * unit && whole.abs() < limit;
        if fits {
            values.push(whole as i128);
        } else if doubles.is_null(row) {
            values.push(0);
        } else {
            return Err(misfit(row, &double.to_string(), &to));
        }
    }
    let array = Decimal128Array::new(values.into(), doubles.nulls().cloned());
    let array = array.with_precision_and_scale(precision, scale);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| Misfit { row: 0, why: error.to_string() })
}

/// Doubles and decimals as integers, where they are whole.
pub(super) fn integers(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let fraction = match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let unit = 10i128.pow(u32::from(scale.unsigned_abs()));
            let decimals = array.as_primitive::<Decimal128Type>();
            (0..array.len()).find(|&row| *scale > 0 && !array.is_null(row) && decimals.value(row) % unit != 0)
        }
        _ => {
            let wide = checked(array, &DataType::Float64)?;
            let doubles = wide.as_primitive::<Float64Type>();
            (0..array.len()).find(|&row| !array.is_null(row) && doubles.value(row).fract() != 0.0)
        }
    };
    match fraction {
        Some(row) => Err(misfit(row, &value(array, row), &DataType::Int64)),
        None => checked(array, &DataType::Int64),
    }
}
