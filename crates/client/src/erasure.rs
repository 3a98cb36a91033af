//! Erasing the account from the network (screens 20, D3).
//!
//! This device first stops storing anything in the own swarm, for good and across restarts, since its configs would bring the
//! account back; then every member is asked to delete everything. What happens on this device afterwards is another decision.
//! Whoever goes on with the account instead has it stored again.

use crate::api::{ErasedAt, ErrorCode, Event, Failure};
use crate::conversation::Conversations;
use crate::network::{Confirmed, Network};
use crate::outbox::failure;
use crate::ports::Ports;
use crate::profile::Owner;
use crate::turns::Turns;
use std::cell::RefCell;

/// What members of the swarm confirmed in this session.
#[derive(Default)]
pub(crate) struct Erasure {
    confirmed: RefCell<Confirmed>,
    turns: Turns,
}

impl Erasure {
    /// Has the own swarm delete everything. With `retry` the members that confirmed before count on.
    pub(crate) async fn run<P: Ports>(
        &self,
        owner: &Owner<P>,
        network: &Network<P>,
        conversations: &Conversations<P>,
        retry: bool,
    ) -> Result<Vec<ErasedAt>, Failure> {
        let _turn = self.turns.next().await;
        if network.is_offline() {
            return Err(failure(ErrorCode::NetOffline, None, ""));
        }
        let mut confirmed = match retry {
            true => self.confirmed.borrow().clone(),
            false => Confirmed::new(),
        };
        let before = owner.erased_at();
        owner.set_erased(Some(network.now())).await?;
        network.until_own_stores_are_over().await;
        let outcome = network.erase_own(owner.account(), &mut confirmed).await;
        self.confirmed.replace(confirmed);
        if outcome.is_err() && before.is_none() {
            // Nobody was reached, so nothing has changed.
            owner.set_erased(None).await?;
        }
        let view = owner.view(conversations);
        conversations.events.emit(Event::Profile(view));
        outcome.map_err(|error| failure(error.code(), None, &error.to_string()))
    }
}
