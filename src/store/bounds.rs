//! The bounds of a file's columns, from the statistics of its row groups.

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::snapshot::ColumnStats;
use super::stats::{is_bounded, is_exact};

/// What is known of each column of the file with this `metadata`, whose columns hold `nulls` NULLs.
pub(crate) fn of(schema: &Schema, metadata: &ParquetMetaData, nulls: &[u64]) -> Result<Vec<ColumnStats>, ParquetError> {
    let column = |(field, nulls): (&arrow::datatypes::FieldRef, &u64)| {
        let mut column =
            ColumnStats { exact: is_exact(field.data_type()), null_count: Some(*nulls), ..Default::default() };
        if is_bounded(field.data_type()) {
            let groups = metadata.row_groups();
            let converter =
                StatisticsConverter::try_new(field.name(), schema, metadata.file_metadata().schema_descr())?;
            let counts = converter.row_group_null_counts(groups)?;
            let rows: Vec<i64> = groups.iter().map(|group| group.num_rows()).collect();
            column.min = bound(&converter.row_group_mins(groups)?, &counts, &rows, ScalarValue::lt)?;
            column.max = bound(&converter.row_group_maxes(groups)?, &counts, &rows, ScalarValue::gt)?;
        }
        Ok(column)
    };
    schema.fields().iter().zip(nulls).map(column).collect()
}

/// The outermost of the groups' bounds; none when a group with values lacks one.
fn bound(
    values: &ArrayRef,
    nulls: &UInt64Array,
    rows: &[i64],
    outer: fn(&ScalarValue, &ScalarValue) -> bool,
) -> Result<Option<ScalarValue>, ParquetError> {
    let mut bound = None;
    for (at, rows) in rows.iter().enumerate() {
        if values.is_null(at) {
            let empty = nulls.is_valid(at) && i64::try_from(nulls.value(at)) == Ok(*rows);
            if empty {
                continue;
            }
            return Ok(None);
        }
        let value = ScalarValue::try_from_array(values, at).map_err(|source| ParquetError::External(source.into()))?;
        if bound.as_ref().is_none_or(|bound| outer(&value, bound)) {
            bound = Some(value);
        }
    }
    Ok(bound)
}
