//! Listening with limits, for `flight` and `http`: loopback addresses only, so many connections at once and no more,
//! none that says nothing, and an end for every one when the server ends.

mod connection;

pub(crate) use connection::Connection;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// How long to wait after a failed accept, which mostly means that file handles have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Connections at once. One more takes the place of the oldest that has not greeted yet; without one it is closed.
    pub(crate) connections: usize,
    /// What a client must say first: so many bytes.
    pub(crate) greeting_bytes: usize,
    /// How long its greeting may take.
    pub(crate) greeting_within: Duration,
    /// How long one connection may last.
    pub(crate) lifetime: Option<Duration>,
}

/// A listener that keeps its connections within an [`Allowance`]. Dropping it cuts those that have not greeted.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    allowance: Allowance,
    cut: CancellationToken,
    guests: Arc<Guests>,
}

/// The connections that are open.
#[derive(Debug, Default)]
struct Guests {
    /// By their numbers, so that the oldest comes first.
    open: Mutex<BTreeMap<u64, Guest>>,
    /// How many there have ever been.
    seen: AtomicU64,
    /// How often any of them has sent or received something.
    moved: AtomicU64,
}

#[derive(Debug)]
struct Guest {
    greeted: bool,
    cut: CancellationToken,
}

impl Guests {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Guest>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for one more, if there can be any.
    fn enter(&self, most: usize, cut: CancellationToken) -> Option<u64> {
        let mut open = self.open();
        if open.len() >= most {
            let silent = open.iter().find(|(_, guest)| !guest.greeted).map(|(number, _)| *number)?;
            if let Some(guest) = open.remove(&silent) {
                guest.cut.cancel();
            }
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        open.insert(number, Guest { greeted: false, cut });
        Some(number)
    }

    fn greeted(&self, number: u64) {
        if let Some(guest) = self.open().get_mut(&number) {
            guest.greeted = true;
        }
    }

    fn leave(&self, number: u64) {
        self.open().remove(&number);
    }
}

/// What moves over a listener's connections, for whoever waits until nothing does.
#[derive(Debug)]
pub(crate) struct Traffic(Arc<Guests>);

impl Traffic {
    /// Waits until nothing has been sent or received for `pause`.
    pub(crate) async fn quiet(&self, pause: Duration) {
        let mut before = None;
        loop {
            let moved = self.0.moved.load(Ordering::Relaxed);
            if before.replace(moved) == Some(moved) {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

impl Listener {
    /// Wraps `listener`; cancelling `cut` cuts every connection.
    ///
    /// # Errors
    /// Misconfigured: others than this machine could connect, and there is neither a login nor encryption yet.
    pub(crate) fn new(listener: TcpListener, allowance: Allowance, cut: CancellationToken) -> Result<Self> {
        let address = listener
            .local_addr()
            .map_err(|error| Error::unavailable("cannot tell the address that is listened on").with_source(error))?;
        if !address.ip().to_canonical().is_loopback() {
            return Err(Error::misconfigured(format!(
                "will not listen on {address}: there is no login and no encryption yet; use a loopback address such \
                 as 127.0.0.1:{}",
                address.port()
            )));
        }
        Ok(Self { listener, address, allowance, cut, guests: Arc::default() })
    }

    /// The address that is listened on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What moves over its connections.
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic(Arc::clone(&self.guests))
    }

    /// The next connection that there is room for; those before it are closed.
    pub(crate) async fn accept(&self) -> (Connection, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => match self.admit(stream) {
                    Some(connection) => return (connection, address),
                    None => tracing::debug!(%address, "refused a connection: there are too many"),
                },
                Err(error) => {
                    tracing::warn!(%error, address = %self.address, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream) -> Option<Connection> {
        let cut = self.cut.child_token();
        let number = self.guests.enter(self.allowance.connections, cut.clone())?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        Some(Connection::new(stream, &self.allowance, cut, Arc::clone(&self.guests), number))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for guest in self.guests.open().values().filter(|guest| !guest.greeted) {
            guest.cut.cancel();
        }
    }
}

#[cfg(test)]
mod tests;
