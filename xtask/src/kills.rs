//! `cargo xtask kills`: a browser that is killed again and again while it sends.

use crate::app;
use crate::servers::{self, Profile, Servers};
use crate::step::{Failure, run_step};
use crate::test::playwright;
use crate::tools::{self, Need};

pub const HELP: &str = "\
cargo xtask kills [--times N] [--seed S]

Chromium sends texts and files through the app's own screens and is killed as a whole N times (1000 unless told), at moments
that follow from the seed. Whatever the screen had shown as sent must come to the recipient, and to the account's other
device, exactly once, in order, files with their bytes. `cargo xtask test` does this a dozen times.
";

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let (mut times, mut seed) = (1000_u32, 1_u32);
    for pair in arguments.chunks(2) {
        let unknown = || Failure(format!("these arguments are not known\n\n{HELP}"));
        let [name, value] = pair else {
            return Err(unknown());
        };
        let value = value.parse().map_err(|_| unknown())?;
        match name.as_str() {
            "--times" => times = value,
            "--seed" => seed = value,
            _ => return Err(unknown()),
        }
    }
    tools::ensure(Need::Browser)?;
    let chromium = tools::needed_chromium()?;
    servers::build()?;
    servers::build_example("onionskin-client", "receiver")?;
    app::build()?;
    let servers = Servers::start(Profile::Servers, "127.0.0.1:0")?;
    run_step(
        &format!("kill Chromium {times} times (seed {seed})"),
        playwright(&servers, Profile::Servers, &chromium)
            .args(["tests/e2e/killed.spec.ts", "--reporter=list"])
            .env("ONIONSKIN_KILLS", times.to_string())
            .env("ONIONSKIN_KILLS_SEED", seed.to_string()),
    )
}
