//! Values of tables that are made row by row: what they are, and how they become columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use chrono::{DateTime, Utc};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// A measured quantity, such as milliseconds.
    Quantity,
    Flag,
    Instant,
    Texts,
}

/// A value; NULL is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(Option<String>),
    Number(Option<i64>),
    Quantity(Option<f64>),
    Flag(Option<bool>),
    Instant(Option<DateTime<Utc>>),
    Texts(Vec<String>),
}

impl Cell {
    /// A text, or NULL.
    pub(super) fn text<T: Into<String>>(text: Option<T>) -> Self {
        Self::Text(text.map(Into::into))
    }

    /// A text.
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()))
    }

    /// A count.
    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self::Number(Some(count.try_into().unwrap_or(i64::MAX)))
    }
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Number => DataType::Int64,
            Self::Quantity => DataType::Float64,
            Self::Flag => DataType::Boolean,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Texts => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        }
    }
}

/// The column of these cells; none where one is missing or of another kind.
pub(super) fn column<'c>(kind: Kind, cells: impl Iterator<Item = Option<&'c Cell>>) -> Option<ArrayRef> {
    macro_rules! taken {
        ($variant:ident) => {
            cells.map(|cell| if let Some(Cell::$variant(value)) = cell { Some(value.clone()) } else { None })
        };
    }
    Some(match kind {
        Kind::Text => Arc::new(StringArray::from(taken!(Text).collect::<Option<Vec<_>>>()?)),
        Kind::Number => Arc::new(Int64Array::from(taken!(Number).collect::<Option<Vec<_>>>()?)),
        Kind::Quantity => Arc::new(Float64Array::from(taken!(Quantity).collect::<Option<Vec<_>>>()?)),
        Kind::Flag => Arc::new(BooleanArray::from(taken!(Flag).collect::<Option<Vec<_>>>()?)),
        Kind::Instant => {
            let instants = taken!(Instant).collect::<Option<Vec<_>>>()?;
            let micros = instants.into_iter().map(|instant| instant.map(|instant| instant.timestamp_micros()));
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        Kind::Texts => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for list in taken!(Texts).collect::<Option<Vec<_>>>()? {
                lists.append_value(list.into_iter().map(Some));
            }
            Arc::new(lists.finish())
        }
    })
}
