//! XEd25519-style signatures with X25519 keys (20-messages 11.3, vector kind `xed25519`).
