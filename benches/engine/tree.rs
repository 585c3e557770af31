//! What a process and all its children cost, as the kernel counts it. Processor time is followed process by process, every few
//! milliseconds, so that nothing depends on who reaps whom: of the time that a parent is told of its ended children, much is
//! missing once a browser is killed. Memory is what nobody else shares.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The kernel's unit of processor time on every Linux we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// A tree at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tree {
    /// Anonymous memory of all, in bytes.
    pub(crate) anonymous: u64,
    /// Anonymous memory of the root alone, in bytes.
    pub(crate) own_anonymous: u64,
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
    /// When it began, so that a number used again is another process.
    began: u64,
    own: u64,
}

/// How often processes are looked at: a process that ends loses at most as much.
const LOOK: Duration = Duration::from_millis(10);

/// Follows the processor time of a tree, also of processes that have ended.
pub(crate) struct Meter {
    root: u32,
    /// Ticks of each process ever seen in the tree.
    seen: Arc<Mutex<HashMap<(u32, u64), u64>>>,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Meter {
    pub(crate) fn start(root: u32) -> Self {
        let (seen, over) = (Arc::new(Mutex::new(HashMap::new())), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (seen, over) = (Arc::clone(&seen), Arc::clone(&over));
            std::thread::spawn(move || follow(root, &seen, &over))
        };
        Self { root, seen, over, thread: Some(thread) }
    }

    /// Seconds used so far, by all and by the root alone.
    pub(crate) fn read(&self) -> (f64, f64) {
        std::thread::park_timeout(2 * LOOK);
        let seen = self.seen.lock().expect("the follower does not panic");
        let own: u64 = seen.iter().filter(|((pid, _), _)| *pid == self.root).map(|(_, ticks)| ticks).sum();
        (seen.values().sum::<u64>() as f64 / TICKS_PER_SECOND, own as f64 / TICKS_PER_SECOND)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn follow(root: u32, seen: &Mutex<HashMap<(u32, u64), u64>>, over: &AtomicBool) {
    let (mut members, mut strangers) = (HashSet::from([root]), HashSet::new());
    while !over.load(Ordering::Relaxed) {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let alive: HashSet<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        strangers.retain(|pid| alive.contains(pid));
        members.retain(|pid| alive.contains(pid));
        let mut new: Vec<Stat> = alive
            .iter()
            .filter(|pid| !strangers.contains(*pid) && !members.contains(*pid))
            .filter_map(|pid| stat(*pid))
            .collect();
        // A child of a child may stand before its parent.
        while let Some(at) = new.iter().position(|stat| members.contains(&stat.parent)) {
            members.insert(new.swap_remove(at).pid);
        }
        strangers.extend(new.iter().map(|stat| stat.pid));
        let now: Vec<Stat> = members.iter().filter_map(|pid| stat(*pid)).collect();
        {
            let mut seen = seen.lock().expect("nobody panics with it");
            for stat in now {
                seen.insert((stat.pid, stat.began), stat.own);
            }
        }
        std::thread::park_timeout(LOOK);
    }
}

fn all() -> Vec<Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// The processes that this one has started, itself and by its threads.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    all().into_iter().filter(|stat| stat.parent == parent).map(|stat| stat.pid).collect()
}

/// Looks at the tree below `root`; `memory` also adds up memory, which costs more.
pub(crate) fn look(root: u32, memory: bool) -> Tree {
    let stats = all();
    let mut children: HashMap<u32, Vec<&Stat>> = HashMap::new();
    for stat in &stats {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut tree = Tree::default();
    let mut open: Vec<&Stat> = stats.iter().filter(|stat| stat.pid == root).collect();
    while let Some(stat) = open.pop() {
        tree.processes += 1;
        tree.defunct += usize::from(stat.defunct);
        if memory {
            let anonymous = kilobytes(&format!("/proc/{}/smaps_rollup", stat.pid), "Anonymous:") * 1024;
            tree.anonymous += anonymous;
            if stat.pid == root {
                tree.own_anonymous = anonymous;
            }
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
        began: number(19),
        own: number(11) + number(12),
    })
}

fn kilobytes(path: &str, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
