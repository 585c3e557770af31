//! What the container (or the machine, where there is none) has left of processor and memory. A container's limits are those
//! of its control group, in either version; what it says of itself is read from files, so no program is asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The files that we read lie below this.
#[derive(Debug, Clone)]
pub(super) struct Container {
    root: PathBuf,
}

/// What was read at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    /// Processor time used since some beginning: the group's, with what it may use at most per second, where it has a limit.
    pub(super) group: Option<(Duration, f64)>,
    /// Busy and whole time of all processors of the machine, in the kernel's own unit.
    pub(super) machine: Option<(u64, u64)>,
    /// The part of the memory that is used and cannot be had back, 0 to 1.
    pub(super) memory: Option<f64>,
}

impl Container {
    /// The one that we are in.
    pub(super) fn ours() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// Reads everything now.
    pub(super) fn read(&self) -> Reading {
        let groups = self.groups();
        let group = groups.iter().find_map(|at| processor_of(at));
        let limited = groups.iter().find_map(|at| memory_of(at));
        Reading { group, machine: self.machine(), memory: limited.or_else(|| self.machine_memory()) }
    }

    /// Where our control group may stand, the most particular first.
    fn groups(&self) -> Vec<PathBuf> {
        let top = self.root.join("sys/fs/cgroup");
        let own = text(&self.root.join("proc/self/cgroup")).unwrap_or_default();
        let named = own.lines().filter_map(|line| line.rsplit_once(':')).map(|(_, path)| path.trim_start_matches('/'));
        let mut groups: Vec<PathBuf> = named.filter(|path| !path.is_empty()).map(|path| top.join(path)).collect();
        groups.push(top);
        groups.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
        groups.dedup();
        groups
    }

    fn machine(&self) -> Option<(u64, u64)> {
        let stat = text(&self.root.join("proc/stat"))?;
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        // user, nice, system, idle, iowait, irq, softirq, steal: guests are in the first two already.
        let times: Vec<u64> = line.split_whitespace().take(8).filter_map(|word| word.parse().ok()).collect();
        let whole: u64 = times.iter().sum();
        let idle: u64 = times.iter().skip(3).take(2).sum();
        (whole > 0).then_some((whole - idle, whole))
    }

    fn machine_memory(&self) -> Option<f64> {
        let info = text(&self.root.join("proc/meminfo"))?;
        let of = |key: &str| -> Option<f64> {
            info.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
        };
        let whole = of("MemTotal:")?;
        Some(1.0 - of("MemAvailable:")? / whole)
    }
}

/// What a group has used and may use per second; none without a limit.
fn processor_of(group: &Path) -> Option<(Duration, f64)> {
    if let Some(limit) = text(&group.join("cpu.max")) {
        let (quota, period) = limit.trim().split_once(' ')?;
        let cores = quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?;
        let used = keyed(&group.join("cpu.stat"), "usage_usec")?;
        return Some((Duration::from_micros(used), cores));
    }
    let number = |name: &str| text(&group.join(name))?.trim().parse::<f64>().ok();
    let quota = number("cpu/cpu.cfs_quota_us").or_else(|| number("cpu.cfs_quota_us")).filter(|quota| *quota > 0.0)?;
    let period =
        number("cpu/cpu.cfs_period_us").or_else(|| number("cpu.cfs_period_us")).filter(|period| *period > 0.0)?;
    let used = text(&group.join("cpuacct/cpuacct.usage")).or_else(|| text(&group.join("cpuacct.usage")))?;
    Some((Duration::from_nanos(used.trim().parse().ok()?), quota / period))
}

/// The part of its memory that a group uses; none without a limit.
fn memory_of(group: &Path) -> Option<f64> {
    let read = |names: [&str; 2]| names.iter().find_map(|name| text(&group.join(name))?.trim().parse::<f64>().ok());
    let (used, limit, stat, key) = if group.join("memory.max").is_file() {
        (read(["memory.current", ""])?, read(["memory.max", ""])?, group.join("memory.stat"), "inactive_file")
    } else {
        let folder = if group.join("memory").is_dir() { group.join("memory") } else { group.to_owned() };
        let used = read(["memory/memory.usage_in_bytes", "memory.usage_in_bytes"])?;
        let limit = read(["memory/memory.limit_in_bytes", "memory.limit_in_bytes"])?;
        (used, limit, folder.join("memory.stat"), "total_inactive_file")
    };
    // Version 1 writes a number near 2^63 for "no limit".
    let limit = Some(limit).filter(|limit| *limit > 0.0 && *limit < 1e15)?;
    // Cached files are given back when memory is asked for.
    let cached =
        keyed(&stat, key).and_then(|bytes| u32::try_from(bytes >> 10).ok()).map_or(0.0, |kb| f64::from(kb) * 1024.0);
    Some(((used - cached) / limit).clamp(0.0, 1.0))
}

fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The number after a key, in a file of lines of key and number.
fn keyed(path: &Path, key: &str) -> Option<u64> {
    let text = text(path)?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(files: &[(&str, &str)]) -> (tempfile::TempDir, Container) {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let container = Container { root: folder.path().to_owned() };
        (folder, container)
    }

    #[test]
    fn limits_of_the_second_version_are_the_containers() {
        let (_folder, container) = container(&[
            ("proc/self/cgroup", "0::/\n"),
            ("proc/stat", "cpu  10 0 10 70 10 0 0 0 0 0\n"),
            ("sys/fs/cgroup/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/cpu.stat", "usage_usec 2500000\nuser_usec 1\n"),
            ("sys/fs/cgroup/memory.max", "1048576000\n"),
            ("sys/fs/cgroup/memory.current", "629145600\n"),
            ("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 104857600\n"),
        ]);
        let reading = container.read();
        assert_eq!(reading.group, Some((Duration::from_millis(2500), 1.5)));
        assert_eq!(reading.machine, Some((20, 100)));
        assert!((reading.memory.unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn limits_of_the_first_version_are_the_containers() {
        let (_folder, container) = container(&[
            ("proc/self/cgroup", "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpuacct/cpuacct.usage", "3000000000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "250\n"),
        ]);
        let reading = container.read();
        assert_eq!(reading.group, Some((Duration::from_secs(3), 2.0)));
        assert_eq!(reading.memory, Some(0.25));
    }

    #[test]
    fn without_limits_the_machine_counts() {
        let (_folder, container) = container(&[
            ("proc/self/cgroup", "0::/\n"),
            ("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n"),
            ("sys/fs/cgroup/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/memory.max", "max\n"),
            ("sys/fs/cgroup/memory.current", "5\n"),
        ]);
        let reading = container.read();
        assert_eq!(reading.group, None);
        assert!((reading.memory.unwrap() - 0.6).abs() < 1e-9);
    }
}
