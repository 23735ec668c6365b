//! Exact totals: the running sums behind `sum` and `avg`, in integers wide enough that nothing is lost on the
//! way. Whether the result fits is asked once, of the final total, so that neither the order of the rows nor
//! their division among threads decides between an answer and an overflow.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    ArrowNativeType, DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float64Type,
    Int64Type, TimeUnit, UInt64Type, i256,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, internal_err};

/// Ten to the power of 38, the first whole number that decimal(38, 0) does not hold.
const DECIMAL_END: i128 = 10_i128.pow(38);

/// An integer that totals are kept in, with the Arrow type that carries it between partial and final sums.
pub(super) trait Wide: ArrowNativeType {
    /// The Arrow type of a total on its way.
    type State: ArrowPrimitiveType<Native = Self> + std::fmt::Debug;

    /// The Arrow data type of a total on its way, at `scale`.
    fn state_type(scale: i8) -> DataType;
    /// The sum, and whether it wrapped.
    fn plus(self, other: Self) -> (Self, bool);
    /// The difference, and whether it wrapped.
    fn minus(self, other: Self) -> (Self, bool);
    /// The total as 128 bits, if it fits.
    fn narrow(self) -> Option<i128>;
    /// The nearest float.
    fn float(self) -> f64;
}

impl Wide for i128 {
    type State = Decimal128Type;

    fn state_type(scale: i8) -> DataType {
        DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale)
    }

    #[inline]
    fn plus(self, other: Self) -> (Self, bool) {
        self.overflowing_add(other)
    }

    #[inline]
    fn minus(self, other: Self) -> (Self, bool) {
        self.overflowing_sub(other)
    }

    fn narrow(self) -> Option<i128> {
        Some(self)
    }

    fn float(self) -> f64 {
        self as f64
    }
}

impl Wide for i256 {
    type State = Decimal256Type;

    fn state_type(scale: i8) -> DataType {
        DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale)
    }

    fn plus(self, other: Self) -> (Self, bool) {
        self.checked_add(other).map_or((self, true), |sum| (sum, false))
    }

    fn minus(self, other: Self) -> (Self, bool) {
        self.checked_sub(other).map_or((self, true), |difference| (difference, false))
    }

    fn narrow(self) -> Option<i128> {
        self.to_i128()
    }

    fn float(self) -> f64 {
        match self.to_i128() {
            Some(narrow) => narrow as f64,
            None => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }
}

/// What becomes of a total at the end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Finish {
    /// The total itself, in this type; an error where it does not fit.
    Sum(DataType),
    /// The total by the number of values, where the total counts units of 10 to the power of minus this.
    Mean(i8),
}

impl Finish {
    /// The result of one group; NULL without values.
    pub(super) fn value<W: Wide>(&self, total: W, count: i64) -> Result<ScalarValue> {
        let array = self.values(&[total], &[count], (count == 0).then(|| NullBuffer::new_null(1)))?;
        ScalarValue::try_from_array(&array, 0)
    }

    /// The results of many groups; `counts` are read for means only.
    pub(super) fn values<W: Wide>(&self, totals: &[W], counts: &[i64], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        match self {
            Finish::Mean(scale) => {
                let unit = 10_f64.powi(i32::from(*scale));
                let mean = |(total, count): (&W, &i64)| total.float() / (float(*count) * unit);
                let values = totals.iter().zip(counts).map(mean).collect();
                Ok(Arc::new(PrimitiveArray::<Float64Type>::new(values, nulls)))
            }
            Finish::Sum(data_type @ DataType::Decimal128(precision, scale)) => {
                let fits = |total: &W| {
                    let narrow = total.narrow().filter(|total| *total > -DECIMAL_END && *total < DECIMAL_END);
                    narrow.ok_or_else(|| overflow(data_type))
                };
                let values = totals.iter().map(fits).collect::<Result<Vec<i128>>>()?;
                let array = PrimitiveArray::<Decimal128Type>::new(values.into(), nulls);
                Ok(Arc::new(array.with_precision_and_scale(*precision, *scale)?))
            }
            Finish::Sum(data_type) => {
                let fits = |total: &W| {
                    let narrow = total.narrow().and_then(|total| i64::try_from(total).ok());
                    narrow.ok_or_else(|| overflow(data_type))
                };
                let values = totals.iter().map(fits).collect::<Result<Vec<i64>>>()?;
                let array = PrimitiveArray::<Int64Type>::new(values.into(), nulls);
                match data_type {
                    DataType::Int64 => Ok(Arc::new(array)),
                    DataType::Duration(TimeUnit::Second) => {
                        Ok(Arc::new(array.reinterpret_cast::<DurationSecondType>()))
                    }
                    DataType::Duration(TimeUnit::Millisecond) => {
                        Ok(Arc::new(array.reinterpret_cast::<DurationMillisecondType>()))
                    }
                    DataType::Duration(TimeUnit::Microsecond) => {
                        Ok(Arc::new(array.reinterpret_cast::<DurationMicrosecondType>()))
                    }
                    DataType::Duration(TimeUnit::Nanosecond) => {
                        Ok(Arc::new(array.reinterpret_cast::<DurationNanosecondType>()))
                    }
                    other => internal_err!("no exact sum gives {other}"),
                }
            }
        }
    }
}

/// A count as a float, exact up to 2^53.
fn float(count: i64) -> f64 {
    count as f64
}

/// The error of a total that does not fit.
pub(super) fn overflow(data_type: &DataType) -> DataFusionError {
    let shown = match data_type {
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Int64 => "a 64-bit integer".to_string(),
        other => other.to_string(),
    };
    let message = format!("overflow: the sum does not fit {shown}; cast the argument to double or sum fewer rows");
    DataFusionError::Execution(message)
}

/// The rows that count: not NULL, and true in `filter`. Without a result all rows count.
pub(super) fn selection(nulls: Option<&NullBuffer>, filter: Option<&BooleanArray>) -> Option<BooleanBuffer> {
    let valid = nulls.filter(|nulls| nulls.null_count() > 0).map(|nulls| nulls.inner().clone());
    let chosen = filter.map(|filter| match filter.nulls() {
        Some(nulls) => filter.values() & nulls.inner(),
        None => filter.values().clone(),
    });
    match (valid, chosen) {
        (Some(valid), Some(chosen)) => Some(&valid & &chosen),
        (valid, chosen) => valid.or(chosen),
    }
}

/// How the values of `data_type` are counted: its scale, 0 where it has none.
pub(super) fn scale_of(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

/// Whether sums of `data_type` need 256 bits on the way: 128 hold ten billion values of up to 28 digits.
pub(super) fn is_wide(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(precision, _) if *precision > 28)
}

/// The values of an exactly summable array as 128-bit integers, with `f` called for each that counts.
pub(super) fn each_i128(array: &ArrayRef, f: impl FnMut(i128)) -> Result<()> {
    fn walk<T>(array: &ArrayRef, mut f: impl FnMut(i128))
    where
        T: ArrowPrimitiveType,
        T::Native: Into<i128>,
    {
        array.as_primitive::<T>().iter().flatten().for_each(|value| f(value.into()));
    }
    match array.data_type() {
        DataType::Int64 => walk::<Int64Type>(array, f),
        DataType::UInt64 => walk::<UInt64Type>(array, f),
        DataType::Decimal128(..) => walk::<Decimal128Type>(array, f),
        DataType::Duration(TimeUnit::Second) => walk::<DurationSecondType>(array, f),
        DataType::Duration(TimeUnit::Millisecond) => walk::<DurationMillisecondType>(array, f),
        DataType::Duration(TimeUnit::Microsecond) => walk::<DurationMicrosecondType>(array, f),
        DataType::Duration(TimeUnit::Nanosecond) => walk::<DurationNanosecondType>(array, f),
        other => return internal_err!("{other} has no exact sum"),
    }
    Ok(())
}
