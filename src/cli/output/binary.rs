//! Results as Parquet and Arrow files: formats whose writers own the output that they write to.

use std::io::{BufWriter, ErrorKind, Stdout, Write, stdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::StreamWriter;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;

use crate::cli::sql::Batches;
use crate::error::{Error, Result};

use super::Format;

/// Stdout as a writer that remembers whether its reader went away; what is written then is lost, and no error.
#[derive(Clone)]
struct Pipe(Arc<Mutex<Stream>>);

struct Stream {
    out: BufWriter<Stdout>,
    alive: bool,
}

impl Pipe {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Stream { out: BufWriter::new(stdout()), alive: true })))
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn outcome(&mut self, written: std::io::Result<()>) -> std::io::Result<()> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.alive = false;
                Ok(())
            }
            other => other,
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut stream = self.stream();
        if stream.alive {
            let written = stream.out.write_all(bytes);
            stream.outcome(written)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let mut stream = self.stream();
        let flushed = if stream.alive { stream.out.flush() } else { Ok(()) };
        stream.outcome(flushed)
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

/// Writes a result as its batches arrive.
pub(super) async fn write(format: Format, schema: SchemaRef, mut batches: Batches) -> Result<()> {
    let mut pipe = Pipe::new();
    let mut encoder = if format == Format::Parquet {
        Encoder::Parquet(Box::new(ArrowWriter::try_new(pipe.clone(), schema, None).map_err(unwritten)?))
    } else {
        Encoder::Arrow(Box::new(StreamWriter::try_new(pipe.clone(), &schema).map_err(unwritten)?))
    };
    while pipe.stream().alive
        && let Some(batch) = batches.next().await
    {
        encoder.write(&batch?)?;
    }
    encoder.finish()?;
    pipe.flush().map_err(unwritten)
}
