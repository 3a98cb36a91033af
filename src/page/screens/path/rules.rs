//! Which of the rules for paths hold for one (screens 14, P2): what the engine said, and what its hops themselves show.

use onionskin_client::api::{PathRule, PathView};
use onionskin_client::world::Country;
use onionskin_protocol::sorted::SortedSet;
use std::net::Ipv4Addr;

/// How it stands with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Kept,
    /// Too few nodes were left to keep it.
    Relaxed,
    /// Two hops have it in common, though nobody had to relax it: of nodes that came later only the page knows the country.
    Missed,
    /// All nodes run on one machine, so there is nothing to keep apart.
    OneMachine,
    /// It cannot be told, because countries are not known.
    Untold,
}

/// All rules, and how each stands. `countries` belong to the hops one by one.
pub(super) fn judge(path: &PathView, countries: &[Option<Country>]) -> [(PathRule, Standing); 3] {
    let addresses: Vec<Option<Ipv4Addr>> = path
        .hops
        .iter()
        .map(|hop| hop.address.parse().ok())
        .collect();
    let one_machine = !addresses.is_empty()
        && addresses
            .iter()
            .all(|address| address.is_some_and(|address| address.is_loopback()));
    let standing = |rule: PathRule| {
        if one_machine && rule != PathRule::Reliable {
            return Standing::OneMachine;
        }
        if path.relaxed.contains(&rule) {
            return Standing::Relaxed;
        }
        match rule {
            PathRule::Reliable => Standing::Kept,
            PathRule::Subnets => {
                let nets = addresses
                    .iter()
                    .map(|address| address.map(|address| u32::from(address) >> 8));
                told_apart(nets)
            }
            PathRule::Countries => told_apart(countries.iter().copied()),
        }
    };
    [PathRule::Countries, PathRule::Subnets, PathRule::Reliable].map(|rule| (rule, standing(rule)))
}

/// Two equal ones break the rule even where another is unknown.
fn told_apart<T: Ord + Copy>(values: impl Iterator<Item = Option<T>>) -> Standing {
    let mut seen = SortedSet::new();
    let mut unknown = false;
    for value in values {
        match value {
            None => unknown = true,
            Some(value) if !seen.insert(value) => return Standing::Missed,
            Some(_) => {}
        }
    }
    if unknown {
        Standing::Untold
    } else {
        Standing::Kept
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use onionskin_client::api::{Chosen, HopView};

    fn path(addresses: [&str; 3], relaxed: &[PathRule]) -> PathView {
        let hops = addresses.map(|address| HopView {
            key: "00".repeat(32),
            address: address.into(),
            pinned_since: None,
            chosen: Chosen::Chance,
        });
        PathView {
            hops: hops.to_vec(),
            built_at: 0,
            requests: 0,
            failures: 0,
            strikes: 0,
            broken: None,
            rotates_at: None,
            relaxed: relaxed.to_vec(),
            destination: None,
        }
    }

    fn countries(codes: [&str; 3]) -> Vec<Option<Country>> {
        let code = |code: &str| Country::from_bytes(code.as_bytes().try_into().ok()?);
        codes.iter().map(|text| code(text)).collect()
    }

    fn standing(path: &PathView, codes: [&str; 3]) -> [Standing; 3] {
        judge(path, &countries(codes)).map(|(_, standing)| standing)
    }

    #[test]
    fn three_countries_and_three_networks_keep_all_rules() {
        let path = path(["8.8.8.8", "9.9.9.9", "5.161.1.1"], &[]);
        assert_eq!(standing(&path, ["US", "DE", "FI"]), [Standing::Kept; 3]);
    }

    #[test]
    fn what_the_engine_relaxed_is_said() {
        let path = path(["8.8.8.8", "9.9.9.9", "5.161.1.1"], &[PathRule::Reliable]);
        assert_eq!(standing(&path, ["US", "DE", "FI"])[2], Standing::Relaxed);
    }

    #[test]
    fn an_unknown_country_leaves_the_rule_untold_unless_two_others_are_the_same() {
        let path = path(["8.8.8.8", "9.9.9.9", "5.161.1.1"], &[]);
        assert_eq!(standing(&path, ["US", "", "FI"])[0], Standing::Untold);
        assert_eq!(standing(&path, ["US", "", "US"])[0], Standing::Missed);
    }

    #[test]
    fn two_nodes_of_one_network_are_seen_even_if_nobody_said_so() {
        let path = path(["8.8.8.8", "9.9.9.9", "8.8.8.200"], &[]);
        assert_eq!(standing(&path, ["US", "DE", "FI"])[1], Standing::Missed);
    }

    #[test]
    fn on_one_machine_there_is_nothing_to_keep_apart() {
        let path = path(
            ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
            &[PathRule::Subnets],
        );
        assert_eq!(
            standing(&path, ["", "", ""]),
            [Standing::OneMachine, Standing::OneMachine, Standing::Kept]
        );
    }
}
