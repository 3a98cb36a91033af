//! Parts that several screens share. Each is a function of signals; texts come from the catalogue.

pub(crate) mod avatar;
pub(crate) mod connection;
pub(crate) mod copy;
pub(crate) mod dialog;
pub(crate) mod failure;
pub(crate) mod gate;
pub(crate) mod icons;
pub(crate) mod keep;
pub(crate) mod menu;
pub(crate) mod names;
pub(crate) mod qr;
pub(crate) mod scan;
pub(crate) mod secret;
pub(crate) mod toast;
