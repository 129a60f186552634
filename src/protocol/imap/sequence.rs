//! Sequence sets (RFC 3501 §9 `sequence-set`): as written by the client, and as ranges in order.

use std::fmt;
use std::ops::RangeInclusive;

/// One end of a range. `*` is the largest number in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    Largest,
    Number(u32),
}

impl Bound {
    fn resolve(self, largest: u32) -> u32 {
        match self {
            Self::Largest => largest,
            Self::Number(number) => number,
        }
    }
}

/// As the client wrote it. Its length is bounded by the command line's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSet(pub Vec<(Bound, Bound)>);

impl SequenceSet {
    /// The numbers meant when `largest` is the largest in use. RFC 3501 §9: `4:2` is `2:4`, and `*:9` with a
    /// largest of 5 is `5:9`. With nothing in use (`largest` 0), what names `*` means nothing.
    pub fn resolve(&self, largest: u32) -> NumberSet {
        let ends = self.0.iter().filter(|(a, b)| largest > 0 || (*a != Bound::Largest && *b != Bound::Largest));
        NumberSet::from_ranges(ends.map(|(a, b)| {
            let (a, b) = (a.resolve(largest), b.resolve(largest));
            a.min(b)..=a.max(b)
        }))
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |b: &Bound| match b {
            Bound::Largest => "*".to_owned(),
            Bound::Number(number) => number.to_string(),
        };
        for (index, (a, b)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            if a == b { write!(f, "{comma}{}", bound(a))? } else { write!(f, "{comma}{}:{}", bound(a), bound(b))? }
        }
        Ok(())
    }
}

/// Numbers as ranges: sorted, disjoint, not adjacent. `Display` gives the wire form (`uid-set`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberSet(Vec<RangeInclusive<u32>>);

impl NumberSet {
    pub fn from_ranges(ranges: impl IntoIterator<Item = RangeInclusive<u32>>) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().filter(|r| r.start() <= r.end()).collect();
        sorted.sort_by_key(|r| *r.start());
        let mut merged: Vec<RangeInclusive<u32>> = Vec::new();
        for range in sorted {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    pub fn contains(&self, number: u32) -> bool {
        let next = self.0.partition_point(|range| *range.end() < number);
        self.0.get(next).is_some_and(|range| range.contains(&number))
    }

    pub fn ranges(&self) -> &[RangeInclusive<u32>] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The largest number.
    pub fn last(&self) -> Option<u32> {
        self.0.last().map(|range| *range.end())
    }
}

impl FromIterator<u32> for NumberSet {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some(last) if last.end().checked_add(1) == Some(number) => *last = *last.start()..=number,
                _ => ranges.push(number..=number),
            }
        }
        Self::from_ranges(ranges)
    }
}

impl fmt::Display for NumberSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_ranges(f, &self.0)
    }
}

/// Ranges in the order given: COPYUID keeps the order in which messages were copied (RFC 4315 §3).
pub fn write_ranges(out: &mut impl fmt::Write, ranges: &[RangeInclusive<u32>]) -> fmt::Result {
    for (index, range) in ranges.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        if range.start() == range.end() {
            write!(out, "{comma}{}", range.start())?;
        } else {
            write!(out, "{comma}{}:{}", range.start(), range.end())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bounds: &[(u32, u32)]) -> SequenceSet {
        let bound = |n: u32| if n == 0 { Bound::Largest } else { Bound::Number(n) };
        SequenceSet(bounds.iter().map(|(a, b)| (bound(*a), bound(*b))).collect())
    }

    #[test]
    fn rfc3501_9_ranges_are_normalised() {
        // RFC 3501 §9: 2,4:7,9,12:* with a largest of 15.
        assert_eq!(set(&[(2, 2), (4, 7), (9, 9), (12, 0)]).resolve(15).to_string(), "2,4:7,9,12:15");
        assert_eq!(set(&[(5, 4), (3, 3), (4, 9)]).resolve(15).to_string(), "3:9");
        // UID 559:* always has the largest, even below 559 (RFC 3501 §6.4.8).
        assert_eq!(set(&[(559, 0)]).resolve(5).to_string(), "5:559");
        assert!(set(&[(1, 0)]).resolve(0).is_empty());
        assert_eq!(set(&[(u32::MAX, 1), (2, u32::MAX)]).resolve(1).to_string(), "1:4294967295");
    }

    #[test]
    fn membership_agrees_with_the_ranges() {
        let numbers: NumberSet = [1, 2, 3, 7, 9, 10].into_iter().collect();
        assert_eq!(numbers.to_string(), "1:3,7,9:10");
        let inside: Vec<u32> = (0..12).filter(|n| numbers.contains(*n)).collect();
        assert_eq!(inside, [1, 2, 3, 7, 9, 10]);
    }
}
