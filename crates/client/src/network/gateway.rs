//! The ways out of this browser, and how they do.

use super::Network;
use crate::api::{GatewayHealth, GatewayView, ListVerdict};
use crate::ports::{Ports, Transport, TransportError};
use onionskin_protocol::time::Timestamp;

/// What the newest question for a gateway's node list gave.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tested {
    health: Option<GatewayHealth>,
    latency: Option<u32>,
    answered_at: Option<Timestamp>,
}

impl<P: Ports> Network<P> {
    /// Asks every gateway for its node list as soon as possible.
    pub(crate) fn test_gateways(&self) {
        self.0.test.ring();
    }

    /// Tests gateways whenever that is asked for.
    pub(super) async fn keep_gateways(&self) {
        loop {
            self.0.test.listen().await;
            let sent = self.device_now();
            let outcome = self.0.ports.transport().node_list().await;
            let now = self.device_now();
            {
                let mut tested = self.0.tested.borrow_mut();
                tested.health = Some(match &outcome {
                    Ok(_) => GatewayHealth::Good,
                    Err(TransportError::RelayRefused(_)) => GatewayHealth::Refusing,
                    Err(_) => GatewayHealth::Silent,
                });
                if outcome.is_ok() {
                    tested.answered_at = Some(now);
                    tested.latency = u32::try_from(now.millis_since(sent)).ok();
                }
            }
            self.0.changed.ring();
        }
    }

    pub(super) fn gateway_views(&self) -> Vec<GatewayView> {
        let health = self.0.health.borrow();
        let tested = self.0.tested.borrow();
        vec![GatewayView {
            origin: String::new(),
            direct: false,
            in_use: true,
            health: match (tested.health, health.transport()) {
                (_, Some(TransportError::RelayRefused(_))) => GatewayHealth::Refusing,
                (_, Some(_)) => GatewayHealth::Silent,
                (Some(health), None) => health,
                (None, None) if health.last_success.is_some() => GatewayHealth::Good,
                (None, None) => GatewayHealth::Unknown,
            },
            last_success: tested
                .answered_at
                .max(health.last_success)
                .map(Timestamp::as_millis),
            latency: tested.latency,
            verdict: ListVerdict::Unchecked,
        }]
    }
}
