//! Dates and timestamps: any unit to microseconds in UTC, by the zone that the file writes; dates only from midnights.
//! Years are those from 1 to 9999, which every reader can write.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::misfit::{Misfit, checked, misfit, value};

const MICROS_A_DAY: i64 = 86_400_000_000;
/// The first of January of year 1 and the last of December of year 9999, from 1970.
const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

/// Timestamps as instants in UTC, or as the dates that they show.
pub(super) fn instants(array: &ArrayRef, to: &DataType, stored_in: Option<Tz>) -> Result<ArrayRef, Misfit> {
    let (micros, zoned) = micros(array, to)?;
    if *to == DataType::Date32 {
        return dates(&micros, array);
    }
    let zone = if zoned { Tz::UTC } else { stored_in.unwrap_or(Tz::UTC) };
    let mut converted = Vec::with_capacity(micros.len());
    for (row, micro) in micros.iter().enumerate() {
        let instant = micro.map(|micro| local(micro, zone).map_err(|why| Misfit { row, why })).transpose()?;
        if instant.is_some_and(is_outside) {
            return Err(outside(row, array));
        }
        converted.push(instant);
    }
    Ok(Arc::new(TimestampMicrosecondArray::from(converted).with_timezone("UTC")))
}

/// Dates as the instants of their midnights, or as they are.
pub(super) fn days(array: &ArrayRef, to: &DataType, stored_in: Option<Tz>) -> Result<ArrayRef, Misfit> {
    let days = array.as_primitive::<Date32Type>();
    let far = |day: Option<i32>| day.is_some_and(|day| !(FIRST_DAY..=LAST_DAY).contains(&day));
    if let Some(row) = days.iter().position(far) {
        return Err(outside(row, array));
    }
    if *to == DataType::Date32 {
        return Ok(Arc::clone(array));
    }
    let midnights = days.unary::<_, TimestampMicrosecondType>(|day| i64::from(day) * MICROS_A_DAY);
    instants(&(Arc::new(midnights) as ArrayRef), to, stored_in)
}

fn outside(row: usize, array: &ArrayRef) -> Misfit {
    Misfit { row, why: format!("'{}' is not in a year from 1 to 9999", value(array, row)) }
}

/// Whether an instant is of no year that the mart holds.
pub(super) fn is_outside(micros: i64) -> bool {
    let day = micros.div_euclid(MICROS_A_DAY);
    !(i64::from(FIRST_DAY)..=i64::from(LAST_DAY)).contains(&day)
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
    let cast = cast.as_primitive::<TimestampMicrosecondType>();
    Ok((TimestampMicrosecondArray::new(cast.values().clone(), cast.nulls().cloned()), zone.is_some()))
}

/// Midnights as dates.
fn dates(micros: &TimestampMicrosecondArray, array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let mut days = Vec::with_capacity(micros.len());
    for (row, micro) in micros.iter().enumerate() {
        let day = match micro {
            Some(micro) if is_outside(micro) => return Err(outside(row, array)),
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
fn local(micros: i64, zone: Tz) -> Result<i64, String> {
    if zone == Tz::UTC {
        return Ok(micros);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(array: ArrayRef, stored_in: Option<Tz>) -> Vec<i64> {
        let to = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let cast = if array.data_type() == &DataType::Date32 { days } else { instants };
        cast(&array, &to, stored_in).unwrap().as_primitive::<TimestampMicrosecondType>().values().to_vec()
    }

    #[test]
    fn a_day_begins_where_it_was_written() {
        let day = Arc::new(Date32Array::from(vec![17_348]));
        let midnight = 17_348 * MICROS_A_DAY;
        assert_eq!(micros(Arc::clone(&day) as ArrayRef, Some(Tz::UTC)), [midnight]);
        assert_eq!(micros(day, Some(Tz::America__New_York)), [midnight + 4 * 3_600_000_000]);
        let naive = Arc::new(TimestampMicrosecondArray::from(vec![midnight]));
        assert_eq!(micros(naive, Some(Tz::America__New_York)), [midnight + 4 * 3_600_000_000]);
        let zoned = TimestampMicrosecondArray::from(vec![midnight]).with_timezone("+08:00");
        assert_eq!(micros(Arc::new(zoned), None), [midnight]);
    }

    #[test]
    fn years_are_those_that_can_be_written() {
        let dates = |day: i32| days(&(Arc::new(Date32Array::from(vec![day])) as ArrayRef), &DataType::Date32, None);
        assert!(dates(FIRST_DAY).is_ok() && dates(LAST_DAY).is_ok());
        for day in [FIRST_DAY - 1, LAST_DAY + 1, i32::MIN, i32::MAX] {
            assert!(dates(day).unwrap_err().why.ends_with("is not in a year from 1 to 9999"));
        }
        let to = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        for micros in [i64::MIN, i64::MAX, i64::from(LAST_DAY + 1) * MICROS_A_DAY] {
            let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![micros]));
            assert!(instants(&array, &to, Some(Tz::UTC)).is_err());
            assert!(instants(&array, &DataType::Date32, None).is_err());
        }
    }
}
