//! The types that results are made of: those that every driver reads.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};

/// The type in which values of type `held` are announced and sent, at any depth: text is Utf8, integers have a sign,
/// and whatever holds values may hold NULL. None where drivers cannot read such values.
pub fn sent(held: &DataType) -> Option<DataType> {
    Some(match held {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Dictionary(_, value) => sent(value)?,
        DataType::List(item) => DataType::List(nullable(item)?),
        DataType::LargeList(item) => DataType::LargeList(nullable(item)?),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(nullable(item)?, *length),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(nullable).collect::<Option<Fields>>()?),
        DataType::Map(entries, sorted) => DataType::Map(pairs(entries)?, *sorted),
        DataType::ListView(_) | DataType::LargeListView(_) | DataType::RunEndEncoded(..) | DataType::Union(..) => {
            return None;
        }
        other => other.clone(),
    })
}

fn nullable(field: &FieldRef) -> Option<FieldRef> {
    Some(Arc::new(Field::new(field.name(), sent(field.data_type())?, true)))
}

/// The entries of a map, of which Arrow wants that neither they nor their keys are NULL.
fn pairs(entries: &FieldRef) -> Option<FieldRef> {
    let DataType::Struct(fields) = entries.data_type() else { return None };
    let [key, value] = fields.as_ref() else { return None };
    let key = Arc::new(Field::new(key.name(), sent(key.data_type())?, false));
    let pair = DataType::Struct(Fields::from(vec![key, nullable(value)?]));
    Some(Arc::new(Field::new(entries.name(), pair, false)))
}

/// The name of a type in SQL.
pub fn sql_type(of: &DataType) -> &'static str {
    match of {
        DataType::Utf8 => "VARCHAR",
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "DECIMAL",
        DataType::Boolean => "BOOLEAN",
        DataType::Date32 => "DATE",
        DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Interval(_) => "INTERVAL",
        DataType::Binary => "VARBINARY",
        DataType::List(_) => "ARRAY",
        DataType::Map(..) => "MAP",
        DataType::Struct(_) => "STRUCT",
        _ => "OTHER",
    }
}

/// How many digits or characters a value of a type takes at most, and how many of them are of its fraction.
pub fn sql_size(of: &DataType) -> (Option<i32>, Option<i32>) {
    match of {
        DataType::Int64 => (Some(19), Some(0)),
        DataType::Float64 => (Some(15), None),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (Some(i32::from(*precision)), Some(i32::from(*scale)))
        }
        DataType::Boolean => (Some(1), None),
        DataType::Date32 => (Some(10), Some(0)),
        DataType::Time64(_) => (Some(15), Some(6)),
        DataType::Timestamp(..) => (Some(26), Some(6)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(item: DataType, nullable: bool) -> DataType {
        DataType::List(Arc::new(Field::new_list_field(item, nullable)))
    }

    #[test]
    fn what_is_sent_is_plain_at_any_depth() {
        let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8));
        let of = |text: &DataType, nullable| {
            let field = |name: &str, data_type| Field::new(name, data_type, nullable);
            list(DataType::Struct(Fields::from(vec![field("a", text.clone()), field("b", DataType::Null)])), nullable)
        };
        assert_eq!(sent(&of(&text, false)), Some(of(&DataType::Utf8, true)));
        let map = |text: DataType| {
            let pair = vec![Field::new("key", text.clone(), false), Field::new("value", text, true)];
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(Fields::from(pair)), false)), false)
        };
        assert_eq!(sent(&map(DataType::Utf8View)), Some(map(DataType::Utf8)));
        assert_eq!(sent(&list(DataType::UInt64, true)), Some(list(DataType::Int64, true)));
    }

    #[test]
    fn what_drivers_cannot_read_is_not_sent() {
        let view = DataType::ListView(Arc::new(Field::new_list_field(DataType::Int64, true)));
        assert_eq!(sent(&view), None);
        assert_eq!(sent(&list(view, true)), None);
    }
}
