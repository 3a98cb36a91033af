//! Files of messages and profile pictures (20-messages 5): staged, encrypted, sent, fetched, kept.
//!
//! Rooms: `name` and `pointer` make what strangers wrote harmless, `view` shows it. `chunks` keeps bytes, `staging` holds what
//! waits in the composer, `upload` and `load` are the two ways of a file, `remote` is the server at their other end. `media`
//! finds the files of a conversation, `room` counts and removes them, `avatar` keeps profile pictures, `backup` hands all of
//! them over whole.

mod avatar;
mod backup;
mod chunks;
mod load;
mod media;
mod name;
mod pointer;
mod remote;
mod room;
mod staging;
mod upload;
mod view;

pub(crate) use backup::put_whole;
pub(crate) use media::{forget, note};
pub(crate) use name::{clean_name, clean_type, is_dangerous, kind_of};
#[allow(unused_imports, reason = "received messages attach them")]
pub(crate) use pointer::{MAX_FILES, file_of, files_of, pointer_of};
pub(crate) use upload::{UploadFailure, Uploaded};
pub(crate) use view::Transfers;

use crate::api::{Event, FileId, FileState, MessageKind, Pressure};
use crate::conversation::Conversations;
use crate::network::Network;
use crate::ports::Ports;
use crate::profile::Owner;
use crate::store::RecordError;
use crate::sync::Sync;
use crate::wake::Bell;
use futures::stream::StreamExt;
use load::{Passing, Wanted};
use onionskin_protocol::sorted::{SortedMap, SortedSet};
use staging::Stage;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// All files of an account.
pub(crate) struct Files<P: Ports> {
    ports: Rc<P>,
    owner: Rc<Owner<P>>,
    network: Network<P>,
    conversations: Rc<Conversations<P>>,
    sync: Rc<Sync<P>>,
    stage: RefCell<Stage>,
    wanted: RefCell<VecDeque<Wanted>>,
    loading: RefCell<SortedSet<FileId>>,
    /// Downloads that the person ended in this session.
    unwanted: RefCell<SortedSet<FileId>>,
    /// Marks of pictures that were looked for, by account.
    sought: RefCell<SortedMap<[u8; 32], u64>>,
    /// Marks of pictures that could not be had, and when (device clock, ms), by account.
    never: RefCell<SortedMap<[u8; 32], (u64, u64)>>,
    /// Rings when profile pictures changed.
    pictures_changed: Bell,
    /// Rings when something is wanted.
    bell: Bell,
    /// Rings when somebody chose how long files stay.
    keeping_changed: Bell,
    /// The transfers that the person ended, and what rings then.
    stopped: RefCell<SortedSet<FileId>>,
    stop: Bell,
    /// How full the storage is.
    pressure: Cell<Pressure>,
    /// Files that were fetched and found no room, oldest first: they can be looked at until they make place or the account is
    /// locked.
    passing: RefCell<VecDeque<Passing>>,
}

impl<P: Ports> Files<P> {
    /// Takes up what an earlier session left. Also gives how many staged files could not be read.
    pub(crate) async fn open(
        ports: Rc<P>,
        owner: Rc<Owner<P>>,
        network: Network<P>,
        conversations: Rc<Conversations<P>>,
        sync: Rc<Sync<P>>,
    ) -> Result<(Self, usize), RecordError> {
        let (stage, mut damaged) = staging::load(&conversations.records).await?;
        let (pictures, lost) = avatar::load(&conversations.records).await?;
        damaged += lost;
        *conversations.pictures.borrow_mut() = pictures;
        *conversations.staged.borrow_mut() = staging::places(&stage);
        let files = Self {
            ports,
            owner,
            network,
            conversations,
            sync,
            stage: RefCell::new(stage),
            wanted: RefCell::default(),
            loading: RefCell::default(),
            unwanted: RefCell::default(),
            sought: RefCell::default(),
            never: RefCell::default(),
            pictures_changed: Bell::default(),
            keeping_changed: Bell::default(),
            bell: Bell::default(),
            stopped: RefCell::default(),
            stop: Bell::default(),
            pressure: Cell::default(),
            passing: RefCell::default(),
        };
        files.sweep_stage().await?;
        Ok((files, damaged))
    }

    /// Fetches what is wanted and what comes from people who are trusted, and lets go of what is old, until dropped.
    pub(crate) async fn run(&self) {
        futures::join!(
            self.keep_loading(),
            self.keep_own_picture(),
            self.keep_pictures(),
            self.keep_no_longer(),
            self.watch()
        );
    }

    /// Looks at what comes.
    async fn watch(&self) {
        let mut events = self.conversations.events.subscribe();
        while let Some(event) = events.next().await {
            match event {
                Event::Message(message) if message.kind == MessageKind::Deleted => {
                    self.stop_passing(&message.id);
                }
                Event::Message(message) => self.welcome(&message),
                Event::MessageRemoved { message, .. } => self.stop_passing(&message),
                Event::Conversation(_) | Event::Profile(_)
                    if self.lacks_pictures() || self.has_strays() =>
                {
                    self.pictures_changed.ring();
                }
                Event::Settings(_) => self.keeping_changed.ring(),
                // Its files in the composer go at the next start where the store refuses now.
                Event::ConversationRemoved(_) => {
                    drop(self.sweep_stage().await);
                    if self.has_strays() {
                        self.pictures_changed.ring();
                    }
                }
                _ => {}
            }
        }
    }

    /// How much room the browser has left. Without any, new files are not kept.
    pub(crate) fn set_pressure(&self, pressure: Pressure) {
        self.pressure.set(pressure);
    }

    /// Ends the transfer of a file, if there is one. What the person did not want does not load by itself any more.
    pub(crate) fn cancel(&self, file: FileId) {
        self.unwanted.borrow_mut().insert(file);
        let waited = {
            let mut wanted = self.wanted.borrow_mut();
            let before = wanted.len();
            wanted.retain(|wanted| !wanted.is(file));
            wanted.len() < before
        };
        if waited {
            self.show(file, FileState::Remote);
            self.transfers().clear(&file);
            return;
        }
        let state = self.transfers().get(&file);
        if let Some(FileState::Loading { .. } | FileState::Uploading { .. }) = state {
            self.stopped.borrow_mut().insert(file);
            self.stop.ring();
        }
    }

    /// Resolves when the person ends this transfer.
    async fn stop_of(&self, file: FileId) {
        self.stopped.borrow_mut().remove(&file);
        loop {
            let bell = self.stop.listen();
            if self.stopped.borrow_mut().remove(&file) {
                return;
            }
            bell.await;
        }
    }

    /// The record of a file says where it is from now on.
    pub(crate) fn settled(&self, file: FileId) {
        self.transfers().clear(&file);
    }

    fn transfers(&self) -> &Transfers {
        &self.conversations.transfers
    }

    /// Where a file under way is.
    fn show(&self, file: FileId, state: FileState) {
        self.transfers().set(file, state);
        self.tell(file, state);
    }

    fn tell(&self, file: FileId, state: FileState) {
        self.conversations.events.emit(Event::File { file, state });
    }
}
