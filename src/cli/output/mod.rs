//! Results on stdout, in the format that was asked for. A reader that goes away (`| head`) ends the output quietly.

mod grid;
mod text;

pub(super) use grid::{Grid, grouped};

use std::io::{BufWriter, ErrorKind, IsTerminal, Stdout, Write, stdout};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use clap::ValueEnum;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};

use super::sql::Batches;
use super::terminal::Terminal;

/// The most rows that a table holds: it is laid out as a whole.
const TABLE_ROWS: usize = 10_000;

/// How to print a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// RFC 4180, with a header; NULL is empty.
    Csv,
    /// A list of objects; decimals with all their digits.
    Json,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

/// Refuses formats that would garble a terminal, or hold one result and not several.
pub(super) fn allowed(format: Format, statements: usize) -> Result<()> {
    let binary = matches!(format, Format::Parquet | Format::Arrow);
    if binary && stdout().is_terminal() {
        return Err(Error::misconfigured("this format is not for terminals; send it to a file: > result"));
    }
    if (binary || format == Format::Json) && statements > 1 {
        return Err(Error::misconfigured(format!("{statements} results do not fit into one file; send one statement")));
    }
    Ok(())
}

/// Prints a text.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = stdout();
    quiet(out.write_all(text.as_bytes()).and_then(|()| out.flush())).map(drop)
}

/// Whether to go on writing: a reader that has gone away is no error.
fn quiet(written: std::io::Result<()>) -> Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::exhausted(format!("stdout cannot be written: {error}")).with_source(error)),
    }
}

/// Prints a result as its batches arrive.
pub(super) async fn write(format: Format, schema: SchemaRef, batches: Batches, terminal: Terminal) -> Result<()> {
    if schema.fields().is_empty() {
        return Ok(());
    }
    match format {
        Format::Table => table(&schema, batches, terminal).await,
        Format::Csv => csv(&schema, batches).await,
        Format::Json => json(&schema, batches).await,
        Format::Parquet | Format::Arrow => binary(format, schema, batches).await,
    }
}

/// Prints a table of the first rows; what is left of the result is not asked for.
async fn table(schema: &SchemaRef, mut batches: Batches, terminal: Terminal) -> Result<()> {
    let mut grid = Grid::of(schema, terminal.colours_results());
    let (mut held, mut more) = (0, false);
    while !more && let Some(batch) = batches.next().await {
        let batch = batch?;
        more = batch.num_rows() > TABLE_ROWS - held;
        let taken = batch.slice(0, batch.num_rows().min(TABLE_ROWS - held));
        held += taken.num_rows();
        grid.batch(&taken)?;
    }
    print(&grid.to_string())?;
    let rows = if held == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(held as u64)) };
    if more {
        terminal.warn(&format!("the first {rows}; there are more, and --format csv prints them all"));
    } else {
        terminal.note(&rows);
    }
    Ok(())
}

async fn csv(schema: &SchemaRef, mut batches: Batches) -> Result<()> {
    let mut out = BufWriter::new(stdout());
    let mut alive = quiet(out.write_all(text::csv_header(schema).as_bytes()))?;
    while alive && let Some(batch) = batches.next().await {
        alive = quiet(out.write_all(text::csv(&batch?)?.as_bytes()))?;
    }
    quiet(out.flush()).map(drop)
}

async fn json(schema: &SchemaRef, mut batches: Batches) -> Result<()> {
    let mut out = BufWriter::new(stdout());
    let mut alive = quiet(out.write_all(b"["))?;
    let mut first = true;
    while alive && let Some(batch) = batches.next().await {
        for object in text::json(schema, &batch?)? {
            let comma = if std::mem::take(&mut first) { "\n" } else { ",\n" };
            alive = alive && quiet(out.write_all(comma.as_bytes()).and_then(|()| out.write_all(object.as_bytes())))?;
        }
    }
    quiet(out.write_all(b"\n]\n").and_then(|()| out.flush())).map(drop)
}

/// Stdout as a writer that remembers whether its reader went away.
#[derive(Clone)]
struct Pipe(Arc<Mutex<BufWriter<Stdout>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

enum Encoder {
    Parquet(Box<ArrowWriter<Pipe>>),
    Arrow(Box<StreamWriter<Pipe>>),
}

impl Encoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch).map_err(unwritten),
            Self::Arrow(writer) => writer.write(batch).map_err(unwritten),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.close().map(drop).map_err(unwritten),
            Self::Arrow(mut writer) => writer.finish().map_err(unwritten),
        }
    }
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::exhausted(format!("the result cannot be written: {error}")).with_source(error)
}

async fn binary(format: Format, schema: SchemaRef, mut batches: Batches) -> Result<()> {
    let mut pipe = Pipe(Arc::new(Mutex::new(BufWriter::new(stdout()))));
    let mut encoder = if format == Format::Parquet {
        Encoder::Parquet(Box::new(ArrowWriter::try_new(pipe.clone(), schema, None).map_err(unwritten)?))
    } else {
        Encoder::Arrow(Box::new(StreamWriter::try_new(pipe.clone(), &schema).map_err(unwritten)?))
    };
    while let Some(batch) = batches.next().await {
        encoder.write(&batch?)?;
    }
    encoder.finish()?;
    quiet(pipe.flush()).map(drop)
}
