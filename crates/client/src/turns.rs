//! A lock that is had in the order in which it was asked for: what somebody did first is written down first.

use futures::channel::oneshot;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// One after the other. Clones are the same queue; it is for one thread.
#[derive(Clone, Default)]
pub struct Turns(Rc<RefCell<Queue>>);

#[derive(Default)]
struct Queue {
    taken: bool,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// It is somebody's turn until this is dropped.
pub struct Turn(Option<Turns>);

impl Turns {
    /// Waits for its turn, behind everybody who came before.
    pub async fn next(&self) -> Turn {
        let waiting = {
            let mut queue = self.0.borrow_mut();
            if queue.taken {
                let (sender, receiver) = oneshot::channel();
                queue.waiting.push_back(sender);
                Some(receiver)
            } else {
                queue.taken = true;
                None
            }
        };
        match waiting {
            // The sender is dropped only with the queue, which is held here.
            Some(turn) => turn.await.unwrap_or(Turn(None)),
            None => Turn(Some(self.clone())),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else {
            return;
        };
        loop {
            let next = turns.0.borrow_mut().waiting.pop_front();
            let Some(next) = next else {
                turns.0.borrow_mut().taken = false;
                return;
            };
            match next.send(Turn(Some(turns.clone()))) {
                Ok(()) => return,
                // Nobody waits there any more.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::{join, select};
    use proptest::prelude::*;
    use std::pin::pin;

    #[test]
    fn who_comes_while_others_wait_waits_behind_them() {
        let turns = Turns::default();
        let first = turns.next().now_or_never().unwrap();
        let mut second = Box::pin(turns.next());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        // It is free for the second one only, although that has not looked yet.
        assert!(turns.next().now_or_never().is_none());
        let turn = second.now_or_never().unwrap();
        assert!(turns.next().now_or_never().is_none());
        drop(turn);
        assert!(turns.next().now_or_never().is_some());
    }

    proptest! {
        /// Some of those who wait leave, before or after it was their turn.
        #[test]
        fn turns_come_in_order_and_none_is_lost(leaving in proptest::collection::vec(0u8..3, 1..40)) {
            let turns = Turns::default();
            let order = RefCell::new(Vec::new());
            let held = turns.next().now_or_never().unwrap();
            let run = tokio::runtime::Builder::new_current_thread().build().unwrap();
            run.block_on(async {
                let mut all = futures::stream::FuturesUnordered::new();
                for (number, leaves) in leaving.iter().enumerate() {
                    let mut waits = Box::pin(turns.next());
                    assert!(waits.as_mut().now_or_never().is_none());
                    let order = &order;
                    all.push(async move {
                        match leaves {
                            0 => drop(waits),
                            1 => drop(select(waits, pin!(async {})).await),
                            _ => {
                                let turn = waits.await;
                                order.borrow_mut().push(number);
                                drop(turn);
                            }
                        }
                    });
                }
                let all = async { while futures::StreamExt::next(&mut all).await.is_some() {} };
                join(all, async { drop(held) }).await;
            });
            let stay = |leaves: &u8| *leaves == 2;
            let expected: Vec<_> = (0..leaving.len()).filter(|at| stay(&leaving[*at])).collect();
            prop_assert_eq!(order.into_inner(), expected);
            prop_assert!(turns.next().now_or_never().is_some());
        }
    }
}
