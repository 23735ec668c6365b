//! The shell as a person meets it: at a terminal, key by key.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

use crate::cli::{serving, works};
use crate::projects;

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);
const ENTER: &str = "\r";
const TAB: &str = "\t";
const UP: &str = "\x1b[A";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
/// What the editor says when it is done with a line, and the terminal is as it was.
const SENT: &str = "\x1b[?2004l";
/// Joins rows without end.
const LONG: &str = "SELECT count(*) FROM mart.lines a, mart.lines b, mart.lines c, mart.lines d, mart.lines e, \
    mart.lines f, mart.lines g, mart.lines h, mart.lines i, mart.lines j, mart.lines k, mart.lines l \
    WHERE a.amount + b.amount + c.amount + d.amount + e.amount + f.amount + l.amount > 1e9;";

/// A shell at a terminal of its own, and what has been shown there.
struct Shell {
    child: Child,
    keys: File,
    shown: Receiver<Vec<u8>>,
    /// All of it, and how much of that has been looked at.
    text: String,
    seen: usize,
}

impl Shell {
    fn start(arguments: &[&str], state: &Path, environment: &[(&str, &str)]) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).unwrap();
        let end = || Stdio::from(File::from(pair.slave.try_clone().unwrap()));
        // The terminal is to send signals to what runs at it.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(env!("CARGO_BIN_EXE_starmart")).args(arguments);
        command.env("TERM", "xterm").env("NO_COLOR", "1").env("XDG_STATE_HOME", state).env("PAGER", "");
        command.envs(environment.iter().copied());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop(pair.slave);
        let keys = File::from(pair.master);
        let mut screen = keys.try_clone().unwrap();
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // Where nobody is left at the terminal, reading fails.
            while let Ok(length @ 1..) = screen.read(&mut piece) {
                if sender.send(piece[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, shown, text: String::new(), seen: 0 }
    }

    /// A shell over a project's mart that shows its prompt.
    fn over(folder: &Path, state: &Path) -> Self {
        let mut shell = Self::start(&["-C", folder.to_str().unwrap(), "sql"], state, &[]);
        shell.sees("starmart> ");
        shell
    }

    fn types(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a text, behind what has been seen.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        loop {
            if let Some(at) = self.text[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            match self.shown.recv_timeout(PATIENCE) {
                Ok(piece) => self.text.push_str(&String::from_utf8_lossy(&piece)),
                Err(_) => panic!("'{text}' is not shown; what is shown: {}", &self.text[self.seen..]),
            }
        }
    }

    /// Sends a line and waits for what it shows, and for the next prompt.
    #[track_caller]
    fn answers(&mut self, line: &str, expected: &[&str]) {
        self.types(line);
        self.types(ENTER);
        self.sees(SENT);
        for text in expected {
            self.sees(text);
        }
        self.sees("starmart> ");
    }

    /// Waits for the end, which is a good one.
    #[track_caller]
    fn ends(mut self) {
        while self.shown.recv_timeout(PATIENCE).is_ok() {}
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn loaded() -> (TempDir, TempDir) {
    let folder = projects::copied("shop");
    works(folder.path(), &["-q", "load"]);
    (folder, TempDir::new().unwrap())
}

#[test]
fn statements_have_many_lines_and_commands_one() {
    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    shell.types("SELECT revenue,");
    shell.types(ENTER);
    shell.sees("     ...> ");
    shell.answers("lines FROM sales;", &["revenue", "lines", "122.12", "11", "1 row ("]);
    shell.answers("\\d", &["sales", "cube", "Sales", "mart.lines", "table"]);
    shell.answers("\\d sales", &["cube cubes.sales (Sales)", "department", "dimension", "revenue", "USD", "#,##0.00"]);
    shell.answers("\\d slaes", &["error:", "did you mean 'sales'?"]);
    shell.answers("\\timing", &["timing is on"]);
    shell.answers("SELECT 1 AS one;", &["1 row (first after ", " s, all after "]);
    shell.answers("\\x", &["rows stand upright"]);
    shell.answers("SELECT 1 AS one, NULL AS two;", &["── row 1 ", "one │ 1", "two │ NULL"]);
    shell.answers("\\format json", &["printed as json"]);
    shell.answers("SELECT 1 AS one;", &["[", "{\"one\": 1}", "]"]);
    shell.answers("\\nope", &["error:", "unknown command '\\nope'"]);
    shell.answers("help", &["\\d [NAME]", "\\timing"]);
    shell.types("exit");
    shell.types(ENTER);
    shell.ends();
}

#[test]
fn tab_completes_names() {
    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    // Now the names are there, however long they took.
    shell.answers("\\d", &["sales"]);
    shell.types("SELECT 1 AS 部門, rev");
    shell.types(TAB);
    shell.sees("revenue");
    shell.types(" FROM sal");
    shell.types(TAB);
    shell.sees("FROM sales");
    shell.types(" WHERE dep");
    shell.types(TAB);
    shell.sees("WHERE department");
    shell.answers(" IS NOT NULL;", &["63.35", "1 row ("]);
    shell.types("\\tim");
    shell.types(TAB);
    shell.answers("", &["timing is on"]);
    shell.types(CTRL_D);
    shell.ends();
}

#[test]
fn ctrl_c_stops_a_query_and_not_the_shell() {
    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    shell.types(LONG);
    shell.types(ENTER);
    shell.sees(SENT);
    shell.types(CTRL_C);
    shell.sees("cancelled");
    shell.sees("starmart> ");
    shell.answers("SELECT revenue FROM sales;", &["122.12"]);
    shell.types("SELECT 'given up");
    shell.sees("given up");
    shell.types(CTRL_C);
    shell.sees(SENT);
    shell.sees("starmart> ");
    shell.answers("SELECT lines FROM sales;", &["11"]);
    shell.answers("SET timezone = 'Asia/Taipei';", &[]);
    shell.answers("SHOW timezone;", &["Asia/Taipei"]);
    shell.types("\\q");
    shell.types(ENTER);
    shell.ends();
}

#[test]
fn a_server_is_asked_in_the_same_way() {
    let (folder, state) = loaded();
    let mut server = serving(folder.path());
    let mut said = String::new();
    let mut from = server.stderr.take().unwrap();
    while !said.contains(", health") {
        let mut byte = [0];
        from.read_exact(&mut byte).unwrap();
        said.push(char::from(byte[0]));
    }
    let url = said.split("Flight SQL on ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let mut shell = Shell::start(&["sql", "--url", &url], state.path(), &[]);
    let prompt = format!("{}> ", url.strip_prefix("grpc://").unwrap());
    shell.sees(&prompt);
    for (line, expected) in [
        ("\\d sales", &["cube cubes.sales (Sales)", "revenue", "measure", "Revenue", "USD", "#,##0.00"][..]),
        ("SELECT revenue FROM sales;", &["122.12"]),
        ("SELECT 1 FRM sales x;", &["line 1, column 14", "1 │ SELECT 1 FRM sales x", "\r\n                 ^"]),
        ("SET timezone = 'UTC';", &["error:", "SET needs a session"]),
    ] {
        shell.types(line);
        shell.types(ENTER);
        shell.sees(SENT);
        expected.iter().for_each(|text| shell.sees(text));
        shell.sees(&prompt);
    }
    shell.types(LONG);
    shell.types(ENTER);
    shell.sees(SENT);
    shell.types(CTRL_C);
    shell.sees("cancelled");
    shell.sees(&prompt);
    shell.types("quit");
    shell.types(ENTER);
    shell.ends();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn an_error_points_at_its_place() {
    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    shell.types("SELECT '部門' AS a,");
    shell.types(ENTER);
    shell.sees("     ...> ");
    let caret = format!("\r\n{}^\r\n", " ".repeat(20));
    shell.answers("'食' FROM sales );", &["error:", "2 │ '食' FROM sales )", &caret]);
    shell.types("exit;");
    shell.types(ENTER);
    shell.ends();
}

#[test]
fn the_next_shell_has_the_history_of_the_last() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    shell.types("SELECT lines");
    shell.types(ENTER);
    shell.sees("     ...> ");
    shell.answers("FROM sales;", &["11"]);
    shell.answers(" SELECT 'kept by nobody' AS a;", &["kept by nobody"]);
    shell.types("\\q");
    shell.types(ENTER);
    shell.ends();
    let file = state.path().join("starmart/history");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("SELECT lines\\n\tFROM sales;\n") && !kept.contains("nobody"), "{kept}");

    let mut shell = Shell::over(folder.path(), state.path());
    shell.types(UP);
    shell.types(UP);
    shell.sees("     ...> FROM sales;");
    shell.answers("", &["11", "1 row ("]);
    shell.types(CTRL_D);
    shell.ends();
}

#[test]
fn a_history_that_cannot_be_written_is_a_warning() {
    let (folder, state) = loaded();
    std::fs::write(state.path().join("starmart"), "no folder").unwrap();
    let mut shell = Shell::over(folder.path(), state.path());
    shell.answers("SELECT lines FROM sales;", &["11"]);
    assert!(shell.text.contains("warning: the history '"), "{}", shell.text);
    shell.types(CTRL_D);
    shell.ends();
}

#[test]
fn long_results_go_to_the_pager() {
    let (folder, state) = loaded();
    let arguments = ["-C", folder.path().to_str().unwrap(), "sql"];
    let rows = "SELECT line_id FROM mart.lines UNION ALL SELECT line_id FROM mart.lines UNION ALL \
                SELECT line_id FROM mart.lines;";
    let pager = [("PAGER", "sed 1s/^/paged:/")];
    let mut shell = Shell::start(&arguments, state.path(), &pager);
    shell.sees("starmart> ");
    shell.answers(rows, &["paged:line_id", "36 rows ("]);
    shell.answers("\\pager off", &["the pager is off"]);
    shell.answers(rows, &["36 rows ("]);
    assert_eq!(shell.text.matches("paged:line_id").count(), 1);
    shell.types(CTRL_D);
    shell.ends();

    let mut shell = Shell::start(&arguments, state.path(), &[("PAGER", "head -n 1")]);
    shell.sees("starmart> ");
    shell.answers(rows, &["line_id", "36 rows ("]);
    shell.types(CTRL_D);
    shell.ends();
}

#[test]
fn a_shell_that_is_stopped_leaves_the_terminal_as_it_was() {
    let (folder, state) = loaded();
    let mut shell = Shell::over(folder.path(), state.path());
    let mode = |shell: &Shell| nix::sys::termios::tcgetattr(&shell.keys).unwrap().local_flags;
    let raw = mode(&shell);
    assert!(Command::new("kill").arg(shell.child.id().to_string()).status().unwrap().success());
    shell.sees("stopped");
    let cooked = mode(&shell);
    assert!(raw != cooked && cooked.contains(nix::sys::termios::LocalFlags::ICANON));
    assert_eq!(shell.child.wait().unwrap().code(), Some(4));
}
