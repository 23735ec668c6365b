//! docs/start.md is done as it is written: its files are made, its commands run in a folder of their own, and what it shows
//! is what they print. The server takes a free port in place of the one that the page names.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const PAGE: &str = include_str!("../docs/start.md");
/// Where the page says that the server listens.
const ADDRESS: &str = "127.0.0.1:31337";

/// A block of the page: its language, the last line before it, and its text.
struct Block<'a> {
    language: &'a str,
    before: &'a str,
    text: String,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut before, mut open): (Vec<Block<'_>>, &str, Option<Block<'_>>) = (Vec::new(), "", None);
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Block { language, before, text: String::new() }),
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
                before = "";
            }
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, None) if !line.is_empty() => before = line,
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// The page's reader.
struct Reader {
    folder: TempDir,
    server: Option<Child>,
    address: String,
    /// What the last command printed, if it could be run.
    printed: Option<String>,
}

impl Reader {
    fn run(&mut self, program: &Path, arguments: &[&str], text: &str) {
        let binary = Path::new(env!("CARGO_BIN_EXE_starmart")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let output = Command::new(program)
            .args(arguments)
            .arg(text.replace(ADDRESS, &self.address))
            .current_dir(self.folder.path())
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(&self.address, ADDRESS);
        assert!(output.status.success(), "{text}: {}{}", said(&output.stdout), said(&output.stderr));
        self.printed = Some(said(&output.stdout) + &said(&output.stderr));
    }

    /// Starts the server and waits until it has said where it listens.
    fn serve(&mut self, command: &str) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let mut server = Command::new(env!("CARGO_BIN_EXE_starmart"))
            .args(words)
            .args(["--flight", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .current_dir(self.folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(server.stderr.take().unwrap()).read_line(&mut greeting).unwrap();
        let url = greeting.split("grpc://").nth(1).unwrap_or_else(|| panic!("no address: {greeting}"));
        self.address = url.split([' ', ',', '\n']).next().unwrap().to_owned();
        self.server = Some(server);
        self.printed = None;
    }

    fn follow(&mut self, block: &Block<'_>) {
        match block.language {
            "sh" if block.text.contains(" serve") => self.serve(&block.text),
            "sh" => self.run(Path::new("sh"), &["-ec"], &format!("exec 2>&1\n{}", block.text)),
            "python" => match python() {
                Some(python) => self.run(&python, &["-c"], &block.text),
                None => self.printed = None,
            },
            "csv" | "yaml" => {
                let name = block.before.rsplit('`').nth(1).expect("the line before a file names it");
                let path = self.folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &block.text).unwrap();
            }
            "text" => {
                if let Some(printed) = self.printed.take() {
                    assert_eq!(timeless(&printed), timeless(&block.text), "after: {}", block.before);
                }
            }
            other => panic!("a block of '{other}' is never tried"),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            drop(server.kill().and_then(|()| server.wait()));
        }
    }
}

/// The Python with the driver, where `make clients` has installed it.
fn python() -> Option<PathBuf> {
    let found = std::env::var_os("STARMART_CLIENTS").map(|folder| PathBuf::from(folder).join("bin/python"));
    let found = found.filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: Python's driver is not there; make test installs it");
    }
    found
}

/// Loads tell how many seconds a table took: the last word of its line, and of the rule above it.
fn timeless(text: &str) -> String {
    let mut loads = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        loads |= line.ends_with("seconds");
        let seconds = line.rsplit_once(' ').filter(|(_, last)| loads && last.parse::<f64>().is_ok());
        lines.push(seconds.map_or(line, |(rest, _)| rest).trim_end());
    }
    lines.join("\n")
}

#[test]
fn the_page_for_beginners_is_true() {
    let mut reader =
        Reader { folder: TempDir::new().unwrap(), server: None, address: ADDRESS.to_owned(), printed: None };
    let blocks = blocks(PAGE);
    assert!(blocks.len() > 15 && blocks.iter().any(|block| block.language == "python"));
    blocks.iter().for_each(|block| reader.follow(block));
    assert!(reader.server.is_some(), "the page serves");
}
