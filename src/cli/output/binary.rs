//! Results as Parquet and Arrow files.

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use futures::{StreamExt, stream};
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};

use super::Batches;
use super::pipe::pour;

/// What a row group of a Parquet file may take in memory before it is written.
const ROW_GROUP_BYTES: usize = 64 << 20;

/// A format whose writer turns batches into bytes.
pub(super) trait Encoder: Sized {
    /// The format's name, for messages.
    const NAME: &'static str;

    fn new(schema: SchemaRef) -> Result<Self>;
    fn batch(&mut self, batch: &RecordBatch) -> Result<()>;
    fn finish(&mut self) -> Result<()>;
    /// The bytes that are complete.
    fn bytes(&mut self) -> Result<Vec<u8>>;
}

impl Encoder for ArrowWriter<Vec<u8>> {
    const NAME: &'static str = "Parquet";

    fn new(schema: SchemaRef) -> Result<Self> {
        Self::try_new(Vec::new(), schema, None).map_err(unwritten)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.write(batch).map_err(unwritten)?;
        if self.memory_size() > ROW_GROUP_BYTES { self.flush().map_err(unwritten) } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<()> {
        Self::finish(self).map(drop).map_err(unwritten)
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        self.sync().map_err(unwritten)?;
        Ok(std::mem::take(self.inner_mut()))
    }
}

impl Encoder for StreamWriter<Vec<u8>> {
    const NAME: &'static str = "Arrow";

    fn new(schema: SchemaRef) -> Result<Self> {
        Self::try_new(Vec::new(), &schema).map_err(unwritten)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.write(batch).map_err(unwritten)
    }

    fn finish(&mut self) -> Result<()> {
        Self::finish(self).map_err(unwritten)
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        Ok(std::mem::take(self.get_mut()))
    }
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::exhausted(format!("the result cannot be written: {error}")).with_source(error)
}

/// Refuses a column of a type that the format has no writing for: it is tried with a NULL.
fn holds<E: Encoder>(field: &Field) -> Result<()> {
    let written = || {
        let schema = SchemaRef::new(Schema::new(vec![field.clone().with_nullable(true)]));
        let null = RecordBatch::try_new(SchemaRef::clone(&schema), vec![new_null_array(field.data_type(), 1)]);
        let mut encoder = E::new(schema)?;
        encoder.batch(&null.map_err(unwritten)?)?;
        encoder.finish()
    };
    written().map_err(|error: Error| {
        Error::invalid(format!(
            "a {} file cannot hold column '{}' of type {}; cast it to text, or choose another --format",
            E::NAME,
            field.name(),
            field.data_type()
        ))
        .with_source(error)
    })
}

/// Writes a result as its batches arrive.
///
/// # Errors
/// Invalid, before anything is written: a column of a type that the format cannot hold.
pub(super) async fn write<E: Encoder + Send>(schema: SchemaRef, batches: Batches) -> Result<()> {
    schema.fields().iter().try_for_each(|field| holds::<E>(field))?;
    let mut encoder = E::new(schema)?;
    let batches = batches.map(Some).chain(stream::iter([None]));
    let pieces = batches.map(|batch| {
        match batch {
            Some(batch) => encoder.batch(&batch?)?,
            None => encoder.finish()?,
        }
        encoder.bytes()
    });
    pour(pieces).await
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, IntervalUnit};

    use super::*;
    use crate::error::Kind;

    #[test]
    fn what_a_format_cannot_hold_is_named() {
        let field = |data_type| Field::new("span", data_type, true);
        let interval = field(DataType::Interval(IntervalUnit::MonthDayNano));
        let error = holds::<ArrowWriter<Vec<u8>>>(&interval).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.message().contains("'span' of type Interval"), "{error}");
        assert!(holds::<StreamWriter<Vec<u8>>>(&interval).is_ok());
        for fine in [DataType::Utf8, DataType::Decimal128(38, 2), DataType::Null, DataType::Date32] {
            assert!(holds::<ArrowWriter<Vec<u8>>>(&field(fine)).is_ok());
        }
    }

    #[test]
    fn row_groups_are_written_when_they_are_large() {
        let text: arrow::array::ArrayRef = std::sync::Arc::new(arrow::array::StringArray::from_iter_values(
            (0..1024).map(|row| format!("{row}{}", "x".repeat(16 << 10))),
        ));
        let batch = RecordBatch::try_from_iter([("text", text)]).unwrap();
        let mut encoder: ArrowWriter<Vec<u8>> = Encoder::new(batch.schema()).unwrap();
        let mut written = encoder.bytes().unwrap().len();
        for _ in 0..8 {
            encoder.batch(&batch).unwrap();
            written += encoder.bytes().unwrap().len();
            assert!(encoder.memory_size() <= ROW_GROUP_BYTES);
        }
        assert!(written > 0 && encoder.flushed_row_groups().len() > 1);
    }
}
