//! Real time for a network with sockets.

use crate::network::Sleeper;
use futures::future::BoxFuture;
use onionskin_protocol::time::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

/// The system's clock and the timers of tokio.
pub struct TokioSleeper(Handle);

impl TokioSleeper {
    /// Runs detached tasks on this runtime.
    pub fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Sleeper for TokioSleeper {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
    fn detach(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.0.spawn(task);
        Ok(())
    }
}
