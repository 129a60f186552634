//! The selected mailbox as this client knows it: which sequence number is which UID.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::protocol::imap::question::Selected;
use crate::protocol::imap::sequence::{NumberSet, SequenceSet};
use crate::protocol::imap::token::Malformed;
use crate::vocabulary::mail::Flags;

/// Four octets for each message.
#[derive(Debug)]
pub struct View {
    pub mailbox: i64,
    pub read_only: bool,
    /// Everything up to here has been asked for.
    pub modseq: u64,
    /// Ascending; the sequence number is the position plus one.
    uids: Vec<u32>,
    /// Gone, but not told yet, because EXPUNGE was not allowed. Members of `uids`.
    gone: BTreeSet<u32>,
    /// Keywords told in FLAGS.
    pub keywords: BTreeSet<String>,
}

impl View {
    pub fn new(selected: Selected, read_only: bool) -> Self {
        Self {
            mailbox: selected.mailbox,
            read_only,
            modseq: selected.modseq,
            uids: selected.uids,
            gone: BTreeSet::new(),
            keywords: selected.keywords,
        }
    }

    pub fn exists(&self) -> usize {
        self.uids.len()
    }

    /// The sequence number of a message.
    pub fn number(&self, uid: u32) -> Option<usize> {
        self.uids.binary_search(&uid).ok().map(|at| at + 1)
    }

    pub fn uid(&self, at: usize) -> Option<u32> {
        self.uids.get(at).copied()
    }

    /// Positions of the messages in `set`. Sequence numbers must exist; UIDs need not (RFC 3501 §6.4.8).
    pub fn positions(&self, set: &SequenceSet, by_uid: bool) -> Result<Vec<Range<usize>>, Malformed> {
        if by_uid {
            let wanted = set.resolve(self.uids.last().copied().unwrap_or(0));
            let position = |uid: u32| self.uids.partition_point(|u| *u < uid);
            let after = |uid: u32| self.uids.partition_point(|u| *u <= uid);
            let ranges = wanted.ranges().iter().map(|r| position(*r.start())..after(*r.end()));
            return Ok(ranges.filter(|r| !r.is_empty()).collect());
        }
        let exists = u32::try_from(self.uids.len()).unwrap_or(u32::MAX);
        let wanted = set.resolve(exists);
        if wanted.last().is_some_and(|last| last > exists) {
            return Err(Malformed("there is no message with that number"));
        }
        Ok(wanted.ranges().iter().map(|r| *r.start() as usize - 1..*r.end() as usize).collect())
    }

    /// The UIDs of the messages in `set`.
    pub fn uids_in(&self, set: &SequenceSet, by_uid: bool) -> Result<Vec<u32>, Malformed> {
        let positions = self.positions(set, by_uid)?;
        Ok(positions.iter().filter_map(|r| self.uids.get(r.clone())).flatten().copied().collect())
    }

    /// The same as ranges, which hold no other message of this view.
    pub fn uid_ranges(&self, set: &SequenceSet) -> Result<NumberSet, Malformed> {
        let positions = self.positions(set, false)?;
        let ends = |r: &Range<usize>| Some(self.uid(r.start)?..=self.uid(r.end.checked_sub(1)?)?);
        Ok(NumberSet::from_ranges(positions.iter().filter_map(ends)))
    }

    /// UIDs in SEARCH: those named, whether they exist or not.
    pub fn resolve_uids(&self, set: &SequenceSet) -> NumberSet {
        set.resolve(self.uids.last().copied().unwrap_or(0))
    }

    /// A message that may be new. Says whether it was.
    pub fn add(&mut self, uid: u32) -> bool {
        let is_new = self.uids.last().is_none_or(|last| uid > *last);
        if is_new {
            self.uids.push(uid);
        }
        is_new
    }

    /// A message that is no more; told with [`View::tell_gone`].
    pub fn lose(&mut self, uid: u32) {
        if self.uids.binary_search(&uid).is_ok() {
            self.gone.insert(uid);
        }
    }

    /// Messages in `ranges` are no more.
    pub fn lose_ranges(&mut self, ranges: &NumberSet) {
        for range in ranges.ranges() {
            let from = self.uids.partition_point(|uid| uid < range.start());
            let known = self.uids.iter().skip(from).take_while(|uid| *uid <= range.end());
            self.gone.extend(known);
        }
    }

    /// Only these, ascending, are left of what is known.
    pub fn keep(&mut self, all: &[u32]) {
        self.gone.extend(self.uids.iter().filter(|uid| all.binary_search(uid).is_err()));
    }

    /// A change that this session made and has told of: what came before it, too, is known if it follows directly.
    pub fn made(&mut self, modseq: u64) {
        if modseq == self.modseq + 1 {
            self.modseq = modseq;
        }
    }

    /// The sequence numbers for EXPUNGE responses, in an order in which each is right when it is sent.
    pub fn tell_gone(&mut self) -> Vec<usize> {
        let gone = std::mem::take(&mut self.gone);
        let numbers = gone.iter().rev().filter_map(|uid| self.number(*uid)).collect();
        if !gone.is_empty() {
            self.uids.retain(|uid| !gone.contains(uid));
        }
        numbers
    }

    /// Remembers keywords. Says whether FLAGS must be told again.
    pub fn learn(&mut self, flags: &Flags) -> bool {
        let known = self.keywords.len();
        for keyword in &flags.keywords {
            if self.keywords.len() < crate::ground::limits::KEYWORDS_MAX && !self.keywords.contains(keyword) {
                self.keywords.insert(keyword.clone());
            }
        }
        self.keywords.len() > known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::imap::token::Cursor;

    fn view(uids: &[u32]) -> View {
        View::new(
            Selected {
                mailbox: 1,
                uidvalidity: 1,
                uidnext: 100,
                modseq: 1,
                uids: uids.to_vec(),
                first_unseen: None,
                keywords: BTreeSet::new(),
            },
            false,
        )
    }

    #[test]
    fn sets_name_messages_by_number_or_uid() {
        let v = view(&[3, 5, 9]);
        let set = |t: &str| Cursor::new(t.as_bytes()).sequence_set().unwrap();
        let uids = |t: &str, by_uid| v.uids_in(&set(t), by_uid);
        assert_eq!(uids("1,3", false), Ok(vec![3, 9]));
        assert_eq!(uids("*", false), Ok(vec![9]));
        assert!(uids("4", false).is_err());
        assert_eq!(uids("4:7", true), Ok(vec![5]));
        assert_eq!(uids("50:*", true), Ok(vec![9]));
        assert_eq!(uids("1:2", true), Ok(vec![]));
        assert!(view(&[]).uids_in(&set("1:*"), false).unwrap().is_empty());
        assert!(view(&[]).uids_in(&set("1"), false).is_err());
    }

    #[test]
    fn numbers_of_expunged_messages_are_right_one_after_the_other() {
        let mut v = view(&[3, 5, 9, 12]);
        v.lose_ranges(&[5, 12, 77].into_iter().collect());
        assert_eq!(v.number(9), Some(3));
        assert_eq!(v.tell_gone(), [4, 2]);
        assert_eq!(v.number(9), Some(2));
        assert!(v.add(13) && !v.add(9));
        assert_eq!(v.exists(), 3);
        v.keep(&[9, 13]);
        v.lose(9);
        v.lose(77);
        assert_eq!(v.tell_gone(), [2, 1]);
    }
}
