//! How much memory there is for this process.

use std::fs;
use std::path::Path;

/// Where none of the sources answers: a small machine's.
const UNKNOWN_BYTES: u64 = 2 << 30;

/// The smaller of the machine's memory and what the process's cgroups (v2) allow.
pub(super) fn memory_bytes() -> usize {
    let physical = fs::read_to_string("/proc/meminfo").ok().and_then(|text| physical(&text));
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = group_limit(Path::new("/sys/fs/cgroup"), &group);
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

/// The lowest limit among the process's cgroup, named in the text of /proc/self/cgroup, and those above it.
fn group_limit(mount: &Path, group: &str) -> Option<u64> {
    let name = group.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    Path::new(name)
        .ancestors()
        .filter_map(|folder| fs::read_to_string(mount.join(folder).join("memory.max")).ok())
        .filter_map(|text| limit(&text))
        .min()
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

    #[test]
    fn the_lowest_limit_of_nested_groups_counts() {
        let mount = tempfile::tempdir().expect("a folder");
        let write = |folder: &str, limit: &str| {
            let folder = mount.path().join(folder);
            fs::create_dir_all(&folder).expect("a group");
            fs::write(folder.join("memory.max"), limit).expect("a limit");
        };
        let read = |group: &str| group_limit(mount.path(), group);
        assert_eq!(read("0::/a/b\n"), None);
        write("a/b", "max\n");
        assert_eq!(read("0::/a/b\n"), None);
        write("a", "4096\n");
        assert_eq!(read("0::/a/b\n"), Some(4096));
        write("", "1024\n");
        assert_eq!(read("4:memory:/x\n0::/a/b\n"), Some(1024));
        assert_eq!(read(""), Some(1024));
    }
}
