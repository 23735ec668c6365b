//! The rows of a CSV file in batches. A batch is full by its rows or by its bytes: a column of texts holds 2 GiB at most,
//! and so many long rows as short ones would not fit.

use std::io::{BufRead, BufReader, Read};

use arrow::array::RecordBatch;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Decoder;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::{ROW_LIMIT_BYTES, TOO_LONG};

/// Batches of text, the header left out.
pub(in crate::ingest) struct Rows<R> {
    text: BufReader<R>,
    decoder: Decoder,
    batch_bytes: usize,
    /// What the decoder has taken since the last batch.
    taken: usize,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(text: R, schema: SchemaRef, batch_rows: usize, batch_bytes: usize) -> Self {
        let decoder = ReaderBuilder::new(schema).with_header(true).with_batch_size(batch_rows).build_decoder();
        Self { text: BufReader::new(text), decoder, batch_bytes, taken: 0 }
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        loop {
            let text = self.text.fill_buf()?;
            // A batch that has enough ends with the row, and a row ends with a line, though not every line ends a row.
            let enough = self.taken >= self.batch_bytes;
            let line_end = |text: &[u8]| text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = match enough.then(|| line_end(text)).flatten() {
                Some(end) => &text[..=end],
                None => text,
            };
            let wanted = self.decoder.capacity();
            let taken = self.decoder.decode(part)?;
            self.text.consume(taken);
            self.taken += taken;
            let left = self.decoder.capacity();
            if taken == 0 || left == 0 || (enough && left < wanted) {
                break;
            }
            if self.taken > self.batch_bytes + ROW_LIMIT_BYTES {
                return Err(ArrowError::CsvError(TOO_LONG.into()));
            }
        }
        self.taken = 0;
        self.decoder.flush()
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    /// The notes of each batch.
    fn batches(text: &str, batch_rows: usize, batch_bytes: usize) -> Vec<Vec<String>> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, true),
            Field::new("note", DataType::Utf8, true),
        ]));
        let rows = Rows::new(text.as_bytes(), schema, batch_rows, batch_bytes);
        let of = |batch: RecordBatch| {
            let notes = batch.column(1).as_string::<i32>().clone();
            (0..notes.len()).map(|at| notes.value(at).to_owned()).collect()
        };
        rows.map(|batch| of(batch.unwrap())).collect()
    }

    #[test]
    fn long_rows_make_small_batches() {
        for end in ["\n", "\r\n", "\r"] {
            // Lines within quotes, blank lines, and a last row without a line end: none of them may part a row.
            let long = "x".repeat(20_000);
            let note =
                |at: usize| if at.is_multiple_of(3) { format!("{at} {long}") } else { format!("{at}{end},\"\"") };
            let quoted = |at: usize| format!("{at},\"{}\"", note(at).replace("\"\"", "\"\"\"\""));
            let rows: Vec<String> = (0..60).map(quoted).collect();
            let text = format!("id,note{end}{}", rows.join(&format!("{end}{end}")));
            let wanted: Vec<String> = (0..60).map(note).collect();
            let whole = batches(&text, 8192, usize::MAX / 2);
            assert_eq!((whole.len(), &whole[0]), (1, &wanted), "{end:?}");
            for batch_bytes in [1, 7, 30_000] {
                let parts = batches(&text, 8192, batch_bytes);
                assert!(parts.len() > 10, "{end:?} {batch_bytes}: {}", parts.len());
                assert_eq!(parts.concat(), wanted, "{end:?} {batch_bytes}");
            }
            assert_eq!(batches(&text, 7, 30_000).concat(), wanted);
        }
    }
}
