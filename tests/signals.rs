//! Commands that are told to stop while they wait for others.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use starmart::clock;

use crate::cli::works;
use crate::projects;

fn sql(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starmart"));
    command.arg("-C").arg(folder).arg("sql").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// Waits until a process minds SIGTERM, the 15th signal.
fn minds(child: &Child) {
    let caught = |status: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        Some(u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << 14) != 0)
    };
    let path = format!("/proc/{}/status", child.id());
    while caught(&std::fs::read_to_string(&path).unwrap()) != Some(true) {
        std::thread::yield_now();
    }
}

fn terminated(child: &mut Child) -> ExitStatus {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let asked = clock::monotonic();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if asked.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_command_that_waits_for_its_input_can_be_stopped() {
    let folder = projects::copied("worked");
    let mut child = sql(folder.path(), &[]);
    minds(&child);
    assert_eq!(terminated(&mut child).code(), Some(4));
}

#[test]
fn a_command_that_waits_for_its_reader_can_be_stopped() {
    let folder = projects::copied("worked");
    works(folder.path(), &["-q", "load"]);
    let lines = ["mart.lines"; 9].iter().enumerate().map(|(at, table)| format!("{table} t{at}"));
    let rows = format!("SELECT t0.amount FROM {}", lines.collect::<Vec<_>>().join(", "));
    for format in ["csv", "json", "arrow"] {
        let mut child = sql(folder.path(), &["--format", format, "-c", &rows]);
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        assert_eq!(terminated(&mut child).code(), Some(4), "{format}");
    }
}
