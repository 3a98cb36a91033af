//! The relay as a program. Prints one line of JSON when it listens, and nothing about anyone who uses it.

use clap::Parser;
use onionskin_relay::{Config, Relay};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
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
