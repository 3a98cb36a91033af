//! The screens of the inventory (screens 28), one file each; their ids are the `data-screen` hooks.

pub(crate) mod chats;
pub(crate) mod composer;
pub(crate) mod conversation;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod message;
pub(crate) mod network;
pub(crate) mod new;
pub(crate) mod path;
pub(crate) mod phrase;
pub(crate) mod restore;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod timeline;
pub(crate) mod unusable;
pub(crate) mod welcome;
