//! Who holds a lease, told so exactly that a dead process is known from a living one with the same number.

use std::fmt;
use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process that may hold the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The host's name, for people.
    pub host: String,
    /// The installation of the operating system, across boots; empty where that is not known.
    #[serde(default)]
    pub installation: String,
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
            host: host(),
            installation: installation(),
            machine: machine().unwrap_or_default(),
            pid,
            started: process(pid).map_or(0, |process| process.started),
        }
    }

    /// Whether this owner is known to be dead: it ran where we run and its process is gone, or the host has been
    /// started again since.
    pub(crate) fn is_dead(&self) -> bool {
        let Some(here) = machine().filter(|_| !self.machine.is_empty()) else { return false };
        if here == self.machine {
            return match process(self.pid) {
                Some(Process { ended, started }) => ended || started != self.started,
                None => !exists(self.pid),
            };
        }
        // Copies of one installation run under names of their own.
        let same_host = !self.installation.is_empty() && self.installation == installation() && self.host == host();
        same_host && boot(&here) != boot(&self.machine)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on host '{}'", self.pid, self.host)
    }
}

fn host() -> String {
    line("/proc/sys/kernel/hostname").unwrap_or_else(|| "this host".into())
}

fn installation() -> String {
    line("/etc/machine-id").unwrap_or_default()
}

/// The boot of a machine.
fn boot(machine: &str) -> &str {
    machine.split(' ').next().unwrap_or_default()
}

/// The running kernel and the process namespace.
fn machine() -> Option<String> {
    let boot = line("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{boot} {}", namespace.display()))
}

/// What the kernel shows of a process.
struct Process {
    /// Whether it is dead and only not reaped yet.
    ended: bool,
    started: u64,
}

/// Process `pid`; none when there is no such process, or when others' processes are hidden from us.
fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; the state is field 3, the start time field 22.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X" | "x");
    Some(Process { ended, started: fields.nth(18)?.parse().ok()? })
}

/// Whether there is a process `pid`, seen or hidden.
fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    match test_kill_process(pid) {
        Ok(()) => true,
        Err(fault) => fault == Errno::PERM,
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
    fn a_process_that_is_not_reaped_yet_is_dead() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let started = process(child.id()).unwrap().started;
        let owner = Owner { pid: child.id(), started, ..Owner::this_process() };
        assert!(!owner.is_dead());
        child.kill().unwrap();
        while !owner.is_dead() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(owner.is_dead());
    }

    #[test]
    fn hidden_processes_exist() {
        assert!(exists(std::process::id()));
        assert!(!exists(u32::MAX) && !exists(0));
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let owner = Owner::this_process();
        assert!(Owner { started: owner.started + 1, ..owner }.is_dead());
    }

    #[test]
    fn nothing_is_known_of_other_machines() {
        for machine in ["", "elsewhere"] {
            let (host, machine) = ("far".into(), machine.into());
            assert!(!Owner { host, machine, pid: u32::MAX, ..Owner::this_process() }.is_dead());
        }
    }

    #[test]
    fn a_process_from_before_a_boot_is_dead() {
        let here = Owner { installation: installation(), ..Owner::this_process() };
        let earlier = Owner { machine: "an-earlier-boot pid:[4026531836]".into(), ..here };
        assert_eq!(earlier.is_dead(), !earlier.installation.is_empty());
        assert!(!Owner { host: "a-copy".into(), ..earlier.clone() }.is_dead());
        assert!(!Owner { installation: String::new(), ..earlier.clone() }.is_dead());
        let machine = format!("{} pid:[1]", boot(&machine().unwrap()));
        assert!(!Owner { machine, ..earlier }.is_dead(), "another container of this boot");
    }
}
