//! What the person chose about the network (screens 17, X9). Lies sealed in the vault, so it holds for this account on this
//! device.

use super::Network;
use crate::api::{NetworkSettings, PollPace};
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError};

/// Origins that a list of preferences may name.
const MAX_RELAYS: usize = 64;
/// Bytes that an origin may have.
const MAX_ORIGIN: usize = 300;

/// Between polls when the app is not on screen (ms).
const HIDDEN: u64 = 45_000;
/// The same when data is saved (ms).
const HIDDEN_SAVER: u64 = 60_000;
/// The fastest that polls come when data is saved (ms).
const SAVER: u64 = 15_000;

impl NetworkSettings {
    /// The time (ms) between polls of the own swarm (10-network Decisions 4).
    pub(crate) fn poll_every(&self, visible: bool) -> u64 {
        let pace = match self.pace {
            PollPace::Adaptive | PollPace::Seconds5 => 5_000,
            PollPace::Seconds15 => 15_000,
            PollPace::Seconds60 => 60_000,
        };
        match (visible, self.saver) {
            (true, false) => pace,
            (true, true) => pace.max(SAVER),
            (false, false) => pace.max(HIDDEN),
            (false, true) => HIDDEN_SAVER,
        }
    }
}

impl<P: Ports> Network<P> {
    /// What was chosen.
    pub fn settings(&self) -> NetworkSettings {
        self.0.settings.borrow().clone()
    }

    /// Chooses. Takes effect at once.
    pub async fn set_settings(&self, mut settings: NetworkSettings) -> Result<(), RecordError> {
        settings.relays.retain(|origin| origin.len() <= MAX_ORIGIN);
        settings.relays.truncate(MAX_RELAYS);
        let mut tx = self.0.records.tx();
        tx.put(&self.settings_key(), &settings);
        tx.commit(Durability::Strict).await?;
        self.adopt_settings(settings);
        self.0.settings_chosen.set(true);
        self.wake();
        self.0.changed.ring();
        Ok(())
    }

    /// What the browser says about saving data is the default; what the person chose counts more.
    pub(crate) fn set_save_data(&self, on: bool) {
        if !self.0.settings_chosen.get() {
            self.0.settings.borrow_mut().saver = on;
            self.0.changed.ring();
        }
    }

    /// Settings that cannot be read are the default ones; only a store that fails is an error.
    pub(super) async fn load_settings(&self) -> Result<(), RecordError> {
        match self
            .0
            .records
            .get::<NetworkSettings>(&self.settings_key())
            .await
        {
            Ok(Some(settings)) => {
                self.adopt_settings(settings);
                self.0.settings_chosen.set(true);
            }
            Ok(None) | Err(RecordError::Vault(_) | RecordError::Form | RecordError::Version(_)) => {
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn adopt_settings(&self, settings: NetworkSettings) {
        self.0.paths.borrow_mut().strict = settings.strict_paths;
        self.0.gateways.borrow_mut().choose(&settings);
        self.review_reach();
        *self.0.settings.borrow_mut() = settings;
    }

    fn settings_key(&self) -> Key {
        self.0.records.key::<16>(Table::Network, "settings", &[])
    }
}

#[cfg(test)]
mod trials {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::network::testing::Lab;
    use crate::store::MemoryStore;

    #[test]
    fn the_wish_of_the_browser_to_save_data_holds_until_the_person_chooses() {
        let lab = Lab::new(3);
        let store = MemoryStore::new();
        let network = lab.network(&store);
        network.set_save_data(true);
        assert_eq!(network.settings().poll_every(true), SAVER);
        network.set_save_data(false);
        assert!(!network.settings().saver);
        network.set_save_data(true);
        let chosen = NetworkSettings::default();
        lab.time().run(network.set_settings(chosen)).unwrap();
        network.set_save_data(true);
        assert!(!network.settings().saver);
        let later = lab.network(&store);
        later.set_save_data(true);
        assert!(!later.settings().saver, "the choice lies in the vault");
    }
}
