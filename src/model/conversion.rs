//! What the types of sources become in the mart, and which conversions there are.

use arrow::datatypes::DataType;

use super::shape::instant;

/// The mart's type for a value of `source`'s type; none if the mart holds no such values. A timestamp without a
/// zone becomes an instant, for which its zone must be known.
pub fn mart_type(source: &DataType) -> Option<DataType> {
    use DataType::{
        Boolean, Date32, Date64, Decimal32, Decimal64, Decimal128, Dictionary, Float16, Float32, Float64, Int8, Int16,
        Int32, Int64, LargeUtf8, Null, RunEndEncoded, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    Some(match source {
        Utf8 | LargeUtf8 | Utf8View | Null => Utf8,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => Int64,
        Float16 | Float32 | Float64 => Float64,
        Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) if *scale >= 0 => {
            Decimal128(*precision, *scale)
        }
        Boolean => Boolean,
        Date32 | Date64 => Date32,
        Timestamp(_, _) => instant(),
        Dictionary(_, values) => return mart_type(values),
        RunEndEncoded(_, values) => return mart_type(values.data_type()),
        _ => return None,
    })
}

/// Why a source's column cannot become `mart`, if it cannot; `zone` says whether `stored_in` is given.
///
/// Text is parsed. Numbers become other numbers where the value is the same (a double up to 1e-6 of the last digit
/// of a decimal), else the row cannot be read. All but doubles become text. A timestamp without a zone becomes an
/// instant by `stored_in`, or the date it shows; a date becomes the instant of its midnight by `stored_in`.
pub fn refuse_conversion(source: &DataType, mart: &DataType, zone: bool) -> Option<String> {
    let (has_zone, source_type) = match source {
        DataType::Dictionary(_, values) => return refuse_conversion(values, mart, zone),
        DataType::RunEndEncoded(_, values) => return refuse_conversion(values.data_type(), mart, zone),
        DataType::Timestamp(_, zone) => (zone.is_some(), "a timestamp"),
        _ => (false, ""),
    };
    let Some(found) = mart_type(source) else {
        let held = in_words(source);
        return Some(format!(
            "its source holds {held}, which the mart does not store; write the file without that column, or with it as text or a number"
        ));
    };
    let is_instant = matches!(mart, DataType::Timestamp(_, _));
    if zone && !is_instant {
        return Some(format!("`stored_in` is for timestamps, and this is {}; leave it out", type_name(mart)));
    }
    if zone && has_zone {
        return Some("its source already says the zone of its timestamps; leave `stored_in` out".into());
    }
    if is_instant && !zone && !has_zone && is_wall_clock(source) {
        let kind = if source_type.is_empty() { "its source" } else { source_type };
        return Some(format!(
            "{kind} does not say its zone; add `stored_in: ZONE` (UTC for one), or `type: date` if only the day counts"
        ));
    }
    if source == &DataType::Null || converts(&found, mart, has_zone) {
        return None;
    }
    let hint = match (&found, mart) {
        (DataType::Timestamp(_, _), DataType::Date32) => "; its day depends on the zone, so keep it a timestamp",
        _ => "",
    };
    Some(format!("its source holds {}, which cannot become {}{hint}", type_name(&found), type_name(mart)))
}

/// Values of a type that the mart does not store.
fn in_words(source: &DataType) -> String {
    match source {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "lists".into(),
        DataType::Struct(_) => "structures".into(),
        DataType::Map(..) => "maps".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary values".into()
        }
        DataType::Time32(_) | DataType::Time64(_) => "times of day".into(),
        DataType::Decimal256(digits, _) => format!("decimals of {digits} digits"),
        other => other.to_string(),
    }
}

/// Whether a value of this type is an instant only together with a zone.
fn is_wall_clock(source: &DataType) -> bool {
    matches!(
        source,
        DataType::Timestamp(_, None)
            | DataType::Date32
            | DataType::Date64
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
    )
}

fn converts(found: &DataType, mart: &DataType, has_zone: bool) -> bool {
    use DataType::{Boolean, Date32, Decimal128, Float64, Int64, Timestamp, Utf8};
    match (found, mart) {
        (Utf8, _) | (Int64 | Decimal128(_, _) | Boolean | Date32, Utf8) => true,
        (Int64 | Float64 | Decimal128(_, _), Int64 | Float64 | Decimal128(_, _)) => true,
        (Boolean, Boolean) | (Date32, Date32 | Timestamp(_, _)) | (Timestamp(_, _), Timestamp(_, _)) => true,
        (Timestamp(_, _), Date32) => !has_zone,
        _ => false,
    }
}

/// A type of the mart as a model writes it.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => "text".into(),
        DataType::Int64 => "integer".into(),
        DataType::Float64 => "double".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date".into(),
        DataType::Timestamp(_, Some(_)) => "timestamp".into(),
        DataType::Timestamp(_, None) => "timestamp without a zone".into(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn sources_widen_to_the_types_of_the_mart() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8));
        assert_eq!(mart_type(&dictionary), Some(DataType::Utf8));
        assert_eq!(mart_type(&DataType::UInt16), Some(DataType::Int64));
        assert_eq!(mart_type(&DataType::Float32), Some(DataType::Float64));
        assert_eq!(mart_type(&DataType::Timestamp(TimeUnit::Nanosecond, None)), Some(instant()));
        assert_eq!(mart_type(&DataType::Decimal128(9, -2)), None);
        assert_eq!(mart_type(&DataType::Binary), None);
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        assert!(refuse_conversion(&list, &DataType::Utf8, false).is_some_and(|why| why.contains("does not store")));
    }

    #[test]
    fn timestamps_need_a_zone_once() {
        let naive = DataType::Timestamp(TimeUnit::Millisecond, None);
        let zoned = DataType::Timestamp(TimeUnit::Millisecond, Some("+08:00".into()));
        let why = |source: &DataType, mart: &DataType, zone| refuse_conversion(source, mart, zone).unwrap_or_default();
        assert!(why(&naive, &instant(), false).contains("stored_in"));
        assert!(why(&DataType::Utf8, &instant(), false).contains("stored_in"));
        assert!(why(&zoned, &instant(), true).contains("already"));
        assert!(why(&naive, &DataType::Date32, true).contains("for timestamps"));
        assert!(why(&zoned, &DataType::Date32, false).contains("depends on the zone"));
        assert!(why(&DataType::Int64, &instant(), true).contains("cannot become"));
        for (source, mart, zone) in [
            (&naive, instant(), true),
            (&zoned, instant(), false),
            (&naive, DataType::Date32, false),
            (&DataType::Date32, instant(), true),
        ] {
            assert_eq!(refuse_conversion(source, &mart, zone), None, "{source} to {mart}");
        }
    }

    #[test]
    fn values_convert_where_they_stay_the_same() {
        let money = DataType::Decimal128(12, 2);
        for (source, mart) in [
            (DataType::Utf8, DataType::Boolean),
            (DataType::Float64, money.clone()),
            (DataType::Float32, DataType::Int64),
            (DataType::Int32, DataType::Utf8),
            (DataType::Null, DataType::Boolean),
            (money, DataType::Float64),
        ] {
            assert_eq!(refuse_conversion(&source, &mart, false), None, "{source} to {mart}");
        }
        for (source, mart) in [
            (DataType::Float64, DataType::Utf8),
            (DataType::Int64, DataType::Boolean),
            (DataType::Boolean, DataType::Int64),
            (DataType::Int64, DataType::Date32),
            (DataType::Date32, DataType::Int64),
        ] {
            assert!(refuse_conversion(&source, &mart, false).is_some(), "{source} to {mart}");
        }
    }
}
