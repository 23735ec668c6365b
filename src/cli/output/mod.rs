//! Results on stdout, in the format that was asked for. A reader that goes away (`| head`) ends the output quietly.

mod binary;
mod grid;
mod layout;
mod pipe;
mod text;

pub(super) use grid::{Grid, Side, counted, grouped};
pub(super) use layout::{Form, Sheet, lay_out};
pub(super) use pipe::apart;

use std::io::{IsTerminal, stdout};
use std::pin::Pin;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use arrow::util::display::FormatOptions;
use clap::ValueEnum;
use futures::{Stream, StreamExt, stream};
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};

use super::terminal::Terminal;
use pipe::pour;

/// Batches on their way to stdout.
pub(super) type Batches = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// The most rows that a table holds: it is laid out as a whole.
const TABLE_ROWS: usize = 10_000;

/// How to print a result. The command's help says it on one line; a line for each would set that help apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    // For people.
    Table,
    // RFC 4180, with a header; NULL is empty, and quoted where the line would be empty.
    Csv,
    // A list of objects; decimals with all their digits.
    Json,
    // A Parquet file.
    Parquet,
    // An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// Its name, as it is given.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Refuses formats that would garble a terminal, or hold one result and not several.
pub(super) fn allowed(format: Format, results: usize) -> Result<()> {
    let binary = matches!(format, Format::Parquet | Format::Arrow);
    if binary && stdout().is_terminal() {
        return Err(Error::misconfigured("this format is not for terminals; send it to a file: > result"));
    }
    if (binary || format == Format::Json) && results > 1 {
        return Err(Error::misconfigured(format!("{results} results do not fit into one file; ask for one")));
    }
    Ok(())
}

/// Prints a text.
///
/// # Errors
/// Exhausted: stdout cannot be written.
pub(super) async fn print(text: String) -> Result<()> {
    pour(stream::iter([Ok(text.into_bytes())])).await
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
        Format::Parquet => binary::write::<ArrowWriter<Vec<u8>>>(schema, batches).await,
        Format::Arrow => binary::write::<StreamWriter<Vec<u8>>>(schema, batches).await,
    }
}

/// The first rows of a result, and whether there are more.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) grid: Grid,
    pub(super) rows: usize,
    pub(super) more: bool,
}

impl Table {
    /// Gathers the first rows; what is left of the result is not asked for. On a terminal numbers are written as the
    /// model formats them.
    ///
    /// # Errors
    /// As the batches. Invalid: a column of a type that has no text.
    pub(super) async fn gather(schema: &SchemaRef, mut batches: Batches, sheet: Sheet) -> Result<Self> {
        let mut grid = Grid::of(schema, sheet.formats);
        let (mut rows, mut more) = (0, false);
        while !more && let Some(batch) = batches.next().await {
            let batch = batch?;
            more = batch.num_rows() > TABLE_ROWS - rows;
            let taken = batch.slice(0, batch.num_rows().min(TABLE_ROWS - rows));
            rows += taken.num_rows();
            grid.batch(&taken)?;
        }
        Ok(Self { grid, rows, more })
    }

    /// Says how many rows there are, and what is not shown, which `whole` prints; `end` follows.
    pub(super) fn tell(&self, cut: bool, whole: &str, terminal: Terminal, end: &str) {
        let rows = counted(self.rows as u64, "row", "rows");
        if self.more {
            terminal.warn(&format!("the first {rows}; there are more, and {whole} prints them all{end}"));
        } else if cut {
            terminal
                .note(&format!("{rows}; texts are cut to the terminal's width, and {whole} prints them whole{end}"));
        } else {
            terminal.note(&format!("{rows}{end}"));
        }
    }
}

/// Prints a table of the first rows.
async fn table(schema: &SchemaRef, batches: Batches, terminal: Terminal) -> Result<()> {
    let sheet = terminal.sheet();
    let table = Table::gather(schema, batches, sheet).await?;
    let laid = lay_out(&table.grid, sheet);
    print(laid.text).await?;
    table.tell(laid.cut, "--format csv", terminal, "");
    Ok(())
}

/// What EXPLAIN answers: each plan as the lines that it is, under its name.
pub(super) async fn plans(mut batches: Batches) -> Result<String> {
    let options = FormatOptions::default();
    let mut text = String::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let formatters = text::formatters(&batch, &options)?;
        for row in 0..batch.num_rows() {
            for (at, formatter) in formatters.iter().enumerate() {
                let indent = if at == 0 { "" } else { "  " };
                for line in formatter.value(row).to_string().lines() {
                    text.push_str(&format!("{indent}{line}\n"));
                }
            }
        }
    }
    Ok(text)
}

async fn csv(schema: &SchemaRef, batches: Batches) -> Result<()> {
    shown(schema)?;
    let header = stream::iter([Ok(text::csv_header(schema).into_bytes())]);
    let rows = batches.map(|batch| Ok(text::csv(&batch?)?.into_bytes()));
    pour(header.chain(rows)).await
}

async fn json(schema: &SchemaRef, batches: Batches) -> Result<()> {
    shown(schema)?;
    let mut separator = "\n";
    let objects = batches.map(|batch| {
        let mut piece = String::new();
        for object in text::json(schema, &batch?)? {
            piece.push_str(std::mem::replace(&mut separator, ",\n"));
            piece.push_str(&object);
        }
        Ok(piece.into_bytes())
    });
    let piece = |text: &str| stream::iter([Ok(text.as_bytes().to_vec())]);
    pour(piece("[").chain(objects).chain(piece("\n]\n"))).await
}

/// Refuses a result that cannot be written as text, before any of it is.
fn shown(schema: &SchemaRef) -> Result<()> {
    text::formatters(&RecordBatch::new_empty(SchemaRef::clone(schema)), &FormatOptions::default()).map(drop)
}
