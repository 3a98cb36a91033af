//! Shared configs (30-config): small documents that all devices of one account, or all admins of one group, keep in a
//! swarm and merge without a server.
//!
//! | room | what |
//! |---|---|
//! | [`bt`], [`value`] | the encoding, and the data of a config |
//! | [`diff`], [`message`], [`merge`] | versions: what changed, one version, many versions become one |
//! | [`encrypt`], [`compress`], [`multipart`], [`wrap`], [`pack`] | from a version to the bytes in the swarm and back |
//! | [`object`], `receive`, `dump` | a config as a device holds it: edited, pushed, merged, stored |
//! | [`user_profile`], [`contacts`], [`convo_volatile`], [`user_groups`] | the four configs of an account |
//! | [`group_info`], [`group_members`] | the two configs of a group (31-groups 7) |
//! | [`group_keys`] | the keys of a group, which are a log and no config (31-groups 5) |
//!
//! A typed config reads from and writes to the data key by key, so keys of newer clients survive every edit.

use crate::id::Namespace;

pub mod bt;
pub mod community;
pub mod compress;
pub mod contacts;
pub mod convo_volatile;
pub mod diff;
mod dump;
pub mod encrypt;
pub mod fields;
pub mod group_info;
pub mod group_keys;
pub mod group_members;
pub mod ids;
pub mod merge;
pub mod message;
pub mod multipart;
pub mod object;
pub mod pack;
mod receive;
pub mod user_groups;
pub mod user_profile;
pub mod value;
pub mod wrap;

pub use contacts::Contacts;
pub use convo_volatile::ConvoInfoVolatile;
pub use dump::LoadError;
pub use group_info::GroupInfo;
pub use group_keys::GroupKeys;
pub use group_members::GroupMembers;
pub use object::{Config, EditError, Push, PushError, State};
pub use receive::{MergeError, Merged};
pub use user_groups::UserGroups;
pub use user_profile::UserProfile;

/// Which config (30-config 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Name, picture and settings of the account.
    UserProfile,
    /// People.
    Contacts,
    /// What has been read.
    ConvoInfoVolatile,
    /// Groups and communities.
    UserGroups,
    /// What a group is called and how it looks.
    GroupInfo,
    /// Who is in a group.
    GroupMembers,
}

impl Kind {
    /// Where it is stored in the swarm of its account or group.
    pub const fn namespace(self) -> Namespace {
        Namespace(match self {
            Self::UserProfile => 2,
            Self::Contacts => 3,
            Self::ConvoInfoVolatile => 4,
            Self::UserGroups => 5,
            Self::GroupInfo => 13,
            Self::GroupMembers => 14,
        })
    }

    /// The domain of its encryption.
    pub const fn domain(self) -> &'static str {
        match self {
            Self::UserProfile => "UserProfile",
            Self::Contacts => "Contacts",
            Self::ConvoInfoVolatile => "ConvoInfoVolatile",
            Self::UserGroups => "UserGroups",
            Self::GroupInfo => "groups::Info",
            Self::GroupMembers => "groups::Members",
        }
    }

    /// Its name in the protobuf wrapper. Configs of groups are never wrapped.
    const fn wrapper(self) -> Option<crate::message::proto::shared_config_message::Kind> {
        use crate::message::proto::shared_config_message::Kind as Wrapper;
        match self {
            Self::UserProfile => Some(Wrapper::UserProfile),
            Self::Contacts => Some(Wrapper::Contacts),
            Self::ConvoInfoVolatile => Some(Wrapper::ConvoInfoVolatile),
            Self::UserGroups => Some(Wrapper::UserGroups),
            Self::GroupInfo | Self::GroupMembers => None,
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trials;
