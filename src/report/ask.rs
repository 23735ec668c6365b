//! Questions to the mart, and the tables that it answers: aggregates, few rows, read whole.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::array_value_to_string;
use chrono::{NaiveDate, NaiveDateTime};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::mart::Session;

use super::figure::Figure;

/// The most rows of an answer: what is drawn is looked at.
const MOST_ROWS: usize = 20_000;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The question.
    pub sql: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// A number.
    Figure(Figure),
    /// A day.
    Day(NaiveDate),
    /// A moment by the wall clock.
    Time(NaiveDateTime),
    /// A text, or what has no other form here.
    Text(String),
}

impl Cell {
    /// The number, if it is one.
    pub fn figure(&self) -> Option<Figure> {
        match self {
            Self::Figure(figure) => Some(*figure),
            _ => None,
        }
    }

    /// The day, of a day or a moment.
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(*day),
            Self::Time(time) => Some(time.date()),
            _ => None,
        }
    }

    /// The moment, of one or of a day's beginning.
    pub fn time(&self) -> Option<NaiveDateTime> {
        match self {
            Self::Day(day) => Some(NaiveDateTime::from(*day)),
            Self::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The value of a dimension's member; none of NULL, which stands for no known one.
    pub fn member(&self) -> Option<String> {
        match self {
            Self::Null => None,
            cell => Some(cell.written()),
        }
    }

    /// As files of data have it; nothing for none.
    pub fn written(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Figure(figure) => figure.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Time(time) => time.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Answered {
    /// The answer as CSV (RFC 4180) with a header.
    ///
    /// # Errors
    /// Internal: it cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>> {
        csv(self.columns.iter().cloned(), self.rows.iter().map(|row| row.iter().map(Cell::written)))
    }
}

/// Rows as CSV (RFC 4180) behind a header.
///
/// # Errors
/// Internal: they cannot be written.
pub fn csv<R: IntoIterator<Item = String>>(
    header: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>> {
    let unwritten = |error: csv::Error| Error::internal("a table cannot be written as CSV").with_source(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(unwritten)?;
    for row in rows {
        writer.write_record(row).map_err(unwritten)?;
    }
    writer.into_inner().map_err(|error| unwritten(error.into_error().into()))
}

/// Asks, and reads the whole answer.
///
/// # Errors
/// As [`Session::query`]. Exhausted: it has too many rows to be drawn.
pub async fn ask(session: &Session, sql: &str) -> Result<Answered> {
    let mut answer = session.query(sql).await?;
    let columns = answer.schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    while let Some(batch) = answer.try_next().await? {
        if rows.len() + batch.num_rows() > MOST_ROWS {
            return Err(Error::exhausted(format!(
                "a query of the report gives more than {MOST_ROWS} rows, which nobody can look at; ask for fewer groups"
            )));
        }
        rows.extend(read(&batch)?);
    }
    Ok(Answered { sql: sql.to_owned(), columns, rows })
}

fn read(batch: &RecordBatch) -> Result<Vec<Vec<Cell>>> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect()).collect()
}

fn cell(column: &dyn Array, row: usize) -> Result<Cell> {
    if column.is_null(row) {
        return Ok(Cell::Null);
    }
    let unreadable = || Error::internal(format!("a value of type {} cannot be read", column.data_type()));
    Ok(match column.data_type() {
        DataType::Int64 => Cell::Figure(Figure::whole(column.as_primitive::<Int64Type>().value(row).into())),
        DataType::Float64 => match Figure::of_double(column.as_primitive::<Float64Type>().value(row)) {
            Some(figure) => Cell::Figure(figure),
            None => Cell::Null,
        },
        DataType::Decimal128(_, scale) => {
            let places = u32::try_from(*scale).map_err(|_| unreadable())?;
            Cell::Figure(Figure::Exact { units: column.as_primitive::<Decimal128Type>().value(row), places })
        }
        DataType::Date32 => Cell::Day(column.as_primitive::<Date32Type>().value_as_date(row).ok_or_else(unreadable)?),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let times = column.as_primitive::<TimestampMicrosecondType>();
            Cell::Time(times.value_as_datetime(row).ok_or_else(unreadable)?)
        }
        _ => Cell::Text(array_value_to_string(column, row).map_err(|error| unreadable().with_source(error))?),
    })
}

/// A name as SQL writes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_csv() {
        let time = NaiveDate::from_ymd_opt(2017, 11, 26).unwrap().and_hms_opt(23, 28, 0).unwrap();
        let answered = Answered {
            sql: String::new(),
            columns: vec!["a".into(), "b, c".into()],
            rows: vec![
                vec![Cell::Text("x \"y\"\nz".into()), Cell::Figure(Figure::Exact { units: -5, places: 2 })],
                vec![Cell::Null, Cell::Time(time)],
            ],
        };
        let csv = String::from_utf8(answered.csv().unwrap()).unwrap();
        assert_eq!(csv, "a,\"b, c\"\n\"x \"\"y\"\"\nz\",-0.05\n,2017-11-26 23:28:00\n");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
