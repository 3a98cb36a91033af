//! The relay as a program. Prints one line of JSON when it listens, and nothing about anyone who uses it.

use clap::Parser;
use onionskin_relay::{Config, Relay};
use std::process::ExitCode;

/// One file for each connection of a browser and to a node, and room for what else is open.
const OPEN_FILES: u64 = 16_384;

#[tokio::main]
async fn main() -> ExitCode {
    match rlimit::increase_nofile_limit(OPEN_FILES) {
        Ok(files) if files < OPEN_FILES => eprintln!(
            "onionskin-relay: the system allows {files} open files; {OPEN_FILES} are needed for 2000 browsers (ulimit -Hn)"
        ),
        Ok(_) => {}
        Err(error) => {
            eprintln!("onionskin-relay: the number of open files stays as it is: {error}")
        }
    }
    match Relay::start(Config::parse()).await {
        Ok(relay) => {
            println!(
                "{}",
                serde_json::json!({ "ready": true, "listen": format!("http://{}", relay.address()) })
            );
            tokio::select! {
                () = relay.run() => ExitCode::FAILURE,
                _ = tokio::signal::ctrl_c() => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("onionskin-relay: {error}");
            ExitCode::FAILURE
        }
    }
}
