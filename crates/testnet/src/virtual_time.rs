//! Virtual time: a clock that stands still while anything can run and jumps to the next timer when nothing can. Thirty
//! seconds of patience cost nothing, and a run with the same seed is the same run.

use crate::network::Sleeper;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use onionskin_protocol::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

struct State {
    now: u64,
    next_timer: u64,
    timers: BTreeMap<(u64, u64), Waker>,
    /// Detached since the tasks were last looked at.
    detached: Vec<BoxFuture<'static, ()>>,
    /// Those that wait, while nobody runs.
    tasks: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// The clock, its timers, and the tasks that run beside [`VirtualTime::run`]. Clones share it.
#[derive(Clone)]
pub struct VirtualTime(Arc<Mutex<State>>);

impl VirtualTime {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        let state = State {
            now: start.as_millis(),
            next_timer: 0,
            timers: BTreeMap::new(),
            detached: Vec::new(),
            tasks: FuturesUnordered::new(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Runs a future to its end, with all detached tasks beside it. Panics when it waits for something that no timer will
    /// bring: in a simulation that is a bug of what is simulated.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(flag.clone());
        let mut context = Context::from_waker(&waker);
        // Each task is polled only when it was woken itself: there are as many as requests under way.
        let mut tasks = std::mem::take(&mut self.state().tasks);
        loop {
            while flag.0.swap(false, Ordering::AcqRel) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    self.state().tasks = tasks;
                    return output;
                }
                loop {
                    tasks.extend(std::mem::take(&mut self.state().detached));
                    match tasks.poll_next_unpin(&mut context) {
                        Poll::Ready(Some(())) => {}
                        Poll::Ready(None) | Poll::Pending if self.state().detached.is_empty() => {
                            break;
                        }
                        Poll::Ready(None) | Poll::Pending => {}
                    }
                }
            }
            let due = {
                let mut state = self.state();
                let first = state.timers.pop_first();
                if let Some(((due, _), _)) = &first {
                    state.now = state.now.max(*due);
                }
                first
            };
            match due {
                Some((_, waker)) => waker.wake(),
                None => panic!("nothing is left to wait for, yet the future is not done"),
            }
        }
    }

    /// Lets time pass, with everything that happens in it.
    pub fn pass(&self, ms: u64) {
        self.run(self.sleep(ms));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleeper for VirtualTime {
    fn now(&self) -> Timestamp {
        Timestamp(self.state().now)
    }
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        let key = (state.now.saturating_add(ms), state.next_timer);
        state.next_timer += 1;
        Box::pin(Sleep {
            time: self.clone(),
            key,
        })
    }
    fn detach(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.state().detached.push(task);
        Ok(())
    }
}

struct Sleep {
    time: VirtualTime,
    key: (u64, u64),
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.time.state();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        state.timers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.time.state().timers.remove(&self.key);
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::{Either, join, select};

    #[test]
    fn timers_fire_in_order_and_time_jumps_between_them() {
        let time = VirtualTime::new(Timestamp(1000));
        let (a, b) = time.run(join(
            async {
                time.sleep(30_000).await;
                time.now()
            },
            async {
                time.sleep(5).await;
                time.now()
            },
        ));
        assert_eq!((a, b), (Timestamp(31_000), Timestamp(1005)));
    }

    #[test]
    fn an_abandoned_timer_moves_no_clock() {
        let time = VirtualTime::new(Timestamp(0));
        let first = time.run(select(time.sleep(10), time.sleep(60_000)));
        assert!(matches!(first, Either::Left(_)));
        drop(first);
        time.pass(5);
        assert_eq!(time.now(), Timestamp(15));
    }

    #[test]
    fn detached_tasks_go_on_without_a_waiter() {
        let time = VirtualTime::new(Timestamp(0));
        let done = Arc::new(AtomicBool::new(false));
        let (inner, sleep) = (done.clone(), time.sleep(50));
        let task: BoxFuture<'static, ()> = Box::pin(async move {
            sleep.await;
            inner.store(true, Ordering::Release);
        });
        assert!(time.detach(task).is_ok());
        time.pass(49);
        assert!(!done.load(Ordering::Acquire));
        time.pass(2);
        assert!(done.load(Ordering::Acquire));
    }
}
