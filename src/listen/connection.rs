//! An accepted connection: it greets in time or fails, and it fails once its end has come.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::Allowance;
use super::guests::{Guests, Presence};

/// An accepted connection. It gives its place back when dropped.
pub(crate) struct Connection {
    stream: TcpStream,
    end: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    greeting: Option<Greeting>,
    guests: Arc<Guests>,
    number: u64,
}

/// What is still to be said first, and by when.
struct Greeting {
    missing_bytes: usize,
    late: Pin<Box<Sleep>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.guests.leave(self.number);
    }
}

impl Connection {
    /// The guest with `number` at the other end of `stream`; cancelling `cut` ends it.
    pub(super) fn new(
        stream: TcpStream,
        allowance: &Allowance,
        cut: CancellationToken,
        guests: Arc<Guests>,
        number: u64,
    ) -> Self {
        let lifetime = allowance.lifetime;
        let end = async move {
            match lifetime {
                Some(lifetime) => {
                    let _ = tokio::time::timeout(lifetime, cut.cancelled()).await;
                }
                None => cut.cancelled().await,
            }
        };
        let late = Box::pin(sleep(allowance.greeting_within));
        let greeting = Some(Greeting { missing_bytes: allowance.greeting_bytes, late });
        Self { stream, end: Some(Box::pin(end)), greeting, guests, number }
    }

    /// The connection, for whoever does something for its client.
    pub(crate) fn presence(&self) -> Presence {
        Presence::new(&self.guests, self.number)
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(context).is_ready()
        {
            self.end = None;
        }
        if self.end.is_none() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server closed this connection"));
        }
        if let Some(greeting) = &mut self.greeting
            && greeting.late.as_mut().poll(context).is_ready()
        {
            self.end = None;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the client has said nothing for too long"));
        }
        Ok(())
    }

    /// Notes that so many bytes have come.
    fn heard(&mut self, bytes: usize) {
        self.guests.moves();
        if let Some(greeting) = &mut self.greeting {
            greeting.missing_bytes = greeting.missing_bytes.saturating_sub(bytes);
            if greeting.missing_bytes == 0 {
                self.greeting = None;
                self.guests.greeted(self.number);
            }
        }
    }

    /// Notes what has been sent, if anything.
    fn said(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.guests.moves();
        }
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.heard(buffer.filled().len() - before);
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.said(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.said(written)
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
