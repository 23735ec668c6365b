//! Calls under way, so that a server that ends can wait for them and tell those that last too long, and a client can
//! cancel its own.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::listen::{Busy, Presence};

/// The calls under way.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    /// Each call holds a receiver; nothing is ever sent.
    under_way: Arc<watch::Sender<()>>,
    ending: CancellationToken,
    redeeming: Arc<Mutex<Redeeming>>,
}

/// The tickets that are being redeemed, each perhaps by several calls. There are no more than streams.
#[derive(Debug, Default)]
struct Redeeming {
    by_ticket: HashMap<Bytes, HashMap<u64, CancellationToken>>,
    seen: u64,
}

/// One call, under way until it and its clones are dropped.
#[derive(Debug, Clone)]
pub(super) struct Call {
    _under_way: watch::Receiver<()>,
    ending: CancellationToken,
    cancelled: CancellationToken,
    _redeemed: Option<Arc<Redeemed>>,
    _busy: Option<Arc<Busy>>,
}

/// A ticket that a call redeems.
#[derive(Debug)]
struct Redeemed {
    ticket: Bytes,
    number: u64,
    redeeming: Arc<Mutex<Redeeming>>,
}

fn lock(redeeming: &Mutex<Redeeming>) -> MutexGuard<'_, Redeeming> {
    redeeming.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Redeemed {
    fn drop(&mut self) {
        let mut redeeming = lock(&self.redeeming);
        if let Some(calls) = redeeming.by_ticket.get_mut(&self.ticket) {
            calls.remove(&self.number);
            if calls.is_empty() {
                redeeming.by_ticket.remove(&self.ticket);
            }
        }
    }
}

impl Call {
    /// Waits until the call must end, and why, without keeping it under way.
    pub(super) fn ended(&self) -> impl Future<Output = Error> + Send + 'static {
        let (cancelled, ending) = (self.cancelled.clone(), self.ending.clone());
        async move {
            tokio::select! {
                biased;
                () = cancelled.cancelled() => Error::cancelled("the query was cancelled"),
                () = ending.cancelled() => Error::unavailable("the server is shutting down; ask again"),
            }
        }
    }
}

impl Calls {
    /// No calls yet.
    pub(super) fn new() -> Self {
        Self {
            under_way: Arc::new(watch::Sender::new(())),
            ending: CancellationToken::new(),
            redeeming: Arc::default(),
        }
    }

    /// One more call, with its connection where it came over one.
    pub(super) fn begin(&self, presence: Option<&Presence>) -> Call {
        Call {
            _under_way: self.under_way.subscribe(),
            ending: self.ending.clone(),
            cancelled: CancellationToken::new(),
            _redeemed: None,
            _busy: presence.map(|presence| Arc::new(presence.busy())),
        }
    }

    /// One more call, which redeems `ticket` and can be cancelled by it.
    pub(super) fn redeem(&self, ticket: &Bytes, presence: Option<&Presence>) -> Call {
        let call = self.begin(presence);
        let mut redeeming = lock(&self.redeeming);
        redeeming.seen += 1;
        let number = redeeming.seen;
        redeeming.by_ticket.entry(ticket.clone()).or_default().insert(number, call.cancelled.clone());
        drop(redeeming);
        let redeemed = Redeemed { ticket: ticket.clone(), number, redeeming: Arc::clone(&self.redeeming) };
        Call { _redeemed: Some(Arc::new(redeemed)), ..call }
    }

    /// Cancels the calls that redeem `ticket`; whether there were any.
    pub(super) fn cancel(&self, ticket: &Bytes) -> bool {
        let redeeming = lock(&self.redeeming);
        let Some(calls) = redeeming.by_ticket.get(ticket) else { return false };
        calls.values().for_each(CancellationToken::cancel);
        true
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
