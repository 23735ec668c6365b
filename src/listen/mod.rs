//! Listening with limits, for `flight` and `http`: loopback addresses only, so many connections at once and no more,
//! none that says nothing, and an end for every one when the server ends.

mod connection;
mod guests;

pub(crate) use connection::Connection;
pub(crate) use guests::{Busy, Presence};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use guests::Guests;

/// How long to wait after a failed accept, which mostly means that file handles have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Connections at once. One more takes the place of the oldest that has not greeted yet; without one it is closed.
    pub(crate) connections: usize,
    /// Whether those that have greeted give way too while nothing is done for them, the one that was used longest ago
    /// first.
    pub(crate) idle_give_way: bool,
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

/// What moves over a listener's connections, for whoever waits until nothing does.
#[derive(Debug)]
pub(crate) struct Traffic(Arc<Guests>);

impl Traffic {
    /// Waits until nothing has been sent or received for `pause`.
    pub(crate) async fn quiet(&self, pause: Duration) {
        let mut before = None;
        loop {
            let moved = self.0.moved();
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
        let number = self.guests.enter(&self.allowance, cut.clone())?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        Some(Connection::new(stream, &self.allowance, cut, Arc::clone(&self.guests), number))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.guests.cut_silent();
    }
}

#[cfg(test)]
mod tests;
