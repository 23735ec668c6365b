//! The projects of `tests/projects/`, copied into a folder of their own, loaded and served.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use starmart::config::Config;
use starmart::error::Result;
use starmart::flight::Bounds;
use starmart::ingest::{LoadOptions, LoadReport, Silent};
use starmart::mart::{Mart, Session};
use starmart::query::{Principal, Settings};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A copy of the project, not loaded.
pub(crate) fn copied(project: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(project), folder.path());
    folder
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The mart of the project in `folder`.
pub(crate) async fn open(folder: &Path) -> Arc<Mart> {
    Mart::open(Config::load(folder, None).unwrap()).await.unwrap()
}

/// A copy of the project and its mart, loaded.
pub(crate) async fn loaded(project: &str) -> (TempDir, Arc<Mart>) {
    let folder = copied(project);
    let mart = open(folder.path()).await;
    load(&mart, LoadOptions::default()).await.unwrap();
    (folder, mart)
}

/// Loads what changed.
pub(crate) async fn load(mart: &Arc<Mart>, options: LoadOptions) -> Result<LoadReport> {
    mart.load(&options, Arc::new(Silent)).await
}

/// The rows of an answer, values apart by commas, rows by bars.
pub(crate) async fn ask(mart: &Arc<Mart>, sql: &str) -> Result<String> {
    ask_in(&mart.session(Principal::local(), Settings::default()), sql).await
}

/// The same in a session.
pub(crate) async fn ask_in(session: &Session, sql: &str) -> Result<String> {
    let batches: Vec<RecordBatch> = session.query(sql).await?.try_collect().await?;
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(","));
        }
    }
    Ok(rows.join("|"))
}

/// A Flight server over a mart, on a port of its own.
pub(crate) struct Served {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Served {
    /// Starts the server.
    pub(crate) async fn start(mart: Arc<Mart>) -> Self {
        Self::within(Bounds::default(), mart).await
    }

    /// Starts the server with bounds of its own.
    pub(crate) async fn within(bounds: Bounds, mart: Arc<Mart>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(starmart::flight::run(mart, listener, bounds, async {
            let _ = stopped.await;
        }));
        Self { address, stop, task }
    }

    /// What a client connects to.
    pub(crate) fn url(&self) -> String {
        format!("grpc://{}", self.address)
    }

    /// Stops the server and waits for it.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
    }
}
