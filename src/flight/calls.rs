//! Calls under way, so that a server that ends can wait for them, and tell those that last too long.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The calls under way.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    /// Each call holds a receiver; nothing is ever sent.
    under_way: Arc<watch::Sender<()>>,
    ending: CancellationToken,
}

/// One call, under way until it and its clones are dropped.
#[derive(Debug, Clone)]
pub(super) struct Call {
    _under_way: watch::Receiver<()>,
    /// Cancelled when the call must end.
    pub(super) ending: CancellationToken,
}

impl Calls {
    /// No calls yet.
    pub(super) fn new() -> Self {
        Self { under_way: Arc::new(watch::Sender::new(())), ending: CancellationToken::new() }
    }

    /// One more call.
    pub(super) fn begin(&self) -> Call {
        Call { _under_way: self.under_way.subscribe(), ending: self.ending.clone() }
    }

    /// Waits until none is under way.
    pub(super) async fn none(&self) {
        self.under_way.closed().await;
    }

    /// Tells every call to end.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }
}
