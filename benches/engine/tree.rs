//! What a process and all its children cost, as the kernel counts it. Processor time includes children that have ended, since
//! each is reaped by a member of the tree; memory is what nobody else shares.

use std::collections::HashMap;
use std::fs;

/// The kernel's unit of processor time on every Linux we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// A tree at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tree {
    /// Processor time of all, in seconds.
    pub(crate) cpu_s: f64,
    /// Processor time of the root alone, in seconds.
    pub(crate) own_cpu_s: f64,
    /// Anonymous memory of all, in bytes.
    pub(crate) anonymous: u64,
    /// Resident memory of the root alone, in bytes.
    pub(crate) own_resident: u64,
    /// Processes alive.
    pub(crate) processes: usize,
    /// Processes that ended and were not reaped.
    pub(crate) defunct: usize,
    /// The root's open files.
    pub(crate) descriptors: usize,
}

struct Stat {
    pid: u32,
    parent: u32,
    defunct: bool,
    own: u64,
    reaped: u64,
}

/// Looks at the tree below `root`; `memory` also adds up memory, which costs more.
pub(crate) fn look(root: u32, memory: bool) -> Tree {
    let stats: Vec<Stat> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut children: HashMap<u32, Vec<&Stat>> = HashMap::new();
    for stat in &stats {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut tree = Tree::default();
    let mut open: Vec<&Stat> = stats.iter().filter(|stat| stat.pid == root).collect();
    while let Some(stat) = open.pop() {
        tree.processes += 1;
        tree.defunct += usize::from(stat.defunct);
        tree.cpu_s += (stat.own + stat.reaped) as f64 / TICKS_PER_SECOND;
        if stat.pid == root {
            tree.own_cpu_s = stat.own as f64 / TICKS_PER_SECOND;
        }
        if memory {
            tree.anonymous += kilobytes(&format!("/proc/{}/smaps_rollup", stat.pid), "Anonymous:") * 1024;
        }
        open.extend(children.get(&stat.pid).into_iter().flatten());
    }
    if memory {
        tree.own_resident = kilobytes(&format!("/proc/{root}/status"), "VmRSS:") * 1024;
        tree.descriptors = fs::read_dir(format!("/proc/{root}/fd")).map_or(0, Iterator::count);
    }
    tree
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything.
    let rest = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Some(Stat {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        defunct: fields.first() == Some(&"Z"),
        own: number(11) + number(12),
        reaped: number(13) + number(14),
    })
}

fn kilobytes(path: &str, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
