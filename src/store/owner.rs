//! Who holds a lease, told so exactly that a dead process is known from a living one with the same number.

use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};

/// A process that may hold the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The host's name, for people.
    pub host: String,
    /// The boot and the process namespace in which `pid` means something; empty where that is not known.
    pub machine: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in ticks since boot: process numbers are used again.
    pub started: u64,
}

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self {
            host: line("/proc/sys/kernel/hostname").unwrap_or_else(|| "this host".into()),
            machine: machine().unwrap_or_default(),
            pid,
            started: started(pid).unwrap_or_default(),
        }
    }

    /// Whether this owner is known to be dead: it ran where we run and its process is gone.
    pub(crate) fn is_dead(&self) -> bool {
        !self.machine.is_empty()
            && machine().is_some_and(|here| here == self.machine)
            && started(self.pid) != Some(self.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on host '{}'", self.pid, self.host)
    }
}

/// The running kernel and the process namespace.
fn machine() -> Option<String> {
    let boot = line("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{boot} {}", namespace.display()))
}

/// When process `pid` started; none when there is no such process, or when it is dead and not yet reaped.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; the state is field 3, the start time field 22.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" | "x" => None,
        _ => fields.nth(18)?.parse().ok(),
    }
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        let owner = Owner::this_process();
        assert!(!owner.is_dead());
        assert!(owner.started > 0);
    }

    #[test]
    fn a_process_that_ended_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(Owner { pid, ..Owner::this_process() }.is_dead());
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let owner = Owner::this_process();
        assert!(Owner { started: owner.started + 1, ..owner }.is_dead());
    }

    #[test]
    fn nothing_is_known_of_other_machines() {
        for machine in ["", "elsewhere"] {
            assert!(!Owner { machine: machine.into(), pid: u32::MAX, ..Owner::this_process() }.is_dead());
        }
    }
}
