//! `cargo xtask start`: from a checkout to an address.

use crate::app;
use crate::servers::{self, Profile, Servers};
use crate::step::Failure;
use crate::tools::{self, Need};

pub const HELP: &str = "\
cargo xtask start

Installs what is missing (Rust target, wasm-bindgen, wasm-split, npm packages), builds the app, the relay and the
local network, starts 12 service nodes in 3 swarms and a relay, and prints one address to open. Ctrl-C ends everything.
The address is http://127.0.0.1:8470/, or the next free port.
";

pub fn run(_arguments: &[String]) -> Result<(), Failure> {
    tools::ensure(Need::Build)?;
    servers::build()?;
    app::build()?;
    let mut servers = Servers::start(Profile::Servers, &servers::free_address(8470)?)?;
    println!("\nOnionskin is at {}\nCtrl-C ends it.", servers.url);
    Err(servers.wait())
}
