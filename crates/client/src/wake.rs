//! A bell: whoever waits for it goes on when it rings.
//!
//! A listener made before the ring hears it, even when it is polled later; so nothing is lost between looking at a state and
//! waiting for it to change.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Rings for everybody who listens. Clones are the same bell.
#[derive(Clone, Default)]
pub(crate) struct Bell(Rc<Inner>);

#[derive(Default)]
struct Inner {
    rings: Cell<u64>,
    wakers: RefCell<Vec<Waker>>,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.rings.set(self.0.rings.get().wrapping_add(1));
        for waker in self.0.wakers.take() {
            waker.wake();
        }
    }

    /// Resolves at the next ring after this call.
    pub(crate) fn listen(&self) -> Listen {
        Listen {
            bell: Rc::clone(&self.0),
            heard: self.0.rings.get(),
        }
    }
}

/// Waits for a ring.
pub(crate) struct Listen {
    bell: Rc<Inner>,
    heard: u64,
}

impl Future for Listen {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.bell.rings.get() != self.heard {
            return Poll::Ready(());
        }
        let mut wakers = self.bell.wakers.borrow_mut();
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Waits until the future is done, or the bell rings, or both.
pub(crate) async fn either(first: impl Future<Output = ()>, second: impl Future<Output = ()>) {
    let first = std::pin::pin!(first);
    let second = std::pin::pin!(second);
    futures::future::select(first, second).await;
}
