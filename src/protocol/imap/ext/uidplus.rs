//! UIDPLUS (RFC 4315): UID EXPUNGE, and the response codes APPENDUID and COPYUID.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::{Extension, When};
use crate::protocol::imap::question::Copied;
use crate::protocol::imap::sequence::write_ranges;

pub const ROW: Extension = Extension { capability: "UIDPLUS", rfc: 4315, when: When::Authenticated };

/// `[APPENDUID validity uid] ` for the text of a response.
pub fn append_uid(uidvalidity: u32, uid: u32) -> String {
    format!("[APPENDUID {uidvalidity} {uid}] ")
}

/// `[COPYUID validity sources targets] `; nothing if no message was copied (RFC 4315 §3).
pub fn copy_uid(copied: &Copied) -> String {
    let mut code = String::new();
    if copied.pairs.is_empty() {
        return code;
    }
    let _ = write!(code, "[COPYUID {} ", copied.uidvalidity);
    let _ = write_ranges(&mut code, &runs(copied.pairs.iter().map(|(source, _)| *source)));
    code.push(' ');
    let _ = write_ranges(&mut code, &runs(copied.pairs.iter().map(|(_, target)| *target)));
    code.push_str("] ");
    code
}

/// Neighbours in one range, the order kept: source and target correspond position by position.
fn runs(numbers: impl Iterator<Item = u32>) -> Vec<RangeInclusive<u32>> {
    let mut runs: Vec<RangeInclusive<u32>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(number) => *last = *last.start()..=number,
            _ => runs.push(number..=number),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4315_3_copyuid_keeps_the_correspondence() {
        let pairs = vec![(304, 3956), (319, 3957), (320, 3958)];
        assert_eq!(copy_uid(&Copied { uidvalidity: 38505, pairs }), "[COPYUID 38505 304,319:320 3956:3958] ");
        assert_eq!(copy_uid(&Copied::default()), "");
    }
}
