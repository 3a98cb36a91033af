//! Requests that nobody waits for any more, because the same request over another path was answered first.
//!
//! They run to their end all the same: whether a slow path was merely slow or dead is seen then, and only then may it be
//! blamed.

use crate::wake::Bell;
use futures::StreamExt;
use futures::future::{LocalBoxFuture, select};
use futures::stream::FuturesUnordered;
use std::cell::{Cell, RefCell};

/// More are given up at once.
const MOST: usize = 32;

#[derive(Default)]
pub(super) struct Stragglers {
    waiting: RefCell<Vec<LocalBoxFuture<'static, ()>>>,
    /// Waiting and running together.
    count: Cell<usize>,
    running: Cell<bool>,
    bell: Bell,
}

impl Stragglers {
    /// Takes over a request; drops it when nobody drives them or there are too many.
    pub(super) fn push(&self, request: LocalBoxFuture<'static, ()>) {
        if !self.running.get() || self.count.get() >= MOST {
            return;
        }
        self.count.set(self.count.get() + 1);
        self.waiting.borrow_mut().push(request);
        self.bell.ring();
    }

    /// Drives them until dropped. What is left then is dropped too: the requests hold the network they belong to.
    pub(super) async fn run(&self) {
        let _running = Running::new(self);
        let mut underway = FuturesUnordered::new();
        loop {
            let bell = self.bell.listen();
            underway.extend(self.waiting.take());
            if underway.is_empty() {
                bell.await;
            } else if let futures::future::Either::Left((Some(()), _)) =
                select(underway.next(), bell).await
            {
                self.count.set(self.count.get().saturating_sub(1));
            }
        }
    }
}

struct Running<'a>(&'a Stragglers);

impl<'a> Running<'a> {
    fn new(stragglers: &'a Stragglers) -> Self {
        stragglers.running.set(true);
        Self(stragglers)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(false);
        self.0.count.set(0);
        // Dropped after the borrow has ended, since dropping them may come back here.
        let left = self.0.waiting.take();
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::pending;
    use std::rc::Rc;

    #[test]
    fn they_run_while_driven_and_are_dropped_with_the_drive() {
        let (stragglers, ended) = (Stragglers::default(), Rc::new(Cell::new(0)));
        let straggler = |ended: &Rc<Cell<u32>>| {
            let ended = Rc::clone(ended);
            async move { ended.set(ended.get() + 1) }.boxed_local()
        };
        stragglers.push(straggler(&ended));
        {
            let mut drive = Box::pin(stragglers.run());
            assert!(drive.as_mut().now_or_never().is_none());
            assert_eq!(ended.get(), 0, "nobody drove it when it came");
            stragglers.push(straggler(&ended));
            let held = Rc::clone(&ended);
            stragglers.push(
                async move {
                    pending::<()>().await;
                    drop(held);
                }
                .boxed_local(),
            );
            assert!(drive.as_mut().now_or_never().is_none());
            assert_eq!(ended.get(), 1);
            assert_eq!(stragglers.count.get(), 1);
        }
        assert_eq!(Rc::strong_count(&ended), 1, "nothing is left behind");
    }
}
