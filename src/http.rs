//! Health over HTTP: `/healthz` and `/readyz`.

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::error::{Error, Result};
use crate::mart::Mart;

/// Serves health on `listener` until `shutdown`.
///
/// # Errors
/// Misconfigured: the address is not a loopback address.
pub async fn run(
    _mart: Arc<Mart>,
    _listener: TcpListener,
    _shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    Err(Error::internal("HTTP is being built"))
}
