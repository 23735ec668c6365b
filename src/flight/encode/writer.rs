//! Batches as Flight's messages. Each is written into as many bytes as the one before took, since most of a result's are
//! alike: bytes that grow as they are written would be copied again and again.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use arrow_flight::{FlightData, SchemaAsIpc};

use super::MESSAGE_BYTES;
use crate::error::{Error, Result};

/// What a message may take, with room for its frame within the 16 MiB that drivers read.
const MESSAGE_BYTES_MOST: usize = (16 << 20) - (64 << 10);

/// Writes the messages of one result.
pub(super) struct Writer {
    options: IpcWriteOptions,
    generator: IpcDataGenerator,
    /// No type that is sent has a dictionary.
    none: DictionaryTracker,
    context: IpcWriteContext,
}

impl Writer {
    /// A writer of the messages of one result.
    pub(super) fn new() -> Self {
        Self {
            options: IpcWriteOptions::default(),
            generator: IpcDataGenerator::default(),
            none: DictionaryTracker::new(true),
            context: IpcWriteContext::default(),
        }
    }

    /// The message that comes first.
    pub(super) fn schema(&self, schema: &Schema) -> FlightData {
        SchemaAsIpc::new(schema, &self.options).into()
    }

    /// A batch as a message.
    ///
    /// # Errors
    /// Exhausted: a row that no message holds. Internal: a type that is not sent.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<FlightData> {
        self.context.set_reserve_scratch(true);
        let (dictionaries, written) = self
            .generator
            .encode(batch, &mut self.none, &self.options, &mut self.context)
            .map_err(|error| Error::internal("the result cannot be sent").with_source(error))?;
        if !dictionaries.is_empty() {
            return Err(Error::internal("the result has a dictionary"));
        }
        let message = FlightData::from(written);
        let bytes = message.data_header.len() + message.data_body.len();
        if bytes > MESSAGE_BYTES {
            // The next will not be as large, and would hold what it does not need while it waits.
            self.context = IpcWriteContext::default();
        }
        if bytes > MESSAGE_BYTES_MOST {
            return Err(Error::exhausted(format!(
                "one row of the result takes {bytes} bytes, more than the {MESSAGE_BYTES_MOST} that a message may; \
                 select fewer or shorter columns"
            )));
        }
        Ok(message)
    }
}
