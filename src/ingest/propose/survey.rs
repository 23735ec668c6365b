//! All rows of a table, read once: the types, NULLs and distinct values of its columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, TimestampMicrosecondType};
use chrono_tz::Tz;

use crate::error::{Error, Result};
use crate::ingest::sources::SourceFile;
use crate::ingest::{Progress, cast, number, read, time};
use crate::model::{self, FileFormat, instant, mart_type, type_name};

use super::encoding;
use super::files::Draft;
use super::names::{fold, free, title};
use super::types::{Evidence, Guess, zoned};
use super::values::{Hashes, visit};

/// So many distinct values of a column are kept apart; of a column with more it is known that there are many.
pub(super) const MOST_DISTINCT: usize = 1 << 18;
/// So many rows are kept to try keys of several columns on.
const SAMPLE_ROWS: usize = 20_000;
/// What decimals a double may stand for: digits in all and behind the point.
const DECIMALS: [(u8, i8); 3] = [(12, 2), (18, 2), (18, 4)];
const MICROS_A_DAY: i64 = 86_400_000_000;

/// A table and what its rows say.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) patterns: Vec<String>,
    pub(super) source: Source,
    pub(super) rows: u64,
    pub(super) columns: Vec<Column>,
}

/// A column and what its values say.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its name in the file.
    pub(super) from: String,
    pub(super) title: Option<String>,
    pub(super) guess: Guess,
    pub(super) nulls: u64,
    /// The hashes of its values, in order; not of all where there are many.
    pub(super) values: Vec<u64>,
    pub(super) is_complete: bool,
    /// Whether some value is known to occur twice.
    pub(super) repeats: bool,
    /// The least and the greatest whole number.
    pub(super) span: Option<(i64, i64)>,
    /// The first rows' hashes; 0 is NULL.
    pub(super) sample: Vec<u64>,
}

/// A table's files, to be read as often as needed.
#[derive(Debug)]
pub(super) struct Source {
    table: String,
    format: FileFormat,
    files: Vec<SourceFile>,
    columns: Vec<model::Column>,
}

impl Source {
    fn new(table: &str, format: FileFormat, files: Vec<SourceFile>, schema: &SchemaRef) -> Result<Self> {
        let column = |field: &Arc<Field>| {
            let data_type = mart_type(field.data_type()).ok_or_else(|| {
                Error::invalid(format!(
                    "table '{table}': column '{}' is {}, which the mart does not hold; write the file without it, or with \
                     it as text or a number",
                    field.name(),
                    type_name(field.data_type())
                ))
            })?;
            // Read as if in UTC, a wall clock stays what the file shows.
            let stored_in = matches!(field.data_type(), DataType::Timestamp(_, None)).then_some(Tz::UTC);
            let (name, from) = (field.name().clone(), field.name().clone());
            let (title, description, labels, order) = (None, None, None, None);
            Ok(model::Column { name, from, data_type, stored_in, title, description, labels, order })
        };
        let columns = schema.fields().iter().map(column).collect::<Result<_>>()?;
        Ok(Self { table: table.to_owned(), format, files, columns })
    }

    /// Whether the files name no types.
    pub(super) fn is_csv(&self) -> bool {
        self.format == FileFormat::Csv
    }

    /// Takes the arrays of these columns, batch by batch.
    pub(super) fn each(&self, wanted: &[usize], mut take: impl FnMut(&[ArrayRef])) -> Result<()> {
        let columns: Vec<model::Column> = wanted.iter().map(|at| self.columns[*at].clone()).collect();
        let fields = columns.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        for file in &self.files {
            self.file(file, &columns, &schema, &mut take)
                .map_err(|error| encoding::explained(error, file, self.format))?;
            file.still_the_same(&self.table)?;
        }
        Ok(())
    }

    fn file(
        &self,
        file: &SourceFile,
        columns: &[model::Column],
        schema: &SchemaRef,
        take: &mut impl FnMut(&[ArrayRef]),
    ) -> Result<()> {
        let is_wanted = |name: &str| columns.iter().any(|column| column.from == name);
        let mut first_row = 1;
        for batch in read::raw(&self.table, file, self.format, is_wanted)? {
            let batch: RecordBatch = batch?;
            let unit = if self.format == FileFormat::Csv { "data row" } else { "row" };
            let place = cast::Place { table: &self.table, file: &file.shown, first_row, unit };
            take(cast::batch(&batch, columns, schema, &place)?.columns());
            first_row += batch.num_rows() as u64;
        }
        Ok(())
    }
}

/// Reads all rows of a table.
pub(super) fn survey(draft: Draft, zone: Tz, progress: &dyn Progress) -> Result<Table> {
    let Draft { name, title: table_title, patterns, format, files, schema } = draft;
    let bytes = files.iter().map(|file| file.size).sum();
    progress.begin(&name, bytes, crate::ingest::sources::row_count(&files, format));
    let source = Source::new(&name, format, files, &schema)?;
    let mut states: Vec<State> = schema.fields().iter().map(|field| State::new(field.data_type(), zone)).collect();
    let mut rows = 0;
    let all: Vec<usize> = (0..states.len()).collect();
    source.each(&all, |arrays| {
        states.iter_mut().zip(arrays).for_each(|(state, array)| state.take(array));
        let read = arrays.first().map_or(0, |array| array.len() as u64);
        rows += read;
        progress.advance(&name, read);
    })?;
    if rows == 0 {
        let shown = patterns.join("', '");
        return Err(Error::invalid(format!(
            "table '{name}': '{shown}' has no rows, so nothing can be told of its columns"
        )));
    }
    let mut columns: Vec<Column> = Vec::new();
    for (at, (field, state)) in schema.fields().iter().zip(states).enumerate() {
        let from = field.name().clone();
        let name = free(fold(&from, "column", at + 1), |name| columns.iter().any(|column| column.name == name));
        columns.push(state.column(name, from, format));
    }
    Ok(Table { name, title: table_title, patterns, source, rows, columns })
}

/// What is known of a column so far.
struct State {
    source: DataType,
    zone: Tz,
    evidence: Evidence,
    /// Which of the decimals the doubles are, and whether they are whole.
    decimals: [bool; 3],
    whole: bool,
    midnights: bool,
    moments: bool,
    nulls: u64,
    seen: Hashes,
    is_complete: bool,
    repeats: bool,
    span: Option<(i64, i64)>,
    sample: Vec<u64>,
}

impl State {
    fn new(source: &DataType, zone: Tz) -> Self {
        Self {
            source: source.clone(),
            zone,
            evidence: Evidence::new(zone),
            decimals: [true; 3],
            whole: true,
            midnights: true,
            moments: true,
            nulls: 0,
            seen: Hashes::default(),
            is_complete: true,
            repeats: false,
            span: None,
            sample: Vec::new(),
        }
    }

    fn take(&mut self, array: &ArrayRef) {
        match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().iter().flatten().for_each(|text| self.evidence.see(text)),
            DataType::Float64 => self.doubles(array),
            DataType::Timestamp(..) if matches!(self.source, DataType::Timestamp(_, None)) => self.clocks(array),
            _ => {}
        }
        self.nulls += array.logical_null_count() as u64;
        if !self.is_complete && !matches!(array.data_type(), DataType::Int64) {
            return;
        }
        visit(array, |value| {
            if self.sample.len() < SAMPLE_ROWS {
                self.sample.push(value.map_or(0, |value| value.hash.max(1)));
            }
            let Some(value) = value else { return };
            if let Some(whole) = value.whole {
                let (low, high) = self.span.unwrap_or((whole, whole));
                self.span = Some((low.min(whole), high.max(whole)));
            }
            if self.is_complete {
                self.repeats |= !self.seen.insert(value.hash);
                self.is_complete = self.seen.len() < MOST_DISTINCT;
            }
        });
    }

    fn doubles(&mut self, array: &ArrayRef) {
        let doubles = array.as_primitive::<Float64Type>();
        self.whole = self.whole && number::whole(doubles).is_ok();
        for (fits, (precision, scale)) in self.decimals.iter_mut().zip(DECIMALS) {
            *fits = *fits && number::decimals(doubles, precision, scale).is_ok();
        }
    }

    /// Wall clocks: whether they are days, and whether each is one moment in the zone.
    fn clocks(&mut self, array: &ArrayRef) {
        let clocks = array.as_primitive::<TimestampMicrosecondType>();
        self.midnights = self.midnights && clocks.iter().flatten().all(|clock| clock % MICROS_A_DAY == 0);
        let bare: ArrayRef = Arc::new(clocks.clone().with_timezone_opt(None::<Arc<str>>));
        self.moments = self.moments && time::instants(&bare, &instant(), Some(self.zone)).is_ok();
    }

    fn column(self, name: String, from: String, format: FileFormat) -> Column {
        let guess = match format {
            FileFormat::Csv => self.evidence.decide(&name, &from),
            FileFormat::Parquet => self.typed(),
        };
        let mut values: Vec<u64> = self.seen.into_iter().collect();
        values.sort_unstable();
        Column {
            title: title(&from).filter(|title| *title != name),
            name,
            from,
            guess,
            nulls: self.nulls,
            values,
            is_complete: self.is_complete,
            repeats: self.repeats,
            span: self.span,
            sample: self.sample,
        }
    }

    /// The type of a column whose file says one.
    fn typed(&self) -> Guess {
        let own = mart_type(&self.source).unwrap_or(DataType::Utf8);
        let plain = Guess { plain: true, ..Guess::new(own.clone(), None) };
        match own {
            DataType::Utf8 => self.evidence.moment().unwrap_or(plain),
            DataType::Float64 if self.seen.is_empty() => plain,
            DataType::Float64 if self.whole => {
                Guess::new(DataType::Int64, Some("doubles in the file, all of them whole".into()))
            }
            DataType::Float64 => match self.decimals.iter().zip(DECIMALS).find(|(fits, _)| **fits) {
                Some((_, (precision, scale))) => {
                    let why = format!("doubles in the file, none with more than {scale} digits behind the point");
                    Guess::new(DataType::Decimal128(precision, scale), Some(why))
                }
                None => plain,
            },
            DataType::Timestamp(..) if matches!(self.source, DataType::Timestamp(_, None)) => match self.midnights {
                true => Guess::new(DataType::Date32, Some("midnight in every row".into())),
                false => zoned(Guess::new(instant(), None), self.zone, self.moments),
            },
            _ => plain,
        }
    }
}
