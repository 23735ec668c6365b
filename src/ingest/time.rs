//! Timestamps: any unit to microseconds in UTC, by the zone that the file writes; dates only from midnights.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::cast::{Misfit, checked, misfit, value};

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Timestamps as instants in UTC, or as dates.
pub(super) fn instants(array: &ArrayRef, to: &DataType, stored_in: Option<Tz>) -> Result<ArrayRef, Misfit> {
    let (micros, zoned) = micros(array, to)?;
    if *to == DataType::Date32 {
        return dates(&micros, array);
    }
    let zone = stored_in.unwrap_or(Tz::UTC);
    let utc = if zoned || zone == Tz::UTC {
        micros
    } else {
        let mut converted = Vec::with_capacity(micros.len());
        for (row, micro) in micros.iter().enumerate() {
            let instant = micro.map(|micro| local(micro, zone).map_err(|why| Misfit { row, why })).transpose()?;
            converted.push(instant);
        }
        TimestampMicrosecondArray::from(converted)
    };
    Ok(Arc::new(utc.with_timezone("UTC")))
}

/// Microseconds as the array writes them, and whether it carries a zone. A finer fraction is a misfit.
fn micros(array: &ArrayRef, to: &DataType) -> Result<(TimestampMicrosecondArray, bool), Misfit> {
    let DataType::Timestamp(unit, zone) = array.data_type() else {
        return Err(misfit(0, &value(array, 0), to));
    };
    if *unit == TimeUnit::Nanosecond {
        let raw = checked(array, &DataType::Int64)?;
        let raw = raw.as_primitive::<Int64Type>();
        if let Some(row) = (0..raw.len()).find(|&row| !raw.is_null(row) && raw.value(row) % 1000 != 0) {
            let why = format!("'{}' is finer than a microsecond, which is what the mart keeps", value(array, row));
            return Err(Misfit { row, why });
        }
        let micros = raw.unary::<_, Int64Type>(|nanos| nanos / 1000);
        return Ok((TimestampMicrosecondArray::new(micros.values().clone(), micros.nulls().cloned()), zone.is_some()));
    }
    let cast = checked(array, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
    let cast = cast.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    Ok((TimestampMicrosecondArray::new(cast.values().clone(), cast.nulls().cloned()), zone.is_some()))
}

/// Midnights as dates.
fn dates(micros: &TimestampMicrosecondArray, array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let mut days = Vec::with_capacity(micros.len());
    for (row, micro) in micros.iter().enumerate() {
        let day = match micro {
            Some(micro) if micro.rem_euclid(MICROS_A_DAY) != 0 => {
                let why = format!("'{}' is no date: it is not midnight", value(array, row));
                return Err(Misfit { row, why });
            }
            Some(micro) => Some(
                i32::try_from(micro.div_euclid(MICROS_A_DAY))
                    .map_err(|_| misfit(row, &value(array, row), &DataType::Date32))?,
            ),
            None => None,
        };
        days.push(day);
    }
    Ok(Arc::new(Date32Array::from(days)))
}

/// The instant of a wall clock, both in microseconds.
pub(super) fn local(micros: i64, zone: Tz) -> Result<i64, String> {
    let wall = DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc());
    let wall = wall.ok_or_else(|| format!("{micros} is outside of time"))?;
    instant(wall, zone)
}

/// The instant of a wall clock, in microseconds; an hour that comes twice, or never, has none.
pub(super) fn instant(wall: NaiveDateTime, zone: Tz) -> Result<i64, String> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) => Ok(at.timestamp_micros()),
        LocalResult::Ambiguous(..) => Err(format!(
            "'{wall}' comes twice in {zone}, where the clock goes back; write it in UTC or with its offset"
        )),
        LocalResult::None => Err(format!("'{wall}' never comes in {zone}, where the clock goes forward")),
    }
}
