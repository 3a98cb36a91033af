//! The owner of the account, and what they chose.

use super::Timer;
use serde::{Deserialize, Serialize};

/// The words that own the account. Silent in `Debug`, wiped on drop.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhraseView {
    /// 13 words.
    pub words: String,
    /// 12 words of the second form, which no other Session app reads.
    pub second_form: String,
    /// The seed in 32 hex digits, as codes carry it.
    pub seed: String,
}

impl std::fmt::Debug for PhraseView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhraseView(..)")
    }
}

impl Drop for PhraseView {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.words.zeroize();
        self.second_form.zeroize();
        self.seed.zeroize();
    }
}

/// The person who owns this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// 66 hex digits.
    pub account_id: String,
    /// Display name, possibly empty.
    pub name: String,
    /// Changes whenever the own picture does; `None`: there is none.
    pub avatar: Option<u64>,
    /// Nothing is kept on this device.
    pub temporary: bool,
    /// The person has shown that they have the phrase.
    pub phrase_checked: bool,
    /// When (ms), where that is known.
    pub phrase_checked_at: Option<u64>,
    /// Until then (ms) nobody wants to be reminded of it; 0: it was never put off.
    pub phrase_remind_at: u64,
    /// This device shows the phrase no more.
    pub phrase_hidden: bool,
    /// When the account was erased from the network (ms). This device stores nothing there since.
    pub erased_at: Option<u64>,
    /// When the last backup was made here (ms); 0: none was.
    pub backup_at: u64,
    /// Until then (ms) nobody wants to be reminded of it; 0: it was never put off.
    pub backup_remind_at: u64,
    /// This device keeps an order for more backups like the last one.
    pub backup_repeats: bool,
}

/// What the person chose, on this device and in backups, unless marked "synced" (screens 17, X4 and X6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Tell people when their messages were read, and show when ours were.
    pub read_receipts: bool,
    /// Tell people when we type, and show when they do.
    pub typing: bool,
    /// Take requests from communities. Synced.
    pub community_requests: bool,
    /// Hide requests that hold nothing but a link.
    pub hide_link_requests: bool,
    /// Show more than five requests within an hour as one.
    pub group_bursts: bool,
    /// Show link previews that others send.
    pub show_previews: bool,
    /// Tell the sender when we save a file.
    pub media_saved_notice: bool,
    /// Timer of new conversations.
    pub default_timer: Timer,
    /// Hold messages for so many seconds before they go: 0, 3, 5 or 10.
    pub undo_seconds: u8,
    /// Show formatting.
    pub markdown: bool,
    /// Show messages of a few emoji large.
    pub big_emoji: bool,
    /// Six emoji.
    pub quick_reactions: Vec<String>,
    /// Play the next voice message after one ends.
    pub autoplay_voice: bool,
    /// Archived conversations stay archived when something arrives.
    pub keep_archived: bool,
    /// Ask before a link is opened.
    pub link_guard: bool,
    /// Remove tracking parameters of links.
    pub link_clean: bool,
    /// Files up to this many bytes load by themselves in trusted conversations; 0 = none.
    pub auto_download: u32,
    /// Files stay on this device for so many days after their message was sent: 30, 90, 365, or 0 = for ever.
    pub keep_files_days: u16,
    /// Notifications are shown.
    pub notifications: bool,
    /// What they tell.
    pub notify_detail: NotifyDetail,
    /// Requests notify, without content.
    pub notify_requests: bool,
    /// Which sound, 1 to 6; 0 = none.
    pub sound: u8,
    /// How loud it is, in percent.
    pub volume: u8,
    /// Nothing notifies between these minutes of the day (local time); they may span midnight.
    pub quiet_hours: Option<(u16, u16)>,
    /// The days on which quiet hours begin: bit 0 is Monday, bit 6 Sunday.
    pub quiet_days: u8,
    /// What names us notifies in quiet hours as well.
    pub quiet_mentions: bool,
    /// What was searched for last, newest first, at most ten; `None`: the person does not want that to be kept.
    pub recent_searches: Option<Vec<String>>,
    /// Emoji that were used last, newest first.
    pub recent_emoji: Vec<String>,
    /// The tone of skin that was chosen last, 1 to 5; 0 = none.
    pub emoji_tone: u8,
    /// Nobody is reminded to describe pictures.
    pub no_caption_reminder: bool,
    /// How often the person is reminded of a backup.
    pub backup_reminder: BackupReminder,
}

/// After how many days without a backup somebody is reminded of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackupReminder {
    /// 30.
    #[default]
    Month,
    /// 7.
    Week,
    /// 90.
    Quarter,
    /// Never.
    Never,
}

impl BackupReminder {
    /// Days.
    pub const fn days(self) -> Option<u64> {
        match self {
            Self::Week => Some(7),
            Self::Month => Some(30),
            Self::Quarter => Some(90),
            Self::Never => None,
        }
    }
}

impl Settings {
    /// All bits of [`quiet_days`](Self::quiet_days).
    pub const EVERY_DAY: u8 = 0x7f;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            read_receipts: false,
            typing: false,
            community_requests: false,
            hide_link_requests: false,
            group_bursts: true,
            show_previews: true,
            media_saved_notice: false,
            default_timer: Timer::Off,
            undo_seconds: 0,
            markdown: true,
            big_emoji: true,
            quick_reactions: ["👍", "❤️", "😂", "😮", "😢", "🙏"]
                .map(Into::into)
                .to_vec(),
            autoplay_voice: false,
            keep_archived: false,
            link_guard: true,
            link_clean: true,
            auto_download: 3_000_000,
            keep_files_days: 0,
            notifications: false,
            notify_detail: NotifyDetail::Nothing,
            notify_requests: true,
            sound: 1,
            volume: 50,
            recent_searches: None,
            recent_emoji: Vec::new(),
            emoji_tone: 0,
            no_caption_reminder: false,
            backup_reminder: BackupReminder::Month,
            quiet_hours: None,
            quiet_days: Self::EVERY_DAY,
            quiet_mentions: false,
        }
    }
}

/// What a notification tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum NotifyDetail {
    NameAndText,
    Name,
    #[default]
    Nothing,
}

/// How far a restore has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RestoreStep {
    Connecting,
    Profile,
    Messages,
    Done,
}

/// How this device and the account's other ones agree (screens 16).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// How it stands.
    pub state: SyncState,
    /// When something was last fetched from the swarm (device clock, ms).
    pub fetched_at: Option<u64>,
    /// When something was last stored there (device clock, ms).
    pub stored_at: Option<u64>,
    /// When another device last stored or sent something (network time, ms), as far as this one saw.
    pub other_device_at: Option<u64>,
    /// Stored parts that could not be read.
    pub unreadable: u32,
}

/// How this device and the account's other ones agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncState {
    /// Nothing was fetched yet.
    #[default]
    Unknown,
    /// Changes made here wait to be stored.
    Pending,
    /// They are on their way.
    Storing,
    /// The swarm has everything this device knows.
    Settled,
    /// Storing fails; the next attempt is at `next_at` (device clock, ms).
    Failing {
        /// ms.
        next_at: u64,
    },
    /// The account was erased from the network, so nothing is stored there.
    Stopped,
}
