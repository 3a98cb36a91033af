//! Tells whoever listens what changed.

use crate::api::Event;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use std::cell::RefCell;
use std::rc::Rc;

/// The listeners. Clones tell the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events(Rc<RefCell<Vec<UnboundedSender<Event>>>>);

impl Events {
    pub(crate) fn subscribe(&self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded();
        self.0.borrow_mut().push(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        self.0
            .borrow_mut()
            .retain(|listener| listener.unbounded_send(event.clone()).is_ok());
    }

    /// No more events: the listeners' streams end.
    pub(crate) fn close(&self) {
        self.0.borrow_mut().clear();
    }
}
