//! starmart.yaml: where the mart and the data are, what queries may use, where the server listens.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::yaml::{Faults, Key, Node, Position, Shape, Value, parse};

mod machine;
mod notation;

/// The configuration's file name in a project.
pub const FILE: &str = "starmart.yaml";
/// The most queries that can run at a time: far more than any machine has cores.
const RUNNING_MOST: u64 = 1024;
/// The most queries that can wait: whoever is behind so many does better to come back later.
const QUEUED_MOST: u64 = 65_536;

/// A project's configuration, paths resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The project: the folder that holds the configuration.
    pub root: PathBuf,
    /// The mart's folder, as a path.
    pub mart: String,
    /// The folder of the files to load.
    pub data: PathBuf,
    /// What queries and loads may use.
    pub limits: Limits,
    /// Where the server listens.
    pub serve: Serve,
    /// The folder of the model's files.
    pub cubes: PathBuf,
}

/// What queries and loads may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The memory of all queries and loads together.
    pub memory_bytes: usize,
    /// The memory of one query.
    pub query_memory_bytes: usize,
    /// The disk space for what does not fit into memory, all queries together.
    pub spill_bytes: u64,
    /// How long a query may take.
    pub deadline: Duration,
    /// How many queries run at a time.
    pub running: usize,
    /// How many more may wait.
    pub queued: usize,
}

/// Where the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serve {
    /// Arrow Flight SQL.
    pub flight: SocketAddr,
    /// Health.
    pub http: SocketAddr,
}

impl Default for Limits {
    fn default() -> Self {
        let memory_bytes = machine::memory_bytes() / 5 * 3;
        Self {
            memory_bytes,
            query_memory_bytes: memory_bytes / 2,
            spill_bytes: 20 << 30,
            deadline: Duration::from_secs(300),
            running: 8,
            queued: 64,
        }
    }
}

impl Default for Serve {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { flight: local(31337), http: local(8080) }
    }
}

impl Config {
    /// Reads the configuration of the project in `root`: its starmart.yaml, or `file` in its place.
    ///
    /// Paths in it are relative to the project.
    ///
    /// # Errors
    /// Misconfigured: the file cannot be read, or every fault in it, one a line.
    pub fn load(root: &Path, file: Option<&Path>) -> Result<Self> {
        let (config, faults) = Self::read(root, file)?;
        faults.into_result(config)
    }

    /// The same with its faults beside it: what is faulty has its default.
    ///
    /// # Errors
    /// Misconfigured: the file cannot be read at all.
    pub fn read(root: &Path, file: Option<&Path>) -> Result<(Self, Faults)> {
        let path = file.map_or_else(|| root.join(FILE), Path::to_path_buf);
        let shown = path.display().to_string();
        let bytes = fs::read(&path).map_err(|error| unreadable(&shown, error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            Error::misconfigured(format!("{shown}: not UTF-8 text; save the file as UTF-8")).with_source(error)
        })?;
        let root = std::path::absolute(root)
            .map_err(|error| Error::misconfigured(format!("{}: no such folder", root.display())).with_source(error))?;
        Ok(Self::decode(&root, &shown, &text))
    }

    /// What starmart.yaml may say.
    pub fn shape() -> Shape {
        let size = |name, doc| Key::new(name, notation::size_shape(), doc);
        let address = |name, doc| Key::new(name, notation::address_shape(), doc);
        let limits = vec![
            size(
                "memory",
                "Memory of all queries and loads together, such as 4 GiB; by default 60 % of the machine's.",
            ),
            size("query_memory", "Memory of one query, at most that of all; by default half of it."),
            size("spill", "Disk space for what does not fit into memory.").default("20 GiB"),
            Key::new("deadline", notation::duration_shape(), "How long a query may take, such as 30s or 5 minutes.")
                .default("5 minutes"),
            Key::new("running", Shape::Within(1, RUNNING_MOST), "How many queries run at a time.").default("8"),
            Key::new("queued", Shape::Within(0, QUEUED_MOST), "How many more queries may wait for their turn.")
                .default("64"),
        ];
        let serve = vec![
            address("flight", "Where Arrow Flight SQL listens: a loopback address.").default("127.0.0.1:31337"),
            address("http", "Where health is answered: a loopback address.").default("127.0.0.1:8080"),
        ];
        Shape::Map(vec![
            Key::new("version", Shape::OneOf(&["1"]), "The version of this file's format.").required(),
            Key::new("mart", Shape::Text, "The mart's folder, relative to this file.").default("mart"),
            Key::new(
                "data",
                Shape::Text,
                "The folder of the files to load; `files` are relative to the folder that holds it.",
            )
            .default("data"),
            Key::new("limits", Shape::Map(limits), "What queries and loads may use."),
            Key::new("serve", Shape::Map(serve), "Where the server listens."),
        ])
    }

    /// The text of a starmart.yaml for a mart and an absolute data folder.
    ///
    /// # Errors
    /// Invalid: the data folder's path is not UTF-8.
    pub fn render(mart: &str, data: &Path) -> Result<String> {
        let data = data
            .to_str()
            .ok_or_else(|| Error::invalid(format!("data folder '{}' is not UTF-8; rename it", data.display())))?;
        Ok(format!(
            "# The configuration of this mart; `starmart schema config` describes every key.\n\
             version: 1\n\
             mart: {}\n\
             data: {}\n",
            notation::quote(mart),
            notation::quote(data)
        ))
    }

    fn decode(root: &Path, shown: &str, text: &str) -> (Self, Faults) {
        let mut faults = Faults::default();
        let node = match parse(shown, text, &mut faults) {
            Some(mut node) => {
                Self::shape().check(shown, &mut node, &mut faults);
                node
            }
            None => Node::new(Position::START, Value::Null),
        };
        let mut read = Reader { file: shown, faults };
        let config = Self {
            mart: read.mart(root, node.get("mart")),
            data: resolve(root, read.path(node.get("data")).unwrap_or("data")),
            limits: read.limits(node.get("limits")),
            serve: read.serve(node.get("serve")),
            cubes: root.join("cubes"),
            root: root.to_path_buf(),
        };
        if Path::new(&config.mart) == config.data {
            let at = node.get("mart").or(node.get("data")).map_or(Position::START, |node| node.at);
            read.faults.push(shown, at, "'mart' and 'data' are the same folder; give the mart its own");
        }
        (config, read.faults)
    }
}

fn unreadable(shown: &str, error: std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!(
                "{shown}: no such file; name a project with -C DIR, or make one with `starmart init DIR` or \
                 `starmart demo --dir DIR`"
            )
        }
        std::io::ErrorKind::IsADirectory => format!("{shown}: is a folder, not a configuration file"),
        _ => format!("{shown}: cannot be read: {error}"),
    };
    Error::misconfigured(message).with_source(error)
}

/// A path in the project, without `.` and `..` where they can be left out.
fn resolve(root: &Path, path: &str) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in root.join(path).components() {
        match component {
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

/// Reads what the shape has let pass, and notes what only the values together show.
struct Reader<'a> {
    file: &'a str,
    faults: Faults,
}

impl Reader<'_> {
    fn path<'n>(&mut self, node: Option<&'n Node>) -> Option<&'n str> {
        node.and_then(Node::text).filter(|text| !text.trim().is_empty())
    }

    fn mart(&mut self, root: &Path, node: Option<&Node>) -> String {
        let (mart, at) = match node {
            Some(node) => (node.text().unwrap_or("mart"), node.at),
            None => ("mart", Position::START),
        };
        local(root, mart).unwrap_or_else(|message| {
            self.faults.push(self.file, at, format!("'mart': {message}"));
            String::new()
        })
    }

    fn limits(&mut self, node: Option<&Node>) -> Limits {
        let default = Limits::default();
        let get = |key: &str| node.and_then(|node| node.get(key));
        let size = |key: &str| get(key).and_then(Node::text).and_then(notation::size);
        let count = |key: &str| get(key).and_then(Node::u64).and_then(|value| usize::try_from(value).ok());
        let memory_bytes = size("memory").and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default.memory_bytes);
        let query = size("query_memory").and_then(|bytes| usize::try_from(bytes).ok());
        if let (Some(query), Some(node)) = (query, get("query_memory"))
            && query > memory_bytes
        {
            let message = format!(
                "'query_memory': {} is more than all queries together may use ({memory_bytes} bytes); lower it or raise 'memory'",
                node.text().unwrap_or_default()
            );
            self.faults.push(self.file, node.at, message);
        }
        Limits {
            memory_bytes,
            query_memory_bytes: query.unwrap_or(memory_bytes / 2),
            spill_bytes: size("spill").unwrap_or(default.spill_bytes),
            deadline: get("deadline").and_then(Node::text).and_then(notation::duration).unwrap_or(default.deadline),
            running: count("running").unwrap_or(default.running),
            queued: count("queued").unwrap_or(default.queued),
        }
    }

    fn serve(&mut self, node: Option<&Node>) -> Serve {
        let default = Serve::default();
        let mut read = |key: &str, fallback: SocketAddr| {
            let Some(node) = node.and_then(|node| node.get(key)) else { return fallback };
            let Some(Ok(address)) = node.text().map(str::parse::<SocketAddr>) else { return fallback };
            if let Err(error) = Serve::allow(address) {
                self.faults.push(self.file, node.at, format!("'{key}': {}", error.message()));
            }
            address
        };
        let serve = Serve { flight: read("flight", default.flight), http: read("http", default.http) };
        if let Some(node) = node
            && serve.flight == serve.http
            && serve.flight.port() != 0
        {
            self.faults.push(
                self.file,
                node.at,
                format!("'flight' and 'http' are both {}; give each its own port", serve.http),
            );
        }
        serve
    }
}

impl Serve {
    /// Refuses an address that others can reach: there is neither TLS nor login yet.
    ///
    /// # Errors
    /// Misconfigured: it is no loopback address.
    pub fn allow(address: SocketAddr) -> Result<()> {
        if address.ip().is_loopback() {
            return Ok(());
        }
        Err(Error::misconfigured(format!(
            "{address} can be reached from other machines, and there is neither TLS nor login yet; \
             listen on 127.0.0.1:{}",
            address.port()
        )))
    }
}

/// The path of a local mart, named by path or `file://` URL relative to `root`; others are refused by name.
///
/// `--mart` on the command line goes through here as well.
///
/// # Errors
/// Misconfigured: another scheme, a URL that names no folder, or a path that is not UTF-8.
pub fn local_mart(root: &Path, mart: &str) -> Result<String> {
    local(root, mart).map_err(Error::misconfigured)
}

fn local(root: &Path, mart: &str) -> Result<String, String> {
    let path = match mart.split_once("://") {
        None => resolve(root, mart),
        Some(("file", _)) => url::Url::parse(mart)
            .ok()
            .and_then(|url| url.to_file_path().ok())
            .ok_or_else(|| format!("'{mart}' names no local folder; write file:///path or a path"))?,
        Some((scheme, _)) => {
            return Err(format!("'{mart}': marts on {scheme}:// are not supported yet; name a local folder"));
        }
    };
    path.to_str().map(str::to_owned).ok_or_else(|| format!("'{}' is not UTF-8; rename the folder", path.display()))
}

#[cfg(test)]
mod tests;
