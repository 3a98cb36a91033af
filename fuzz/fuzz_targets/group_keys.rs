//! Any bytes as a dump of the keys of a group, and as a message about keys: as they are, and signed by the group, which
//! closes their dictionary.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::group_info::Holder;
use onionskin_protocol::config::ids::GroupId;
use onionskin_protocol::config::{GroupInfo, GroupKeys, GroupMembers};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::time::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let [group, account] = [1, 2].map(|byte| Ed25519SecretKey::from_seed(&[byte; 32]));
    let signed = [bytes, b"1:~64:", &group.sign(bytes).0, b"e"].concat();
    let name = MessageHash::parse(&"A".repeat(MessageHash::LENGTH)).expect("43 characters");
    let member = Holder::Member(GroupId::from_key(group.public()));
    for holder in [Holder::Admin(group), member] {
        if let Ok(mut keys) = GroupKeys::load(holder.clone(), &account, bytes) {
            let dump = keys.dump();
            let again = GroupKeys::load(holder.clone(), &account, &dump);
            assert_eq!(again.expect("a dump loads").dump(), dump);
        }
        let mut keys = GroupKeys::new(holder.clone(), &account);
        let mut info = GroupInfo::new(holder.clone(), Vec::new());
        let mut members = GroupMembers::new(holder, Vec::new());
        for message in [bytes, &signed] {
            let before = keys.dump();
            let time = Timestamp(1_790_000_000_000);
            let loaded = keys.load_message(&name, message, time, &mut info, &mut members);
            if loaded.is_err() {
                assert_eq!(keys.dump(), before);
            }
        }
        let _ = keys.rekey(&mut info, &mut members);
    }
});
