//! A terminal chat over the same engine that runs in the browser. Nothing is kept: the records live in memory.
//!
//! ```text
//! cargo run -p onionskin-client --example chat -- --new --name Anna --seed https://127.0.0.1:22000 --peer 05…
//! ```
//! Lines typed go to the peer (or to whoever wrote last). Printed: `id 05…`, `phrase …` for a new account, `< name: text`
//! for what arrives, `> text (state)` for every state of what is sent, `! CODE …` for problems.
#![allow(clippy::print_stdout)]

mod terminal;

use clap::Parser;
use futures::StreamExt;
use onionskin_client::api::{Answer, Command, Delivery, Event, Failure, Message, short_id};
use onionskin_client::ports::Ports;
use onionskin_client::vault::VaultKey;
use onionskin_client::{Engine, EngineOptions, NetworkProfile};
use onionskin_protocol::account::phrase::WordList;
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;
use terminal::{TerminalPorts, Way, account, read_lines};

#[derive(Parser)]
#[command(about = "Chat on the Session network from a terminal")]
struct Options {
    /// The recovery phrase: 13 words, or 12 of the second form.
    #[arg(long, conflicts_with = "new")]
    phrase: Option<String>,
    /// A fresh account.
    #[arg(long)]
    new: bool,
    /// Display name.
    #[arg(long, default_value = "")]
    name: String,
    #[command(flatten)]
    way: Way,
    /// The rules of the real network instead of those of a local one.
    #[arg(long)]
    mainnet: bool,
    /// Account ID to write to.
    #[arg(long)]
    peer: Option<String>,
    /// After the end of the input, stay so many seconds after everything is sent.
    #[arg(long, default_value_t = 0)]
    linger: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "no cryptography for TLS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(chat(options))
}

async fn chat(options: Options) -> Result<(), Box<dyn Error>> {
    if options.phrase.is_none() && !options.new {
        return Err("either --phrase or --new".into());
    }
    let account = account(options.phrase.as_deref())?;
    println!("id {}", account.id());
    if options.new {
        println!("phrase {}", WordList::english().encode(account.seed()));
    }
    let ports = TerminalPorts::new(&options.way)?;
    let key = VaultKey::generate(&mut *ports.entropy());
    let network = if options.mainnet {
        NetworkProfile::mainnet()
    } else {
        NetworkProfile::local()
    };
    let engine = Engine::create(
        ports,
        key,
        account,
        &options.name,
        !options.new,
        EngineOptions {
            network,
            temporary: true,
        },
    )
    .await?;
    let talk = async {
        let outcome = talk(&engine, &options).await;
        engine.stop();
        outcome
    };
    futures::join!(engine.run(), talk).1
}

async fn talk(engine: &Engine<TerminalPorts>, options: &Options) -> Result<(), Box<dyn Error>> {
    let mut events = engine.subscribe();
    let mut lines = read_lines();
    let mut peer = options.peer.clone();
    let mut under_way = BTreeSet::new();
    let mut input_ended = false;
    loop {
        let next = async {
            if input_ended {
                futures::future::pending().await
            } else {
                lines.next().await
            }
        };
        let linger = async {
            match input_ended && under_way.is_empty() {
                true => tokio::time::sleep(Duration::from_secs(options.linger)).await,
                false => futures::future::pending().await,
            }
        };
        tokio::select! {
            line = next => match line {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => match &peer {
                    Some(peer) => match send(engine, peer, line).await {
                        Ok(message) => { under_way.insert(message.id); }
                        Err(failure) => complain(&failure),
                    },
                    None => println!("! nobody to write to yet"),
                },
                None => input_ended = true,
            },
            event = events.next() => match event {
                Some(Event::Message(message)) => {
                    show(engine, &message).await;
                    if !message.mine {
                        peer.get_or_insert_with(|| message.author.clone());
                    } else if matches!(message.delivery, Delivery::Synced { .. } | Delivery::Failed(_)) {
                        under_way.remove(&message.id);
                    }
                }
                Some(Event::Network(status)) => eprintln!("network {:?}, {} nodes", status.state, status.nodes),
                Some(Event::Problem(failure)) => complain(&failure),
                Some(_) => {}
                None => return Ok(()),
            },
            () = linger => return Ok(()),
        }
    }
}

async fn send(
    engine: &Engine<TerminalPorts>,
    peer: &str,
    text: String,
) -> Result<Message, Failure> {
    let start = Command::StartConversation {
        account_id: peer.to_owned(),
    };
    let Answer::Conversation(conversation) = engine.handle(start).await? else {
        unreachable!("answers fit commands")
    };
    match engine
        .handle(Command::Send {
            conversation: conversation.id,
            text,
            reply_to: None,
            files: Vec::new(),
        })
        .await?
    {
        Answer::Message(message) => Ok(*message),
        _ => unreachable!("answers fit commands"),
    }
}

async fn show(engine: &Engine<TerminalPorts>, message: &Message) {
    if message.mine {
        let state = match message.delivery {
            Delivery::Held { .. } => "held".to_owned(),
            Delivery::Queued => "queued".to_owned(),
            Delivery::Uploading => "uploading".to_owned(),
            Delivery::Sending => "sending".to_owned(),
            Delivery::Stored { confirmed, of } => format!("stored on {confirmed} of {of}"),
            Delivery::Synced { .. } => "synced".to_owned(),
            Delivery::Read => "read".to_owned(),
            Delivery::Retrying { attempt, .. } => format!("attempt {attempt} failed"),
            Delivery::Failed(code) => format!("failed: {}", code.code()),
        };
        println!("> {} ({state})", message.text);
        return;
    }
    let get = Command::GetConversation {
        conversation: message.conversation,
    };
    let name = match engine.handle(get).await {
        Ok(Answer::Conversation(row)) if !row.name.is_empty() => row.name,
        _ => short_id(&message.author),
    };
    println!("< {name}: {}", message.text);
}

fn complain(failure: &Failure) {
    println!("! {failure} {}", failure.detail);
}
