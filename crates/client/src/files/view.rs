//! Files as screens show them.

use crate::api::{Attachment, FileId, FileState, LinkPreview};
use crate::message::{FileRecord, PreviewRecord};
use onionskin_protocol::sorted::SortedMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Where files under way are: what a transfer knows and the store does not. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers(Rc<RefCell<SortedMap<FileId, FileState>>>);

impl Transfers {
    pub(crate) fn get(&self, file: &FileId) -> Option<FileState> {
        self.0.borrow().get(file).copied()
    }

    pub(super) fn set(&self, file: FileId, state: FileState) {
        self.0.borrow_mut().insert(file, state);
    }

    /// What the store says counts again.
    pub(super) fn clear(&self, file: &FileId) {
        self.0.borrow_mut().remove(file);
    }
}

impl FileRecord {
    /// Where it is, by what is written down.
    pub(crate) fn state(&self) -> FileState {
        match (self.failed, self.url.is_empty(), self.here) {
            (Some(code), ..) => FileState::Failed(code),
            (None, true, _) => FileState::Waiting,
            (None, false, true) => FileState::Here,
            (None, false, false) => FileState::Remote,
        }
    }

    pub(crate) fn view(&self, transfers: &Transfers) -> Attachment {
        self.view_as(transfers.get(&self.id).unwrap_or_else(|| self.state()))
    }

    pub(crate) fn view_as(&self, state: FileState) -> Attachment {
        Attachment {
            id: self.id,
            kind: self.kind,
            name: self.name.clone(),
            content_type: self.content_type.clone(),
            size: self.size,
            width: self.width,
            height: self.height,
            caption: self.caption.clone(),
            dangerous: self.dangerous,
            let_go: self.let_go,
            state,
        }
    }
}

impl PreviewRecord {
    pub(crate) fn view(&self, transfers: &Transfers) -> LinkPreview {
        LinkPreview {
            url: self.url.clone(),
            title: self.title.clone(),
            image: self.image.as_ref().map(|image| image.view(transfers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    #[test]
    fn a_transfer_shows_before_what_is_written_down() {
        let transfers = Transfers::default();
        let mut file = FileRecord {
            url: "http://filev2.getsession.org/file/1".into(),
            ..FileRecord::default()
        };
        assert_eq!(file.view(&transfers).state, FileState::Remote);
        let loading = FileState::Loading { done: 1, total: 2 };
        transfers.set(file.id, loading);
        assert_eq!(file.view(&transfers).state, loading);
        transfers.clear(&file.id);
        file.here = true;
        assert_eq!(file.view(&transfers).state, FileState::Here);
        file.url.clear();
        assert_eq!(file.view(&transfers).state, FileState::Waiting);
        file.failed = Some(ErrorCode::FileUpload);
        assert_eq!(
            file.view(&transfers).state,
            FileState::Failed(ErrorCode::FileUpload)
        );
    }
}
