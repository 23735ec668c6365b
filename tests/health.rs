//! Health over HTTP: whether the server says that it can answer exactly when it can.

use std::net::SocketAddr;
use std::sync::Arc;

use starmart::mart::Mart;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cli::edit;
use crate::projects::{copied, load, loaded, open};

/// Serves health for as long as the test runs.
async fn served(mart: Arc<Mart>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(starmart::http::run(mart, listener, std::future::pending()));
    address
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_once_something_is_loaded() {
    let folder = copied("worked");
    let mart = open(folder.path()).await;
    let address = served(Arc::clone(&mart)).await;
    let answer = ask(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("starmart load"), "{answer}");
    load(&mart, Default::default()).await.unwrap();
    let answer = ask(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"mart_version\":1"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_fit_is_not_ready() {
    let (folder, loading) = loaded("shop").await;
    drop(loading);
    edit(folder.path(), "cubes/shop.yaml", "decimal(12,2)", "decimal(14,3)");
    let address = served(open(folder.path()).await).await;
    let answer = ask(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("decimal(14,3)"), "{answer}");
    assert!(ask(address, "/healthz").await.starts_with("HTTP/1.1 200"));
}
