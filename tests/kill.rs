//! A load killed at any point publishes nothing, leaks nothing into the next version, and the next load succeeds
//! at once. The process is killed when its mart has grown to a chosen number of files and folders, so that the points
//! spread over the whole load without a clock.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::projects;

const BINARY: &str = env!("CARGO_BIN_EXE_starmart");

fn starmart(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn answer(folder: &Path, sql: &str) -> String {
    let output = starmart(folder, &["-q", "sql", "--format", "csv", "-c", sql]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How many files and folders stand below `folder`; what vanishes while it counts does not count.
fn entries(folder: &Path) -> usize {
    let Ok(read) = std::fs::read_dir(folder) else { return 0 };
    read.flatten().map(|entry| 1 + entries(&entry.path())).sum()
}

/// Kills `load` as soon as its mart holds `point` entries; false if it ended before.
fn killed_at(folder: &Path, point: usize) -> bool {
    let mut load: Child = Command::new(BINARY)
        .arg("-C")
        .arg(folder)
        .args(["-q", "load"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mart = folder.join("mart");
    loop {
        if let Some(status) = load.try_wait().unwrap() {
            assert!(status.success());
            return false;
        }
        if entries(&mart) >= point {
            load.kill().unwrap();
            load.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

const REVENUE: &str = "SELECT revenue, lines FROM sales";

/// How many times over the points are gone through: once, or as `make soak` says.
fn rounds() -> usize {
    std::env::var("STARMART_SOAK").map_or(1, |rounds| rounds.parse().expect("STARMART_SOAK is a number"))
}

#[test]
fn a_first_load_killed_anywhere_leaves_nothing_published() {
    let mut kills = 0;
    for point in (0..rounds()).flat_map(|_| (1..40).step_by(3)) {
        let folder = projects::copied("shop");
        if killed_at(folder.path(), point) {
            kills += 1;
        }
        let next = starmart(folder.path(), &["-q", "load"]);
        assert!(next.status.success(), "{}", String::from_utf8_lossy(&next.stderr));
        assert_eq!(answer(folder.path(), REVENUE), "revenue,lines\n122.12,11\n");
    }
    assert!(kills > 3, "only {kills} loads were killed");
}

#[test]
fn a_second_load_killed_anywhere_keeps_the_version_before() {
    let folder = projects::copied("shop");
    assert!(starmart(folder.path(), &["-q", "load"]).status.success());
    let lines = folder.path().join("data/lines.csv");
    let original = std::fs::read_to_string(&lines).unwrap();
    let changed =
        original.replace("2,2017-01-01T05:00:00Z,1,10,100,2,2,20.00", "2,2017-01-01T05:00:00Z,1,10,100,2,2,21.00");
    assert_ne!(original, changed);
    let mut kills = 0;
    for point in (0..rounds()).flat_map(|_| 0..12) {
        let base = entries(&folder.path().join("mart"));
        let before = answer(folder.path(), REVENUE);
        std::fs::write(&lines, if before.contains("122.12") { &changed } else { &original }).unwrap();
        let after = if before.contains("122.12") { "revenue,lines\n123.12,11\n" } else { "revenue,lines\n122.12,11\n" };
        if killed_at(folder.path(), base + 1 + point) {
            kills += 1;
            let now = answer(folder.path(), REVENUE);
            assert!(now == before || now == after, "{now}");
        }
        assert!(starmart(folder.path(), &["-q", "load"]).status.success());
        assert_eq!(answer(folder.path(), REVENUE), after);
    }
    assert!(kills > 3, "only {kills} loads were killed");
}

#[test]
fn two_loads_at_once_both_end_well_or_one_is_told_to_try_again() {
    let folder = projects::copied("shop");
    let load = || {
        Command::new(BINARY)
            .arg("-C")
            .arg(folder.path())
            .args(["-q", "load"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let outputs = [load(), load()].map(|child| child.wait_with_output().unwrap());
    assert!(outputs.iter().any(|output| output.status.success()));
    for output in outputs {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() || (output.status.code() == Some(4) && said.contains("load")), "{said}");
    }
    assert_eq!(answer(folder.path(), REVENUE), "revenue,lines\n122.12,11\n");
}
