//! Messages that wait for the client, at most a few. A client that goes away, one that stops reading and a server that
//! ends all drop the query that makes them.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use arrow_flight::FlightData;
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::error::{Error, Result};

/// How many messages may wait.
pub(super) const WAITING: usize = 2;

/// How long a client is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// By when the last message must have been made.
    pub(super) deadline: Option<Instant>,
    /// How long one message may be left.
    pub(super) unread: Duration,
}

/// Where messages wait; dropping it ends what the client reads.
#[derive(Debug)]
pub(super) struct Outbox {
    sender: Sender<FlightData>,
    /// The client's end, which it alone keeps: a client that reads nothing cannot be made to drop what waits for it.
    waiting: Weak<Mutex<Receiver<FlightData>>>,
    patience: Patience,
}

fn lock(waiting: &Mutex<Receiver<FlightData>>) -> MutexGuard<'_, Receiver<FlightData>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox {
    /// An outbox, and what the client reads from it.
    pub(super) fn new(patience: Patience) -> (Self, impl Stream<Item = FlightData> + Send) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(receiver));
        let outbox = Self { sender, waiting: Arc::downgrade(&waiting), patience };
        (outbox, stream::poll_fn(move |context| lock(&waiting).poll_recv(context)))
    }

    /// Sends `messages` as they are taken, and waits until the last has been. They are dropped once the last has been
    /// made.
    ///
    /// # Errors
    /// Cancelled: the client went away. Those of `ended`. Deadline: the client does not read, or the messages take
    /// too long; what it has not read is dropped. Otherwise as the messages.
    pub(super) async fn send(
        &self,
        messages: impl Stream<Item = Result<FlightData>>,
        ended: impl Future<Output = Error>,
    ) -> Result<()> {
        let all = async {
            tokio::select! {
                biased;
                sent = self.made(messages) => sent?,
                () = self.late() => return Err(self.given_up(
                    "the query took longer than allowed, reading its result included; read it at once, ask for less, \
                     or raise limits.deadline in starmart.yaml",
                )),
            }
            self.patiently(self.sender.reserve_many(WAITING)).await.map(drop)
        };
        tokio::select! {
            biased;
            () = self.sender.closed() => Err(gone()),
            error = ended => Err(error),
            sent = all => sent,
        }
    }

    /// Sends each message while the next is made, so that a query gives back what it holds once it has made its last, and
    /// not when that is taken.
    async fn made(&self, messages: impl Stream<Item = Result<FlightData>>) -> Result<()> {
        let mut messages = std::pin::pin!(messages);
        let mut next = messages.next().await.transpose()?;
        while let Some(message) = next {
            let (sent, following) = tokio::join!(self.patiently(self.sender.send(message)), messages.next());
            sent?;
            next = following.transpose()?;
        }
        Ok(())
    }

    /// Waits until the client has read, or has not for too long.
    async fn patiently<T, E>(&self, reading: impl Future<Output = Result<T, E>>) -> Result<T> {
        match tokio::time::timeout(self.patience.unread, reading).await {
            Ok(read) => read.map_err(|_closed| gone()),
            Err(_elapsed) => Err(self.given_up(format!(
                "the result was left unread for {} minutes; fetch it at once or ask for less",
                self.patience.unread.as_secs() / 60
            ))),
        }
    }

    async fn late(&self) {
        match self.patience.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    }

    /// The error of a client that has been waited for long enough; what waits for it is dropped.
    fn given_up(&self, message: impl Into<String>) -> Error {
        if let Some(waiting) = self.waiting.upgrade() {
            let mut waiting = lock(&waiting);
            while waiting.try_recv().is_ok() {}
        }
        Error::deadline(message)
    }
}

fn gone() -> Error {
    Error::cancelled("the client went away")
}
