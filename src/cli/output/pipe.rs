//! Stdout and stdin on threads of their own: whoever waits for a reader or a writer can still be told to stop.

use std::io::{ErrorKind, Write, stdout};
use std::thread;

use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};

/// How many pieces may wait to be written.
const WAITING: usize = 2;

/// Runs `work`, which may block for ever, on a thread that nobody waits for when the process ends.
pub(in crate::cli) async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    spawn(move || {
        // Whoever asked may have been stopped.
        let _ = done.send(work());
    })?;
    outcome.await.map_err(|error| Error::internal("a thread stopped unexpectedly").with_source(error))?
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name("stdio".to_owned()).spawn(work);
    thread.map(drop).map_err(|error| Error::unavailable("no thread can be started").with_source(error))
}

/// Writes pieces to stdout as they come. A reader that goes away ends the output, and is no error; what came before an
/// error is written.
///
/// # Errors
/// Exhausted: stdout cannot be written. Otherwise as the pieces.
pub(super) async fn pour(pieces: impl Stream<Item = Result<Vec<u8>>>) -> Result<()> {
    let (sender, received) = mpsc::channel(WAITING);
    let give = async move {
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.next().await.transpose()? {
            if sender.send(piece).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let (given, written) = tokio::join!(give, apart(move || write(received)));
    written.and(given)
}

fn write(mut pieces: mpsc::Receiver<Vec<u8>>) -> Result<()> {
    let mut out = stdout();
    let mut written = || {
        while let Some(piece) = pieces.blocking_recv() {
            out.write_all(&piece)?;
        }
        out.flush()
    };
    match written() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::exhausted(format!("stdout cannot be written: {error}")).with_source(error))
        }
        _ => Ok(()),
    }
}
