//! Numbers to other numbers, where the value stays the same; a double stands for a decimal near by.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, Decimal128Array, Float64Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{DataType, Decimal128Type, DecimalType, Float64Type, Int64Type};

use super::misfit::{Misfit, misfit};

/// How far a double may be from the decimal that it stands for, in billionths: a millionth.
const TOLERANCE_NANOS: i128 = 1000;
const NANOS: i64 = 1_000_000_000;
/// From here on, doubles have no fraction.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Doubles as decimals. A value more than a millionth from a multiple of 10^-scale is no such decimal.
pub(super) fn decimals(doubles: &Float64Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let limit = power(precision);
    let of = |double: f64| decimal(double, scale.unsigned_abs()).filter(|value| value.unsigned_abs() < limit);
    decimal_array(each::<_, Decimal128Type>(doubles, &DataType::Decimal128(precision, scale), of)?, precision, scale)
}

/// A double in units of 10^-scale.
fn decimal(double: f64, scale: u8) -> Option<i128> {
    if !double.is_finite() || double.abs() >= 1e38 {
        return None;
    }
    if double.abs() >= WHOLE {
        return (double as i128).checked_mul(10i128.pow(scale.into()));
    }
    if scale >= 6 {
        // The nearest one is near enough, and formatting rounds exactly.
        let text = format!("{double:.*}", usize::from(scale));
        return text.replace('.', "").parse().ok();
    }
    let (whole, fraction) = (double.trunc(), double.fract());
    let nanos = whole as i128 * i128::from(NANOS) + (fraction * 1e9).round() as i128;
    let unit = NANOS / 10i64.pow(scale.into());
    let wide = i128::from(unit);
    let rounded = nanos + nanos.signum() * i128::from(unit / 2);
    // Nearly every value fits 64 bits, whose division takes a fraction of the time.
    let nearest = i64::try_from(rounded).map_or_else(|_| rounded / wide, |rounded| i128::from(rounded / unit));
    ((nanos - nearest * wide).abs() <= TOLERANCE_NANOS).then_some(nearest)
}

/// Doubles as integers, where they are whole.
pub(super) fn whole(doubles: &Float64Array) -> Result<ArrayRef, Misfit> {
    // 2^63 is a double, and the first that is too great.
    let limit = 9_223_372_036_854_775_808.0;
    let of = |double: f64| (double.fract() == 0.0 && (-limit..limit).contains(&double)).then_some(double as i64);
    Ok(Arc::new(each::<_, Int64Type>(doubles, &DataType::Int64, of)?))
}

/// Integers as doubles, where there is such a double.
pub(super) fn doubles(integers: &Int64Array) -> Result<ArrayRef, Misfit> {
    let of = |integer: i64| {
        let double = integer as f64;
        (double as i128 == i128::from(integer)).then_some(double)
    };
    Ok(Arc::new(each::<_, Float64Type>(integers, &DataType::Float64, of)?))
}

/// Integers as decimals.
pub(super) fn fixed(integers: &Int64Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let (unit, limit) = (10i128.pow(scale.unsigned_abs().into()), power(precision));
    let of = |integer: i64| i128::from(integer).checked_mul(unit).filter(|value| value.unsigned_abs() < limit);
    decimal_array(each::<_, Decimal128Type>(integers, &DataType::Decimal128(precision, scale), of)?, precision, scale)
}

/// Decimals as decimals of another scale. They are measured anew even if the type is the same: a file may hold more
/// digits than its type says.
pub(super) fn rescaled(decimals: &Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let limit = power(precision);
    let by = i16::from(scale) - i16::from(decimals.scale());
    let unit = 10i128.pow(by.unsigned_abs().into());
    let of = |value: i128| {
        let value = if by >= 0 { value.checked_mul(unit) } else { (value % unit == 0).then_some(value / unit) };
        value.filter(|value| value.unsigned_abs() < limit)
    };
    decimal_array(each::<_, Decimal128Type>(decimals, &DataType::Decimal128(precision, scale), of)?, precision, scale)
}

/// Decimals as integers, where they are whole.
pub(super) fn integers(decimals: &Decimal128Array) -> Result<ArrayRef, Misfit> {
    let unit = 10i128.pow(decimals.scale().unsigned_abs().into());
    let of = |value: i128| (value % unit == 0).then(|| i64::try_from(value / unit).ok()).flatten();
    Ok(Arc::new(each::<_, Int64Type>(decimals, &DataType::Int64, of)?))
}

/// Decimals as the doubles that stand for them: those that are nearer to them than to any other of their scale.
pub(super) fn floats(decimals: &Decimal128Array) -> Result<ArrayRef, Misfit> {
    let scale = decimals.scale();
    let of = |value: i128| {
        let double: f64 = Decimal128Type::format_decimal(value, u8::MAX, scale).parse().ok()?;
        let text = format!("{double:.*}", usize::from(scale.unsigned_abs()));
        (text.replace('.', "").parse() == Ok(value)).then_some(double + 0.0)
    };
    Ok(Arc::new(each::<_, Float64Type>(decimals, &DataType::Float64, of)?))
}

/// 10^precision, the first number with more digits.
fn power(precision: u8) -> u128 {
    10u128.pow(precision.into())
}

fn decimal_array(values: Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef, Misfit> {
    let array = values.with_precision_and_scale(precision, scale);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| Misfit { row: 0, why: error.to_string() })
}

/// Every value by `of`; the first for which there is none is a misfit.
fn each<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &PrimitiveArray<F>,
    to: &DataType,
    of: impl Fn(F::Native) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, Misfit> {
    let value = |(row, value): (usize, Option<F::Native>)| match value {
        Some(value) => of(value).map(Some).ok_or_else(|| misfit(row, &super::misfit::value(array, row), to)),
        None => Ok(None),
    };
    let values: Vec<Option<T::Native>> = array.iter().enumerate().map(value).collect::<Result<_, _>>()?;
    Ok(PrimitiveArray::from_iter(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_stand_for_decimals_near_by() {
        for (double, scale, value) in [
            (3.1, 2, Some(310)),
            (-0.0, 2, Some(0)),
            (0.1 + 0.2, 2, Some(30)),
            (1.000_000_9, 2, Some(100)),
            (-1.000_000_9, 2, Some(-100)),
            (1.000_002, 2, None),
            (0.125, 2, None),
            (2f64.powi(46) + 0.015_625, 2, None),
            (2f64.powi(46) + 0.015_625, 6, Some(70_368_744_177_664_015_625)),
            (1_234_567.91, 2, Some(123_456_791)),
            (1e22, 2, Some(10i128.pow(24))),
            (1e37, 2, None),
            (f64::NAN, 2, None),
            (f64::NEG_INFINITY, 2, None),
            (5e-324, 2, Some(0)),
            (0.5, 0, None),
        ] {
            assert_eq!(decimal(double, scale), value, "{double} {scale}");
        }
        assert!(decimals(&vec![1e37].into(), 38, 0).is_ok() && decimals(&vec![100.0].into(), 4, 2).is_err());
    }

    #[test]
    fn numbers_stay_the_same_or_are_refused() {
        let money = |values: Vec<i128>, precision, scale| {
            Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap()
        };
        assert!(rescaled(&money(vec![12_300], 10, 4), 10, 2).is_ok());
        let misfit = rescaled(&money(vec![12_300, 12_345], 10, 4), 10, 2).unwrap_err();
        assert_eq!((misfit.row, misfit.why.as_str()), (1, "'1.2345' is no decimal(10,2)"));
        assert!(rescaled(&money(vec![10i128.pow(13)], 12, 2), 12, 2).is_err(), "more digits than the type has");
        assert!(rescaled(&money(vec![10i128.pow(30)], 38, 0), 38, 20).is_err());
        assert!(integers(&money(vec![125], 5, 2)).is_err() && integers(&money(vec![-100], 5, 2)).is_ok());
        assert!(integers(&money(vec![10i128.pow(20)], 38, 0)).is_err());
        assert!(floats(&money(vec![10, 1_234_567_890_123], 38, 2)).is_ok());
        assert!(floats(&money(vec![(1 << 53) + 1], 38, 0)).is_err());
        assert!(doubles(&vec![1 << 53, i64::MIN].into()).is_ok());
        assert!(doubles(&vec![(1 << 53) + 1].into()).is_err() && doubles(&vec![i64::MAX].into()).is_err());
        assert!(whole(&vec![-9_223_372_036_854_775_808.0].into()).is_ok());
        for double in [1234.999, f64::NAN, 9_223_372_036_854_775_808.0] {
            assert!(whole(&vec![double].into()).is_err(), "{double}");
        }
        assert!(fixed(&vec![99].into(), 4, 2).is_ok() && fixed(&vec![100].into(), 4, 2).is_err());
    }
}
