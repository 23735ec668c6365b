//! `starmart serve`: Flight SQL and health, until told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use crate::config;
use crate::error::{Error, Result};
use crate::mart::Mart;
use crate::{flight, http};

use super::{NOTHING_LOADED, Setting};

/// Serve the mart over Arrow Flight SQL, and its health over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  starmart -C demo serve                        at the configuration's addresses
  starmart serve --flight 127.0.0.1:0           at a port that is free; the greeting names it")]
pub(super) struct Serve {
    /// Where Flight SQL listens; by default the configuration's address.
    #[arg(long, value_name = "ADDRESS")]
    flight: Option<SocketAddr>,
    /// Where /healthz and /readyz are answered; by default the configuration's address.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self, setting: &Setting) -> Result<ExitCode> {
        let config = setting.config()?;
        let doors =
            Doors::open(self.flight.unwrap_or(config.serve.flight), self.http.unwrap_or(config.serve.http)).await?;
        let mart = Mart::open(config).await?;
        let newest = mart.adopt_newest().await?;
        setting.terminal.note(&doors.greeting());
        if newest.is_none() {
            setting.terminal.note(NOTHING_LOADED);
        }
        doors.serve(mart, setting).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The listeners, open before anything else is done, so that a port in use is known at once.
pub(super) struct Doors {
    flight: TcpListener,
    http: TcpListener,
    pub(super) flight_address: SocketAddr,
    http_address: SocketAddr,
}

impl Doors {
    pub(super) async fn open(flight: SocketAddr, http: SocketAddr) -> Result<Self> {
        let (flight, flight_address) = bind(flight).await?;
        let (http, http_address) = bind(http).await?;
        Ok(Self { flight, http, flight_address, http_address })
    }

    pub(super) fn greeting(&self) -> String {
        format!("Flight SQL on grpc://{}, health on http://{}/readyz", self.flight_address, self.http_address)
    }

    /// Serves until told to stop, then lets running results end.
    pub(super) async fn serve(self, mart: Arc<Mart>, setting: &Setting) -> Result<()> {
        let stopped = || {
            let stop = setting.stop.clone();
            async move { stop.cancelled_owned().await }
        };
        let flight = flight::run(Arc::clone(&mart), self.flight, flight::Bounds::default(), stopped());
        let http = http::run(mart, self.http, stopped());
        tokio::try_join!(flight, http).map(drop)
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    config::Serve::allow(address)?;
    let refused = |error: std::io::Error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => "is in use; stop the other server or choose another port".to_owned(),
            _ => format!("cannot be listened on: {error}"),
        };
        Error::unavailable(format!("{address} {what}")).with_source(error)
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
