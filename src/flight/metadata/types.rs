//! Types as SQL calls them, and what ODBC and JDBC want to know of each.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{CommandGetXdbcTypeInfo, Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};

use super::unmade;
use crate::error::Result;

/// The types there are, or those of one code, ordered by their codes and names.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn rows(command: &CommandGetXdbcTypeInfo) -> Result<RecordBatch> {
    types().and_then(|types| types.record_batch(command.data_type)).map_err(unmade)
}

/// The schema of [`rows`].
pub(super) fn schema() -> SchemaRef {
    XdbcTypeInfoDataBuilder::new().schema()
}

fn types() -> arrow_flight::error::Result<XdbcTypeInfoData> {
    use XdbcDataType as Type;
    let mut types = XdbcTypeInfoDataBuilder::new();
    types.append(XdbcTypeInfo { create_params: None, ..number("BIGINT", Type::XdbcBigint, 19, Some((0, 0))) });
    types.append(XdbcTypeInfo {
        create_params: Some(vec!["precision".into(), "scale".into()]),
        ..number("DECIMAL", Type::XdbcDecimal, 38, Some((0, 38)))
    });
    types.append(number("DOUBLE", Type::XdbcDouble, 53, None));
    types.append(XdbcTypeInfo { column_size: Some(1), ..plain("BOOLEAN", Type::XdbcBit) });
    types.append(XdbcTypeInfo {
        column_size: Some(i32::MAX),
        case_sensitive: true,
        searchable: Searchable::Full,
        ..quoted("VARCHAR", Type::XdbcVarchar, "'")
    });
    for (name, code, size, scale, subcode) in [
        // SQL's own code for DATE is 1, which the enumeration calls by its other meaning.
        ("DATE", Type::XdbcDate, 10, 0, XdbcDatetimeSubcode::XdbcSubcodeYear),
        ("TIME", Type::XdbcTime, 15, 6, XdbcDatetimeSubcode::XdbcSubcodeTime),
        ("TIMESTAMP", Type::XdbcTimestamp, 26, 6, XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
        ("TIMESTAMP WITH TIME ZONE", Type::XdbcTimestamp, 32, 6, XdbcDatetimeSubcode::XdbcSubcodeTimestampWithTimezone),
    ] {
        let word = name.split(' ').next().unwrap_or(name);
        types.append(XdbcTypeInfo {
            column_size: Some(size),
            minimum_scale: Some(scale),
            maximum_scale: Some(scale),
            sql_data_type: Type::XdbcDatetime,
            datetime_subcode: Some(subcode),
            ..quoted(name, code, &format!("{word} '"))
        });
    }
    types.build()
}

fn plain(name: &str, code: XdbcDataType) -> XdbcTypeInfo {
    XdbcTypeInfo {
        type_name: name.into(),
        data_type: code,
        sql_data_type: code,
        local_type_name: Some(name.into()),
        nullable: Nullable::NullabilityNullable,
        searchable: Searchable::Basic,
        ..XdbcTypeInfo::default()
    }
}

/// A type of numbers: of so many decimal digits where there are scales, else of so many bits.
fn number(name: &str, code: XdbcDataType, size: i32, scales: Option<(i32, i32)>) -> XdbcTypeInfo {
    XdbcTypeInfo {
        column_size: Some(size),
        unsigned_attribute: Some(false),
        auto_increment: Some(false),
        minimum_scale: scales.map(|(least, _)| least),
        maximum_scale: scales.map(|(_, most)| most),
        num_prec_radix: Some(if scales.is_some() { 10 } else { 2 }),
        ..plain(name, code)
    }
}

fn quoted(name: &str, code: XdbcDataType, prefix: &str) -> XdbcTypeInfo {
    XdbcTypeInfo { literal_prefix: Some(prefix.into()), literal_suffix: Some("'".into()), ..plain(name, code) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql_type;
    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, Int32Type, TimeUnit};

    fn names(data_type: Option<i32>) -> Vec<String> {
        let rows = rows(&CommandGetXdbcTypeInfo { data_type }).unwrap();
        assert_eq!(rows.schema(), schema());
        rows.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    }

    #[test]
    fn types_are_told_all_or_by_code() {
        let all = names(None);
        assert_eq!(all.len(), 9);
        assert_eq!(all[..2], ["BOOLEAN", "BIGINT"]);
        assert_eq!(names(Some(93)), ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE"]);
        assert_eq!(names(Some(12)), ["VARCHAR"]);
        assert!(names(Some(4711)).is_empty());
        let rows = rows(&CommandGetXdbcTypeInfo { data_type: None }).unwrap();
        assert!(rows.column(1).as_primitive::<Int32Type>().values().is_sorted());
    }

    #[test]
    fn columns_have_types_that_are_told() {
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let clock = DataType::Timestamp(TimeUnit::Microsecond, None);
        let all = names(None);
        for of in [
            DataType::Utf8,
            DataType::Int64,
            DataType::Float64,
            DataType::Decimal128(12, 2),
            DataType::Boolean,
            DataType::Date32,
            DataType::Time64(TimeUnit::Microsecond),
            instant,
            clock,
        ] {
            assert!(all.contains(&sql_type(&of).to_owned()), "{of}");
        }
    }
}
