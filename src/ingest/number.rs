//! Numbers: doubles to decimals without guessing, fractions to integers only where there is none.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type};

use super::cast::{Misfit, checked, misfit, value};

/// How far a double may be from the decimal that it stands for.
const TOLERANCE: f64 = 1e-6;

/// Up to here, 2^34, a double is within a millionth of what it stands for.
const FINE: f64 = 17_179_869_184.0;

/// Decimals as decimals of another scale: what has more digits than fit, or digits that would be lost, is a misfit.
pub(super) fn rescaled(decimals: &Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let to = DataType::Decimal128(precision, scale);
    let limit = 10u128.pow(u32::from(precision));
    let lost = u32::try_from(decimals.scale() - scale).unwrap_or(0);
    let more = u32::try_from(scale - decimals.scale()).unwrap_or(0);
    let (lost, more) = (10i128.checked_pow(lost).unwrap_or(i128::MAX), 10i128.checked_pow(more).unwrap_or(i128::MAX));
    let mut values = Vec::with_capacity(decimals.len());
    for (row, &value) in decimals.values().iter().enumerate() {
        let same = (value % lost == 0).then(|| (value / lost).checked_mul(more)).flatten();
        match same.filter(|value| value.unsigned_abs() < limit) {
            Some(value) => values.push(value),
            None if decimals.is_null(row) => values.push(0),
            None => return Err(misfit(row, &decimals.value_as_string(row), &to)),
        }
    }
    let array = Decimal128Array::new(values.into(), decimals.nulls().cloned());
    let array = array.with_precision_and_scale(precision, scale);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| Misfit { row: 0, why: error.to_string() })
}

/// Integers as doubles, where a double holds them.
pub(super) fn doubles(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let wide = checked(array, &DataType::Decimal128(38, 0))?;
    let integers = wide.as_primitive::<Decimal128Type>();
    let lost = |row: &usize| !integers.is_null(*row) && (integers.value(*row) as f64) as i128 != integers.value(*row);
    match (0..integers.len()).find(lost) {
        Some(row) => Err(misfit(row, &value(array, row), &DataType::Float64)),
        None => checked(array, &DataType::Float64),
    }
}

/// Doubles as decimals. A value more than a millionth from a multiple of 10^-scale is no such decimal.
pub(super) fn decimals(doubles: &Float64Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let to = DataType::Decimal128(precision, scale);
    let unit = 10f64.powi(i32::from(scale));
    let limit = 10f64.powi(i32::from(precision));
    let mut values = Vec::with_capacity(doubles.len());
    for (row, &double) in doubles.values().iter().enumerate() {
        let scaled = double * unit;
        let whole = scaled.round();
        let exact = (double.abs() >= FINE && double.fract() == 0.0 && double.abs() < limit)
            .then(|| (double as i128).checked_mul(10i128.checked_pow(u32::from(scale.unsigned_abs()))?))
            .flatten()
            .filter(|value| value.unsigned_abs() < 10u128.pow(u32::from(precision)));
        let fits = double.abs() < FINE && whole.abs() < limit && (double - whole / unit).abs() <= TOLERANCE;
        if fits {
            values.push(whole as i128);
        } else if let Some(value) = exact {
            values.push(value);
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;

    fn decimals_of(values: &[i128], precision: u8, scale: i8) -> Decimal128Array {
        Decimal128Array::from(values.to_vec()).with_precision_and_scale(precision, scale).unwrap()
    }

    #[test]
    fn decimals_are_rescaled_where_nothing_is_lost() {
        let scaled = rescaled(&decimals_of(&[12_300, -500], 10, 4), 10, 2).unwrap();
        assert_eq!(scaled.as_primitive::<Decimal128Type>().values().as_ref(), [123, -5]);
        assert_eq!(rescaled(&decimals_of(&[12_300, 12_345], 10, 4), 10, 2).unwrap_err().row, 1);
        assert_eq!(rescaled(&decimals_of(&[10_000_000_000_000], 38, 2), 12, 2).unwrap_err().row, 0);
        assert_eq!(
            rescaled(&decimals_of(&[5], 3, 0), 38, 30).unwrap().as_primitive::<Decimal128Type>().value(0),
            5 * 10i128.pow(30)
        );
    }

    #[test]
    fn doubles_become_the_decimals_that_they_are() {
        let read = |double: f64, precision, scale| decimals(&Float64Array::from(vec![double]), precision, scale);
        let value = |array: ArrayRef| array.as_primitive::<Decimal128Type>().value(0);
        assert_eq!(value(read(1e22, 38, 2).unwrap()), 10i128.pow(24));
        assert_eq!(value(read(0.29, 12, 2).unwrap()), 29);
        for (double, precision, scale) in [(70_368_744_177_664.02, 38, 2), (0.125, 12, 2), (1e22, 20, 2)] {
            assert!(read(double, precision, scale).is_err(), "{double}");
        }
    }

    #[test]
    fn integers_become_doubles_that_hold_them() {
        let read = |integer: i64| doubles(&(Arc::new(Int64Array::from(vec![integer])) as ArrayRef));
        assert!(read(1 << 53).is_ok() && read(-5).is_ok() && read((1 << 53) + 1).is_err());
    }
}
