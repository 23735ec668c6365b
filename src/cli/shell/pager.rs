//! Long results in a pager, which its user may leave at any time.

use std::io::{ErrorKind, Write};
use std::process::{Command, ExitStatus, Stdio};

/// The pager where the user names none: it ends by itself where the text fits, keeps colours, cuts long lines and leaves
/// the text on the screen.
const USUAL: [&str; 2] = ["less", "-FRSX"];
/// How a shell says that a command is not there.
const NOT_FOUND: i32 = 127;

/// Shows a text in a pager; whether there is one.
pub(super) fn page(text: &str) -> bool {
    let named = std::env::var("PAGER").ok();
    let mut command = match named.as_deref().map(str::trim) {
        Some("") => return false,
        Some(line) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", line]);
            shell
        }
        None => {
            let mut usual = Command::new(USUAL[0]);
            usual.arg(USUAL[1]);
            usual
        }
    };
    matches!(run(&mut command, text), Ok(status) if status.code() != Some(NOT_FOUND))
}

fn run(command: &mut Command, text: &str) -> std::io::Result<ExitStatus> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    if let Some(mut into) = child.stdin.take() {
        match into.write_all(text.as_bytes()) {
            // Whoever leaves the pager has seen enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    child.wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_that_is_left_early_is_no_fault() {
        let long = "x\n".repeat(1 << 20);
        let sh = |line: &str| run(Command::new("sh").args(["-c", line]), &long);
        assert!(sh("head -n 1 > /dev/null").unwrap().success());
        assert_eq!(sh("nowhere-to-be-found 2> /dev/null").unwrap().code(), Some(NOT_FOUND));
        assert!(run(&mut Command::new("/nowhere/to/be/found"), "x").is_err());
    }
}
