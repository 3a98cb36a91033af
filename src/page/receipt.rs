//! What an erasure removed and what it could not, without a word about whose it was (screens 20, D3).

use super::sweep::Swept;
use crate::i18n::{Catalogue, count, fill, format};

/// Told on the first screen afterwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Receipt {
    /// When (device clock, ms).
    pub at: u64,
    /// Accounts that were kept on this device.
    pub vaults: u32,
    /// Databases that could not be deleted yet; their keys are gone.
    pub left: u32,
    /// What else was kept, when all of it was to go.
    pub swept: Option<Swept>,
    /// Nodes of the own swarm that confirmed, of all of them, when they were asked.
    pub nodes: Option<(u32, u32)>,
}

impl Receipt {
    /// In words, a line each.
    pub(crate) fn lines(&self, t: &'static Catalogue) -> Vec<String> {
        let mut lines = vec![fill(t.d3_receipt_at, &[("date", &format::full(self.at))])];
        if self.vaults > 0 {
            lines.push(count(&t.d3_receipt_vaults, u64::from(self.vaults)));
        }
        if let Some((confirmed, of)) = self.nodes {
            let confirmed = confirmed.to_string();
            let of = of.to_string();
            lines.push(fill(t.d3_receipt_nodes, &[("n", &confirmed), ("of", &of)]));
        }
        if let Some(swept) = self.swept {
            lines.push(t.d3_receipt_choices.to_owned());
            if swept.caches > 0 {
                lines.push(count(&t.d3_receipt_caches, u64::from(swept.caches)));
            }
            if swept.workers > 0 {
                lines.push(count(&t.d3_receipt_workers, u64::from(swept.workers)));
            }
        }
        let swept_left = self.swept.map_or(0, |swept| swept.left);
        lines.push(match (self.left, swept_left) {
            (0, 0) => t.d3_receipt_all.to_owned(),
            (left, 0) => count(&t.d3_receipt_left, u64::from(left)),
            (left, more) => count(&t.d3_receipt_remains, u64::from(left.saturating_add(more))),
        });
        lines
    }
}
