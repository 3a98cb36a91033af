//! Many worlds on all cores: one world is one thread's work at a time, and a panic in it is one of its problems.

use crate::life::Verdict;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Runs `one` for every number below `count`, `threads` at a time, and gives what is wrong with some of them to `tell`, as it
/// is found. The verdicts come in the order of the numbers.
pub fn run(
    count: u64,
    threads: usize,
    one: impl Fn(u64) -> Verdict + Sync,
    tell: impl Fn(u64, &Verdict) + Sync,
) -> Vec<Verdict> {
    let next = AtomicU64::new(0);
    let verdicts = Mutex::new(Vec::new());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let verdict = guarded(|| one(number));
            if !verdict.problems.is_empty() {
                tell(number, &verdict);
            }
            verdicts.lock().unwrap().push((number, verdict));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut verdicts = verdicts.into_inner().unwrap();
    verdicts.sort_by_key(|(number, _)| *number);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// A panic is a problem like others.
pub fn guarded(one: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(one)).unwrap_or_else(|panic| Verdict {
        problems: vec![format!("panic: {}", said(&*panic))],
        ..Verdict::default()
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}

/// Cores that may be used.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
