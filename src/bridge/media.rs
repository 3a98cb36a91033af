//! Questions about pictures and voice messages, which the worker answers without the engine.

use onionskin_client::api::{Blob, FileId};
use onionskin_client::picture::Metadata;
use serde::{Deserialize, Serialize};

/// Largest file that can be sent, in bytes (20-messages 5.2).
pub const FILE_LIMIT: usize = 9_828_080;

/// How much of a picture is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    /// Every pixel.
    Original,
    /// No side longer than 2,000 pixels.
    #[default]
    Balanced,
    /// No side longer than 1,280 pixels.
    Small,
}

impl Quality {
    /// Longest side in pixels.
    pub const fn side(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::Balanced => Some(2_000),
            Self::Small => Some(1_280),
        }
    }
}

/// A picture ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The file, without metadata.
    pub bytes: Blob,
    /// Its type.
    pub content_type: String,
    /// The ending that its name should have, without the dot.
    pub extension: String,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// What the file held before, none of which is left.
    pub removed: Metadata,
}

/// The one voice message that is being recorded. It lives in the worker's memory and goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoiceCall {
    /// Begins anew; what was recorded before goes. Answer: [`Done`](super::Reply::Done).
    Begin {
        /// Samples per second.
        rate: u32,
    },
    /// More of it. Answer: [`Done`](super::Reply::Done).
    Feed {
        /// Mono, 16 bit little-endian.
        samples: Blob,
    },
    /// The MP3 so far; recording may go on. Answer: [`Bytes`](super::Reply::Bytes).
    SoFar,
    /// The whole MP3. It stays until it is discarded, nothing is added to it any more. Answer: [`Bytes`](super::Reply::Bytes).
    Finish,
    /// Forgets it. Answer: [`Done`](super::Reply::Done).
    Discard,
}

/// A small form of a file of the open account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThumbnailOrder {
    /// A picture on this device.
    pub file: FileId,
    /// Longest side in pixels.
    pub side: u32,
}
