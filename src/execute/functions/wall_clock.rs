//! `wall_clock(instant, 'zone')`: what the clock on the wall of a zone shows at an instant, as a timestamp
//! without a zone. The zone database is chrono-tz, the same that the planner and Arrow use. Text is read as the planner
//! reads a literal: with an offset it is an instant, without one a clock already.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type, Field, FieldRef, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::sql::Written;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// The days between which offsets are tabulated, counted from 1970: 1880 to 2150.
const DAYS: std::ops::Range<i64> = -32_872..65_744;

/// The offsets of a zone from UTC, each with the instant (in seconds) from which it holds.
#[derive(Debug)]
pub(super) struct Offsets {
    zone: Tz,
    spans: Vec<(i64, i64)>,
}

impl Offsets {
    /// Tabulates the offsets of `zone`.
    pub(super) fn of(zone: Tz) -> Self {
        let mut spans = vec![(DAYS.start * DAY, offset(zone, DAYS.start * DAY))];
        for day in DAYS {
            tabulate(zone, day * DAY, (day + 1) * DAY, &mut spans);
        }
        Self { zone, spans }
    }

    /// The seconds from and to which the offset at `second` holds, and that offset in seconds.
    fn span(&self, second: i64) -> (i64, i64, i64) {
        let after = self.spans.partition_point(|(start, _)| *start <= second);
        match (after.checked_sub(1).map(|at| self.spans[at]), self.spans.get(after)) {
            (Some((start, offset)), Some((end, _))) => (start, *end, offset),
            (Some((start, offset)), None) if second < DAYS.end * DAY => (start, DAYS.end * DAY, offset),
            _ => (second, second + 1, offset(self.zone, second)),
        }
    }

    /// The wall clock at each instant; both in microseconds.
    pub(super) fn shift(
        &self,
        instants: &PrimitiveArray<TimestampMicrosecondType>,
    ) -> PrimitiveArray<TimestampMicrosecondType> {
        let (mut from, mut to, mut shift) = (0, 0, 0);
        let shifted = instants.values().iter().map(|&instant| {
            if instant < from || instant >= to {
                let (start, end, offset) = self.span(instant.div_euclid(SECOND));
                (from, to, shift) =
                    (start.saturating_mul(SECOND), end.saturating_mul(SECOND), offset.saturating_mul(SECOND));
            }
            instant.saturating_add(shift)
        });
        PrimitiveArray::new(shifted.collect(), instants.nulls().cloned())
    }
}

/// The offset from UTC, in seconds, at a second; 0 outside of what the calendar knows.
fn offset(zone: Tz, second: i64) -> i64 {
    DateTime::from_timestamp(second, 0)
        .map_or(0, |instant| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc().into())
}

/// Enters the changes of offset within (from, to], at most a day apart: an hour without a change at its ends has
/// none within, and one with a change is searched for its second.
fn tabulate(zone: Tz, from: i64, to: i64, spans: &mut Vec<(i64, i64)>) {
    const HOUR: i64 = 3_600;
    if to - from > HOUR {
        let known = spans.last().map_or(0, |(_, offset)| *offset);
        // Two changes in one day that undo each other do not happen.
        if offset(zone, to) == known {
            return;
        }
        for start in (from..to).step_by(3_600) {
            tabulate(zone, start, (start + HOUR).min(to), spans);
        }
        return;
    }
    let known = spans.last().map_or(0, |(_, offset)| *offset);
    let new = offset(zone, to);
    if new == known {
        return;
    }
    let (mut before, mut after) = (from, to);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(zone, middle) == known { before = middle } else { after = middle }
    }
    spans.push((after, new));
}

/// The function. It keeps the zones that it has met.
#[derive(Debug)]
pub(super) struct WallClock {
    /// Whether text that is no time becomes NULL (TRY_CAST) instead of an error.
    lenient: bool,
    signature: Signature,
    zones: Mutex<HashMap<Tz, Arc<Offsets>>>,
}

impl PartialEq for WallClock {
    fn eq(&self, other: &Self) -> bool {
        self.lenient == other.lenient && self.signature == other.signature
    }
}

impl Eq for WallClock {}

impl Hash for WallClock {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.lenient, &self.signature).hash(state);
    }
}

/// `wall_clock(instant, 'zone')`, and `try_wall_clock`, which gives NULL for text that is no time.
pub(super) fn wall_clocks() -> [ScalarUDF; 2] {
    [false, true].map(|lenient| {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(WallClock { lenient, signature, zones: Mutex::new(HashMap::new()) })
    })
}

impl WallClock {
    /// The offsets of a zone, tabulated once.
    fn offsets(&self, zone: Tz) -> Arc<Offsets> {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(zones.entry(zone).or_insert_with(|| Arc::new(Offsets::of(zone))))
    }

    /// The clock that each text shows or stands for.
    fn read(&self, texts: &StringArray, zone: Tz) -> Result<ArrayRef> {
        let clock = |text: &str| {
            let clock = match Written::read(text) {
                Some(Written::Instant(at)) => Some(at.with_timezone(&zone).naive_local()),
                Some(Written::Clock(at)) => Some(at),
                // Shorter forms of dates.
                None => Date32Type::parse(text.trim())
                    .and_then(NaiveDate::from_epoch_days)
                    .map(|date| date.and_time(NaiveTime::MIN)),
            };
            clock.map(|clock| clock.and_utc().timestamp_micros())
        };
        let clocks = texts.iter().map(|text| match text.map(|text| clock(text).ok_or(text)) {
            Some(Ok(clock)) => Ok(Some(clock)),
            Some(Err(text)) if !self.lenient => {
                exec_err!("'{text}' is no time; write 2017-06-01 or 2017-06-01 12:00:00")
            }
            _ => Ok(None),
        });
        Ok(Arc::new(clocks.collect::<Result<PrimitiveArray<TimestampMicrosecondType>>>()?))
    }
}

/// The zone that a literal names.
fn zone(value: &ScalarValue) -> Result<Tz> {
    let (ScalarValue::Utf8(Some(name)) | ScalarValue::Utf8View(Some(name)) | ScalarValue::LargeUtf8(Some(name))) =
        value
    else {
        return plan_err!("the zone of wall_clock is a text such as 'Asia/Taipei', not {value}");
    };
    let unknown =
        |_| DataFusionError::Plan(format!("unknown time zone '{name}'; use an IANA name such as 'Asia/Taipei'"));
    name.parse::<Tz>().map_err(unknown)
}

impl ScalarUDFImpl for WallClock {
    fn name(&self) -> &str {
        if self.lenient { "try_wall_clock" } else { "wall_clock" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [DataType::Timestamp(_, zone), _] => {
                let instant = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                Ok(vec![instant, DataType::Utf8])
            }
            [DataType::Null, _] => {
                Ok(vec![DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), DataType::Utf8])
            }
            [DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, _] => Ok(vec![DataType::Utf8, DataType::Utf8]),
            [other, _] => plan_err!("wall_clock takes a timestamp, not {other}"),
            _ => plan_err!("wall_clock takes a timestamp and the name of a zone"),
        }
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, None))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match args.scalar_arguments.get(1) {
            Some(Some(name)) => zone(name)?,
            _ => return plan_err!("the zone of wall_clock must be a literal"),
        };
        let data_type = DataType::Timestamp(TimeUnit::Microsecond, None);
        Ok(Arc::new(Field::new(self.name(), data_type, self.lenient || args.arg_fields[0].is_nullable())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [instants, ColumnarValue::Scalar(name)] = args.args.as_slice() else {
            return exec_err!("the zone of wall_clock must be a literal");
        };
        let zone = zone(name)?;
        let offsets = self.offsets(zone);
        let shift = |array: &ArrayRef| -> Result<ArrayRef> {
            if let Some(texts) = array.as_string_opt::<i32>() {
                return self.read(texts, zone);
            }
            match array.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(instants) => {
                    let shifted = offsets.shift(instants);
                    Ok(Arc::new(shifted.with_data_type(DataType::Timestamp(TimeUnit::Microsecond, None))))
                }
                None => internal_err!("wall_clock got {}", array.data_type()),
            }
        };
        match instants {
            ColumnarValue::Array(array) => shift(array).map(ColumnarValue::Array),
            ColumnarValue::Scalar(scalar) => {
                let shifted = shift(&scalar.to_array()?)?;
                ScalarValue::try_from_array(&shifted, 0).map(ColumnarValue::Scalar)
            }
        }
    }
}
