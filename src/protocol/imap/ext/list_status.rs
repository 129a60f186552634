//! LIST-STATUS (RFC 5819): `LIST ... RETURN (STATUS (items))`, and the items and response of STATUS itself
//! (RFC 3501 §6.3.10, §7.2.4).

use super::{Extension, When};
use crate::protocol::imap::command::StatusItem;
use crate::protocol::imap::encode;
use crate::protocol::imap::question::Listed;
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};

pub const ROW: Extension = Extension { capability: "LIST-STATUS", rfc: 5819, when: When::Authenticated };

/// `"(" status-att *(SP status-att) ")"`.
pub fn items(cursor: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    let mut items = Vec::new();
    cursor.expect(b'(', "a list of status items was expected")?;
    loop {
        let item = match cursor.word()?.as_str() {
            "MESSAGES" => StatusItem::Messages,
            "RECENT" => StatusItem::Recent,
            "UIDNEXT" => StatusItem::UidNext,
            "UIDVALIDITY" => StatusItem::UidValidity,
            "UNSEEN" => StatusItem::Unseen,
            _ => return Err(Malformed("there is no such status item")),
        };
        if !items.contains(&item) {
            items.push(item);
        }
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.space()?;
    }
}

/// `* STATUS mailbox (...)`.
pub fn write(out: &mut Vec<u8>, mailbox: &Listed, items: &[StatusItem]) {
    out.extend_from_slice(b"* STATUS ");
    encode::mailbox(out, &mailbox.name);
    for (index, item) in items.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b" (" } else { b" " });
        let (name, value) = match item {
            StatusItem::Messages => ("MESSAGES ", mailbox.messages),
            StatusItem::Recent => ("RECENT ", 0),
            StatusItem::UidNext => ("UIDNEXT ", mailbox.uidnext),
            StatusItem::UidValidity => ("UIDVALIDITY ", mailbox.uidvalidity),
            StatusItem::Unseen => ("UNSEEN ", mailbox.unseen),
        };
        out.extend_from_slice(name.as_bytes());
        encode::number(out, value.into());
    }
    out.extend_from_slice(b")\r\n");
}
