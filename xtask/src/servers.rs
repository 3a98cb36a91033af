//! A local network of service nodes and a relay in front of it, as child processes that never outlive this one.

use crate::app;
use crate::json::string_field;
use crate::step::{self, Failure, command, run_step, step};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Log files of servers started so far.
static COUNT: AtomicU32 = AtomicU32::new(0);
const PATIENCE: Duration = Duration::from_secs(60);

/// How the two programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As `cargo test --workspace` builds them for the integration tests.
    Dev,
    /// Quick to build and fast enough to use.
    Servers,
}

impl Profile {
    fn folder(self) -> PathBuf {
        step::target_dir().join(match self {
            Self::Dev => "debug",
            Self::Servers => "servers",
        })
    }
}

/// Builds relay and network for use. (For the journeys they are there already: see [`Profile::Dev`].)
pub fn build() -> Result<(), Failure> {
    run_step(
        "build the relay and the local network",
        command("cargo").args([
            "build",
            "--bins",
            "-p",
            "onionskin-relay",
            "-p",
            "onionskin-testnet",
            "--profile",
            "servers",
        ]),
    )
}

/// Builds an example of a package for [`example`].
pub fn build_example(package: &str, name: &str) -> Result<(), Failure> {
    run_step(
        &format!("build the example {name}"),
        command("cargo").args([
            "build",
            "-p",
            package,
            "--example",
            name,
            "--profile",
            "servers",
        ]),
    )
}

/// The program of an example. (`cargo test --workspace` builds those as well.)
pub fn example(profile: Profile, name: &str) -> PathBuf {
    profile.folder().join("examples").join(name)
}

/// The running servers. Dropping them ends them.
pub struct Servers {
    /// Where the app is.
    pub url: String,
    /// Where the network's faults are controlled.
    pub control: String,
    /// Where the file server takes requests in clear.
    pub files: String,
    /// Where a relay asks the network for its nodes.
    pub seed: String,
    /// The program of the relay.
    pub relay: PathBuf,
    children: Vec<Server>,
}

impl Servers {
    /// Starts 12 nodes in 3 swarms and a relay that serves `dist/`.
    pub fn start(profile: Profile, listen: &str) -> Result<Self, Failure> {
        step("start 12 nodes in 3 swarms and the relay", || {
            let (network, ready) = Server::start(
                "onionskin-testnet",
                Command::new(profile.folder().join("onionskin-testnet"))
                    .args(["--nodes", "12", "--swarms", "3"]),
            )?;
            let field = |name| {
                string_field(&ready, name).ok_or_else(|| {
                    Failure(format!(
                        "onionskin-testnet is ready without {name:?}: {ready}"
                    ))
                })
            };
            let (seed, control, files) = (field("seed")?, field("control")?, field("url")?);
            let program = profile.folder().join("onionskin-relay");
            let (relay, ready) = Server::start(
                "onionskin-relay",
                Command::new(&program)
                    .args([
                        "--network",
                        "local",
                        "--seed",
                        &seed,
                        "--listen",
                        listen,
                        "--dist",
                    ])
                    .arg(app::dist()),
            )?;
            let url = string_field(&ready, "listen").ok_or_else(|| {
                Failure(format!(
                    "onionskin-relay is ready without \"listen\": {ready}"
                ))
            })?;
            Ok(Self {
                url: format!("{url}/"),
                control,
                files,
                seed,
                relay: program,
                children: vec![relay, network],
            })
        })
    }

    /// Waits until one of them ends, which none does by itself.
    pub fn wait(&mut self) -> Failure {
        loop {
            for server in &mut self.children {
                if let Ok(Some(status)) = server.child.try_wait() {
                    return Failure(format!(
                        "{} ended with {status}\n{}",
                        server.name,
                        tail(&server.log)
                    ));
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The first free port of loopback from this one on.
pub fn free_address(from: u16) -> Result<String, Failure> {
    (from..from.saturating_add(100))
        .map(|port| format!("127.0.0.1:{port}"))
        .find(|address| TcpListener::bind(address).is_ok())
        .ok_or_else(|| {
            Failure(format!(
                "the ports {from} and the next hundred are all taken"
            ))
        })
}

struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
    watchdog: Option<(Child, ChildStdin)>,
}

impl Server {
    /// Starts a program and waits for its line of JSON with `"ready"`.
    fn start(name: &'static str, command: &mut Command) -> Result<(Self, String), Failure> {
        let folder = step::target_dir().join("xtask");
        fs::create_dir_all(&folder)?;
        let log = folder.join(format!(
            "{name}-{}-{}.log",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let mut child = command
            .current_dir(step::root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .map_err(|error| Failure(format!("{name} does not start: {error}")))?;
        let stdout = child.stdout.take();
        let watchdog = watchdog(child.id());
        let mut server = Self {
            name,
            child,
            log,
            watchdog,
        };
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, so that the program never waits for a reader.
        std::thread::spawn(move || {
            for line in stdout
                .into_iter()
                .flat_map(|stdout| BufReader::new(stdout).lines())
                .map_while(Result::ok)
            {
                if line.starts_with('{') && line.contains("\"ready\"") {
                    let _ = sender.send(line);
                }
            }
        });
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(ready) = receiver.recv_timeout(Duration::from_millis(100)) {
                return Ok((server, ready));
            }
            let ended = server.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let how = ended.map_or("is not ready after a minute".into(), |status| {
                    format!("ended with {status}")
                });
                return Err(Failure(format!("{name} {how}\n{}", tail(&server.log))));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The watchdog first: after the child is gone its number may belong to someone else.
        if let Some((mut watchdog, stdin)) = self.watchdog.take() {
            let _ = watchdog.kill();
            let _ = watchdog.wait();
            drop(stdin);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// A shell that ends the child when this process is gone, however it went: its standard input closes then.
fn watchdog(child: u32) -> Option<(Child, ChildStdin)> {
    let script = format!("trap '' INT TERM HUP; read -r _; kill {child} 2>/dev/null");
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdin = shell.stdin.take()?;
    Some((shell, stdin))
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn runs(pid: u32) -> bool {
        Command::new("sh")
            .args(["-c", &format!("kill -0 {pid} 2>/dev/null")])
            .status()
            .unwrap()
            .success()
    }

    #[test]
    fn a_server_is_ready_when_it_says_so_and_ends_with_its_owner() {
        let script = "echo starting; echo '{\"ready\":true,\"seed\":\"x\"}'; exec sleep 60";
        let (server, ready) = Server::start("sh", Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(string_field(&ready, "seed").as_deref(), Some("x"));
        let (child, watchdog) = (server.child.id(), server.watchdog.as_ref().unwrap().0.id());
        assert!(runs(child) && runs(watchdog));
        drop(server);
        assert!(!runs(child) && !runs(watchdog));
    }

    #[test]
    fn a_server_that_fails_says_why() {
        let failed = Server::start(
            "sh",
            Command::new("sh").args(["-c", "echo no port >&2; exit 3"]),
        );
        let Failure(text) = failed.err().unwrap();
        assert!(
            text.contains("exit status: 3") && text.contains("no port"),
            "{text}"
        );
    }

    #[test]
    fn the_watchdog_ends_a_child_whose_owner_vanished() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let (mut shell, stdin) = watchdog(child.id()).unwrap();
        drop(stdin);
        shell.wait().unwrap();
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free_address(port).unwrap(), format!("127.0.0.1:{port}"));
    }
}
