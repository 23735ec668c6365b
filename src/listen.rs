//! Listening with limits, for `flight` and `http`: loopback addresses only, so many connections at once and no more,
//! an end for every connection when the server ends, and none that is held open for ever.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// How long to wait after a failed accept, which mostly means that file handles have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Connections at once; further ones wait to be accepted.
    pub(crate) connections: usize,
    /// How long one connection may last.
    pub(crate) lifetime: Option<Duration>,
}

/// A listener that keeps its connections within an [`Allowance`].
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    slots: Arc<Semaphore>,
    lifetime: Option<Duration>,
    cut: CancellationToken,
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
        let slots = Arc::new(Semaphore::new(allowance.connections));
        Ok(Self { listener, address, slots, lifetime: allowance.lifetime, cut })
    }

    /// The address that is listened on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection, as soon as one more is allowed.
    pub(crate) async fn accept(&self) -> (Connection, SocketAddr) {
        let slot = match Arc::clone(&self.slots).acquire_owned().await {
            Ok(slot) => slot,
            // The semaphore is never closed.
            Err(_closed) => std::future::pending().await,
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => return (self.connection(stream, slot), address),
                Err(error) => {
                    tracing::warn!(%error, address = %self.address, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, slot: OwnedSemaphorePermit) -> Connection {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let cut = self.cut.clone();
        let lifetime = self.lifetime;
        let end = async move {
            match lifetime {
                Some(lifetime) => {
                    let _ = tokio::time::timeout(lifetime, cut.cancelled()).await;
                }
                None => cut.cancelled().await,
            }
        };
        Connection { stream, end: Some(Box::pin(end)), _slot: slot }
    }
}

/// An accepted connection. It gives its place back when dropped, and fails once its end has come.
pub(crate) struct Connection {
    stream: TcpStream,
    end: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _slot: OwnedSemaphorePermit,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Connection {
    /// Who is at the other end.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(context).is_ready()
        {
            self.end = None;
        }
        match self.end {
            Some(_) => Ok(()),
            None => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server closed this connection")),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const ALLOWANCE: Allowance = Allowance { connections: 1, lifetime: None };

    #[tokio::test]
    async fn listens_on_loopback_only() {
        let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let error = Listener::new(everywhere, ALLOWANCE, CancellationToken::new()).unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(error.message().contains("0.0.0.0"), "{error}");
    }

    #[tokio::test]
    async fn keeps_to_its_number_of_connections() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = Listener::new(socket, ALLOWANCE, CancellationToken::new()).unwrap();
        let _first = TcpStream::connect(listener.address()).await.unwrap();
        let _second = TcpStream::connect(listener.address()).await.unwrap();
        let (held, _) = listener.accept().await;
        let mut next = Box::pin(listener.accept());
        assert!(futures::poll!(&mut next).is_pending());
        drop(held);
        next.await;
    }

    #[tokio::test]
    async fn cuts_its_connections_at_the_end() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cut = CancellationToken::new();
        let listener = Listener::new(socket, ALLOWANCE, cut.clone()).unwrap();
        let mut client = TcpStream::connect(listener.address()).await.unwrap();
        let (mut connection, _) = listener.accept().await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'x');
        let reading = tokio::spawn(async move { connection.read_u8().await });
        cut.cancel();
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
