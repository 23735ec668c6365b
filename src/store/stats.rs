//! What a Delta log says of a file's columns, as JSON, and back, exact to the last digit and microsecond.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat};
use datafusion::common::ScalarValue;
use serde_json::value::Value;

use super::snapshot::ColumnStats;

/// A file's statistics.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileStats {
    pub(crate) rows: u64,
    pub(crate) columns: Vec<ColumnStats>,
}

/// The JSON for a Delta log.
pub(crate) fn encode(schema: &Schema, stats: &FileStats) -> String {
    let of = |value: &dyn Fn(&ColumnStats) -> Option<String>| {
        let named = schema.fields().iter().zip(&stats.columns);
        let known = named
            .filter_map(|(field, column)| Some(format!("{}:{}", Value::from(field.name().as_str()), value(column)?)));
        known.collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}}"#,
        stats.rows,
        of(&|column| json(column.min.as_ref()?)),
        of(&|column| json(column.max.as_ref()?)),
        of(&|column| Some(column.null_count?.to_string())),
    )
}

/// The statistics in `texts`, one file each; `None` where a file has none or no row count.
pub(crate) fn decode(schema: &Schema, texts: &[Option<String>]) -> Result<Vec<Option<FileStats>>, ArrowError> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let lines: String = texts.iter().map(|text| text.as_deref().unwrap_or("{}").replace('\n', " ") + "\n").collect();
    let mut decoder = ReaderBuilder::new(form(schema)).with_batch_size(texts.len()).build_decoder()?;
    let mut rest = lines.as_bytes();
    while !rest.is_empty() {
        let read = decoder.decode(rest)?;
        if read == 0 {
            break;
        }
        rest = &rest[read..];
    }
    let Some(batch) = decoder.flush()?.filter(|batch| batch.num_rows() == texts.len()) else {
        return Err(ArrowError::JsonError("statistics are not one object a file".into()));
    };
    let rows = batch.column(0).as_primitive::<Int64Type>();
    let [mins, maxes, nulls] = [1, 2, 3].map(|column| batch.column(column).as_struct());
    let file = |at: usize| -> Result<Option<FileStats>, ArrowError> {
        let Some(rows) = rows.is_valid(at).then(|| u64::try_from(rows.value(at)).ok()).flatten() else {
            return Ok(None);
        };
        let columns = schema.fields().iter().map(|field| column(field, at, mins, maxes, nulls));
        Ok(Some(FileStats { rows, columns: columns.collect::<Result<_, _>>()? }))
    };
    (0..texts.len()).map(file).collect()
}

fn column(
    field: &Field,
    at: usize,
    mins: &StructArray,
    maxes: &StructArray,
    nulls: &StructArray,
) -> Result<ColumnStats, ArrowError> {
    let value = |values: &StructArray| -> Result<Option<ScalarValue>, ArrowError> {
        let Some(array) = values.column_by_name(field.name()).filter(|array| values.is_valid(at) && array.is_valid(at))
        else {
            return Ok(None);
        };
        Ok(Some(ScalarValue::try_from_array(array, at)?))
    };
    let null_count = match value(nulls)? {
        Some(ScalarValue::Int64(Some(count))) => u64::try_from(count).ok(),
        _ => None,
    };
    Ok(ColumnStats { min: value(mins)?, max: value(maxes)?, exact: is_exact(field.data_type()), null_count })
}

/// Whether bounds of this type are values that occur: text is shortened.
pub(crate) fn is_exact(data_type: &DataType) -> bool {
    *data_type != DataType::Utf8
}

/// Whether bounds are kept for this type: NaN has no place among floats that readers agree on.
pub(crate) fn is_bounded(data_type: &DataType) -> bool {
    *data_type != DataType::Float64
}

fn form(schema: &Schema) -> SchemaRef {
    let bounded = schema.fields().iter().filter(|field| is_bounded(field.data_type()));
    let bounds: Fields = bounded.map(|field| Field::new(field.name(), field.data_type().clone(), true)).collect();
    let counts: Fields = schema.fields().iter().map(|field| Field::new(field.name(), DataType::Int64, true)).collect();
    Arc::new(Schema::new(vec![
        Field::new("numRecords", DataType::Int64, true),
        Field::new("minValues", DataType::Struct(bounds.clone()), true),
        Field::new("maxValues", DataType::Struct(bounds), true),
        Field::new("nullCount", DataType::Struct(counts), true),
    ]))
}

/// A bound as JSON; none for what the format cannot say, such as years of five digits.
fn json(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(Some(text)) => Some(Value::from(text.as_str()).to_string()),
        ScalarValue::Int64(Some(number)) => Some(number.to_string()),
        ScalarValue::Boolean(Some(truth)) => Some(truth.to_string()),
        ScalarValue::Decimal128(Some(unscaled), _, scale) => Some(decimal(*unscaled, *scale)),
        ScalarValue::Date32(Some(days)) => {
            let date = NaiveDate::default();
            let date = match u64::try_from(*days) {
                Ok(days) => date.checked_add_days(Days::new(days)),
                Err(_) => date.checked_sub_days(Days::new(u64::from(days.unsigned_abs()))),
            };
            let date = date.filter(|date| (1..=9999).contains(&date.year()))?;
            Some(format!("\"{date}\""))
        }
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let instant = DateTime::from_timestamp_micros(*micros).filter(|at| (1..=9999).contains(&at.year()))?;
            Some(format!("\"{}\"", instant.to_rfc3339_opts(SecondsFormat::Micros, true)))
        }
        _ => None,
    }
}

fn decimal(unscaled: i128, scale: i8) -> String {
    let Ok(scale @ 1..) = usize::try_from(scale) else { return unscaled.to_string() };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    format!("{sign}{whole}.{part}")
}

/// The type of the mart's instants.
pub(crate) fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(min: ScalarValue, max: ScalarValue) -> ColumnStats {
        let exact = is_exact(&min.data_type());
        ColumnStats { min: Some(min), max: Some(max), exact, null_count: Some(3) }
    }

    fn instant(micros: i64) -> ScalarValue {
        ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
    }

    fn money(unscaled: i128) -> ScalarValue {
        ScalarValue::Decimal128(Some(unscaled), 38, 4)
    }

    fn schema(columns: &[ColumnStats]) -> Schema {
        let types = columns.iter().map(|column| column.min.as_ref().map_or(DataType::Float64, ScalarValue::data_type));
        Schema::new(
            types.enumerate().map(|(at, data_type)| Field::new(format!("c{at}"), data_type, true)).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn bounds_read_back_exactly() {
        let most = 10_i128.pow(38) - 1;
        let columns = vec![
            column(ScalarValue::from("a\n\"b\\"), ScalarValue::from("臺北")),
            column(ScalarValue::Int64(Some(i64::MIN)), ScalarValue::Int64(Some(i64::MAX))),
            column(money(-most), money(most)),
            column(money(-5), money(12_345)),
            column(ScalarValue::Boolean(Some(false)), ScalarValue::Boolean(Some(true))),
            column(ScalarValue::Date32(Some(-719_162)), ScalarValue::Date32(Some(2_932_896))),
            column(instant(-1), instant(1_483_246_800_000_001)),
            ColumnStats { exact: true, null_count: Some(0), ..ColumnStats::default() },
        ];
        let schema = schema(&columns);
        let stats = FileStats { rows: 9, columns };
        let text = encode(&schema, &stats);
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        let read = decode(&schema, &[Some(text), None]).unwrap();
        assert_eq!(read, [Some(stats), None]);
    }

    #[test]
    fn what_the_format_cannot_say_is_left_out() {
        let columns = vec![
            column(ScalarValue::Date32(Some(i32::MIN)), ScalarValue::Date32(Some(i32::MAX))),
            column(instant(i64::MIN), instant(i64::MAX)),
        ];
        let schema = schema(&columns);
        let text = encode(&schema, &FileStats { rows: 1, columns });
        let read = decode(&schema, &[Some(text)]).unwrap();
        let columns = &read[0].as_ref().unwrap().columns;
        assert!(columns.iter().all(|column| column.min.is_none() && column.max.is_none()));
        assert!(columns.iter().all(|column| column.null_count == Some(3)));
    }

    #[test]
    fn decimals_are_written_with_all_their_digits() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(12_345, 2), "123.45");
        assert_eq!(decimal(7, 0), "7");
    }
}
