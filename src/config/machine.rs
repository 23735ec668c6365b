//! How much memory there is for this process.

use std::fs;

/// Where none of the sources answers: a small machine's.
const UNKNOWN_BYTES: u64 = 2 << 30;

/// The smaller of the machine's memory and what the cgroup (v2) allows.
pub(super) fn memory_bytes() -> usize {
    let physical = fs::read_to_string("/proc/meminfo").ok().and_then(|text| physical(&text));
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| limit(&text));
    let bytes = match (physical, limit) {
        (Some(physical), Some(limit)) => physical.min(limit),
        (one, other) => one.or(other).unwrap_or(UNKNOWN_BYTES),
    };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// `MemTotal` of /proc/meminfo, which counts in kibibytes.
fn physical(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A cgroup's limit: bytes, or `max` for none.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        assert_eq!(physical("MemFree: 1 kB\nMemTotal:       24684096 kB\n"), Some(24_684_096 * 1024));
        assert_eq!(physical("MemTotal: lots\n"), None);
        assert_eq!(physical(""), None);
        assert_eq!(limit("536870912\n"), Some(536_870_912));
        assert_eq!(limit("max\n"), None);
        assert!(memory_bytes() > 0);
    }
}
