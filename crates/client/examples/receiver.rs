//! Takes in whatever is sent to an account, and tells what it has. Nothing is kept: the records live in memory.
//!
//! ```text
//! cargo run -p onionskin-client --example receiver -- --relay http://127.0.0.1:8470 --save FOLDER
//! ```
//! Prints `id 05…`, then, for each line of its standard input, every message that it has: those of one conversation after
//! the other, in the order of the screens, each as a line of JSON
//! `{"author":…,"mine":…,"text":…,"sent_at":…,"received_at":…,"files":[{"name":…,"path":…}]}`, and `end`. A file that is
//! not there yet has the path `null`. Ends with its input. Requests are accepted and files loaded as they come.
#![allow(clippy::print_stdout)]

mod terminal;

use clap::Parser;
use futures::StreamExt;
use onionskin_client::api::{
    Anchor, Answer, Attachment, Command, Conversation, Cursor, Event, Failure, FileState, Message,
    RequestState,
};
use onionskin_client::ports::Ports;
use onionskin_client::vault::VaultKey;
use onionskin_client::{Engine, EngineOptions, NetworkProfile};
use std::error::Error;
use std::path::{Path, PathBuf};
use terminal::{TerminalPorts, Way, account, read_lines};

/// Messages that are read at a time.
const PAGE: u16 = 200;

#[derive(Parser)]
#[command(about = "Take in what is sent to an account of a local network, and tell what came")]
struct Options {
    /// The recovery phrase; without it the account is a fresh one.
    #[arg(long)]
    phrase: Option<String>,
    /// Display name.
    #[arg(long, default_value = "Receiver")]
    name: String,
    #[command(flatten)]
    way: Way,
    /// Write the files that come into this folder.
    #[arg(long)]
    save: PathBuf,
}

type Client = Engine<TerminalPorts>;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "no cryptography for TLS")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(receive(options))
}

async fn receive(options: Options) -> Result<(), Box<dyn Error>> {
    let account = account(options.phrase.as_deref())?;
    println!("id {}", account.id());
    let ports = TerminalPorts::new(&options.way)?;
    let key = VaultKey::generate(&mut *ports.entropy());
    let engine = Engine::create(
        ports,
        key,
        account,
        &options.name,
        options.phrase.is_some(),
        EngineOptions {
            network: NetworkProfile::local(),
            temporary: true,
        },
    )
    .await?;
    let work = async {
        let outcome = listen(&engine, &options.save).await;
        engine.stop();
        outcome
    };
    futures::join!(engine.run(), work).1
}

async fn listen(engine: &Client, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut events = engine.subscribe();
    let mut lines = read_lines();
    loop {
        tokio::select! {
            line = lines.next() => match line {
                Some(_) => list(engine, folder).await?,
                None => return Ok(()),
            },
            event = events.next() => match event {
                Some(Event::Conversation(row)) if row.request == RequestState::Incoming => {
                    engine.handle(Command::AcceptRequest { conversation: row.id, quietly: false }).await?;
                }
                Some(Event::Problem(failure)) => eprintln!("{failure} {}", failure.detail),
                Some(_) => {}
                None => return Ok(()),
            },
        }
    }
}

/// Prints everything, and asks for the files that are not here.
async fn list(engine: &Client, folder: &Path) -> Result<(), Box<dyn Error>> {
    let Answer::Conversations(rows) = engine.handle(Command::GetConversations).await? else {
        unreachable!("answers fit commands")
    };
    for row in rows {
        for message in messages(engine, &row).await? {
            let mut files = Vec::new();
            for file in &message.attachments {
                let path = file_here(engine, &message, file, folder).await?;
                files.push(serde_json::json!({ "name": file.name, "path": path }));
            }
            let line = serde_json::json!({
                "author": message.author,
                "mine": message.mine,
                "text": message.text,
                "sent_at": message.sent_at,
                "received_at": message.received_at,
                "files": files,
            });
            println!("{line}");
        }
    }
    println!("end");
    Ok(())
}

/// The messages of a conversation, ascending.
async fn messages(engine: &Client, row: &Conversation) -> Result<Vec<Message>, Failure> {
    let mut all: Vec<Message> = Vec::new();
    let mut anchor = Anchor::Newest;
    loop {
        let read = Command::GetMessages {
            conversation: row.id,
            anchor,
            limit: PAGE,
        };
        let Answer::Messages {
            messages: mut page,
            more_before,
            ..
        } = engine.handle(read).await?
        else {
            unreachable!("answers fit commands")
        };
        page.append(&mut all);
        all = page;
        match all.first() {
            Some(first) if more_before => {
                anchor = Anchor::Before(Cursor {
                    sent_at: first.sent_at,
                    message: first.id,
                });
            }
            _ => return Ok(all),
        }
    }
}

/// Where the file was written; a file that is elsewhere is asked for.
async fn file_here(
    engine: &Client,
    message: &Message,
    file: &Attachment,
    folder: &Path,
) -> Result<Option<String>, Box<dyn Error>> {
    if file.state != FileState::Here {
        if matches!(file.state, FileState::Remote | FileState::Failed(_)) {
            let load = Command::LoadFile {
                message: message.id,
                file: file.id,
            };
            // What fails is asked for again with the next line.
            if let Err(failure) = engine.handle(load).await {
                eprintln!("{failure} {}", failure.detail);
            }
        }
        return Ok(None);
    }
    let name: String = file.id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(name);
    if !path.exists() {
        let Answer::Bytes(bytes) = engine.handle(Command::GetFile { file: file.id }).await? else {
            unreachable!("answers fit commands")
        };
        std::fs::write(&path, bytes.0)?;
    }
    Ok(Some(path.to_string_lossy().into_owned()))
}
