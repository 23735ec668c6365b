//! Health over HTTP: `GET /healthz` says that the process answers, `GET /readyz` whether questions can be answered and
//! from which mart version. Nothing else is served.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, serve};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::listen::{Allowance, Connection, Listener};
use crate::mart::Mart;

/// A probe is short: its request comes at once, and its answer within [`READY_WITHIN`].
const ALLOWANCE: Allowance = Allowance {
    connections: 64,
    idle_give_way: false,
    greeting_bytes: "GET / HTTP/1.1\r\n\r\n".len(),
    greeting_within: Duration::from_secs(5),
    lifetime: Some(Duration::from_secs(10)),
};
/// How long the mart may take to say whether it can answer.
const READY_WITHIN: Duration = Duration::from_secs(5);
/// How long open connections are waited for at the end.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves health on `listener` until `shutdown`.
///
/// # Errors
/// Misconfigured: the address is not a loopback address.
pub async fn run(
    mart: Arc<Mart>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let router = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(mart);
    serve_until(router, listener, shutdown).await
}

async fn serve_until(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let cut = CancellationToken::new();
    let listener = Listener::new(listener, ALLOWANCE, cut.clone())?;
    let stopping = async move {
        shutdown.await;
        tokio::spawn(async move {
            tokio::time::sleep(DRAIN).await;
            cut.cancel();
        });
    };
    serve(listener, router)
        .with_graceful_shutdown(stopping)
        .await
        .map_err(|error| Error::unavailable("the HTTP server stopped").with_source(error))
}

async fn healthz() -> &'static str {
    "ok"
}

async fn readyz(State(mart): State<Arc<Mart>>) -> impl IntoResponse {
    let ready = match tokio::time::timeout(READY_WITHIN, mart.adopt_newest()).await {
        Ok(ready) => ready,
        Err(_elapsed) => {
            Err(Error::unavailable(format!("the mart has not answered for {} seconds", READY_WITHIN.as_secs())))
        }
    };
    let (status, body) = readiness(&ready);
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}

fn readiness(ready: &Result<Option<u64>>) -> (StatusCode, String) {
    let (status, body) = match ready {
        Ok(Some(version)) => (StatusCode::OK, json!({"ready": true, "mart_version": version})),
        Ok(None) => (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({"ready": false, "mart_version": null, "reason": "nothing has been loaded yet; run starmart load"}),
        ),
        Err(error) => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"ready": false, "mart_version": null, "reason": error.message()}))
        }
    };
    (status, format!("{body}\n"))
}

impl serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        Self::accept(self).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    #[test]
    fn tells_readiness_apart() {
        let (status, body) = readiness(&Ok(Some(3)));
        assert_eq!((status.as_u16(), body.as_str()), (200, "{\"mart_version\":3,\"ready\":true}\n"));
        let (status, body) = readiness(&Ok(None));
        assert_eq!(status.as_u16(), 503);
        assert!(body.contains("starmart load"), "{body}");
        let (status, body) = readiness(&Err(Error::unavailable("the store \"x\" does not answer")));
        assert_eq!(status.as_u16(), 503);
        assert!(body.contains(r#"the store \"x\" does not answer"#), "{body}");
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn answers_and_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route("/healthz", get(healthz));
        let server = tokio::spawn(serve_until(router, listener, async move {
            let _ = stopped.await;
        }));
        let answer = ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");
        let answer = ask(address, "GET /etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        let answer = ask(address, "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        stop.send(()).unwrap();
        server.await.unwrap().unwrap();
    }
}
