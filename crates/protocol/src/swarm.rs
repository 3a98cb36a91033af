//! Which swarm holds an account's messages (10-network 2.1).

use crate::id::SwarmId;

/// The swarm id that means "no swarm".
pub const INVALID_SWARM: u64 = u64::MAX;

/// XOR of the four big-endian words of the key (the prefix byte does not count).
pub fn swarm_space(account: &SwarmId) -> u64 {
    todo!()
}
/// The swarm nearest on the circle; a tie goes left. `swarms` is sorted and free of duplicates and of [`INVALID_SWARM`].
pub fn swarm_for(account: &SwarmId, swarms: &[u64]) -> Option<u64> {
    todo!()
}
