//! The unified form of a difference between two texts, as `diff -u` prints it.
//!
//! Lines that stand once on each side anchor it (patience); what lies between anchors is compared line by
//! line while it is small, and replaced as a whole where it is not.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

/// Unchanged lines around each change.
const CONTEXT_LINES: usize = 3;
/// Cells of the table that compares line by line: about 4 MB.
const TABLE_CELLS_MAX: usize = 1_000_000;

/// Secrets that are looked for in what is shown; with more of them nothing is shown.
const SECRETS_MAX: usize = 1_000;

/// The difference, empty where there is none. Each of `secrets` is shown as asterisks.
pub fn unified(name: &str, before: &str, after: &str, secrets: &[String]) -> String {
    if before == after {
        return String::new();
    }
    if secrets.len() > SECRETS_MAX {
        return format!("{name}: the difference is not shown, because there are too many secrets in clear\n");
    }
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut changes = Vec::new();
    compare(&old, &new, 0..old.len(), 0..new.len(), &mut changes);
    let mut out = format!("--- {name}\n+++ {name}\n");
    let mut at = 0;
    while at < changes.len() {
        let mut end = at + 1;
        while changes.get(end).is_some_and(|next| next.old.start - changes[end - 1].old.end <= 2 * CONTEXT_LINES) {
            end += 1;
        }
        hunk(&old, &new, &changes[at..end], &mut out);
        at = end;
    }
    for secret in secrets {
        out = out.replace(secret, &"*".repeat(secret.chars().count()));
    }
    out
}

/// Lines of the old text and what stands in their place.
#[derive(Debug)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

fn compare(old: &[&str], new: &[&str], a: Range<usize>, b: Range<usize>, out: &mut Vec<Change>) {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() && !b.is_empty() && old[a.start] == new[b.start] {
        a.start += 1;
        b.start += 1;
    }
    while !a.is_empty() && !b.is_empty() && old[a.end - 1] == new[b.end - 1] {
        a.end -= 1;
        b.end -= 1;
    }
    if a.is_empty() && b.is_empty() {
        return;
    }
    if a.is_empty() || b.is_empty() {
        return push(out, a, b);
    }
    let mut pairs = anchors(old, new, &a, &b);
    if pairs.is_empty() && a.len() * b.len() <= TABLE_CELLS_MAX {
        pairs = longest(old, new, &a, &b);
    }
    if pairs.is_empty() {
        return push(out, a, b);
    }
    let (mut from_a, mut from_b) = (a.start, b.start);
    for (i, j) in pairs {
        compare(old, new, from_a..i, from_b..j, out);
        (from_a, from_b) = (i + 1, j + 1);
    }
    compare(old, new, from_a..a.end, from_b..b.end, out);
}

/// Neighbours become one change.
fn push(out: &mut Vec<Change>, old: Range<usize>, new: Range<usize>) {
    match out.last_mut() {
        Some(last) if last.old.end == old.start && last.new.end == new.start => {
            last.old.end = old.end;
            last.new.end = new.end;
        }
        _ => out.push(Change { old, new }),
    }
}

/// Pairs of lines that stand once on each side, as many as keep their order.
fn anchors(old: &[&str], new: &[&str], a: &Range<usize>, b: &Range<usize>) -> Vec<(usize, usize)> {
    let mut seen: HashMap<&str, (usize, usize, usize)> = HashMap::new();
    for i in a.clone() {
        let entry = seen.entry(old[i]).or_default();
        *entry = (entry.0 + 1, i, entry.2);
    }
    let mut once: HashMap<&str, (usize, usize)> = HashMap::new();
    for j in b.clone() {
        let entry = once.entry(new[j]).or_default();
        *entry = (entry.0 + 1, j);
    }
    let mut pairs: Vec<(usize, usize)> = once
        .into_iter()
        .filter(|(_, (count, _))| *count == 1)
        .filter_map(|(line, (_, j))| seen.get(line).filter(|s| s.0 == 1).map(|s| (s.1, j)))
        .collect();
    pairs.sort_unstable();
    increasing(&pairs)
}

/// The longest subsequence whose second members increase (patience sorting).
fn increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut tops: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (index, (_, j)) in pairs.iter().enumerate() {
        let pile = tops.partition_point(|top| pairs[*top].1 < *j);
        before[index] = pile.checked_sub(1).map(|p| tops[p]);
        if pile == tops.len() {
            tops.push(index);
        } else {
            tops[pile] = index;
        }
    }
    let mut chain = Vec::new();
    let mut at = tops.last().copied();
    while let Some(index) = at {
        chain.push(pairs[index]);
        at = before[index];
    }
    chain.reverse();
    chain
}

/// A longest common subsequence by the table.
fn longest(old: &[&str], new: &[&str], a: &Range<usize>, b: &Range<usize>) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut table = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = if old[a.start + i] == new[b.start + j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if old[a.start + i] == new[b.start + j] {
            pairs.push((a.start + i, b.start + j));
            (i, j) = (i + 1, j + 1);
        } else if table[(i + 1) * width + j] >= table[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

fn hunk(old: &[&str], new: &[&str], changes: &[Change], out: &mut String) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let lead = first.old.start.min(CONTEXT_LINES);
    let tail = (old.len() - last.old.end).min(CONTEXT_LINES);
    let (a, b) = (first.old.start - lead..last.old.end + tail, first.new.start - lead..last.new.end + tail);
    // An empty range is named by the line before it.
    let place = |r: &Range<usize>| format!("{},{}", r.start + usize::from(!r.is_empty()), r.len());
    let _ = writeln!(out, "@@ -{} +{} @@", place(&a), place(&b));
    let mut at = a.start;
    for change in changes {
        old[at..change.old.start].iter().for_each(|l| line(' ', l, out));
        old[change.old.clone()].iter().for_each(|l| line('-', l, out));
        new[change.new.clone()].iter().for_each(|l| line('+', l, out));
        at = change.old.end;
    }
    old[at..a.end].iter().for_each(|l| line(' ', l, out));
}

fn line(mark: char, text: &str, out: &mut String) {
    out.push(mark);
    out.push_str(text);
    if !text.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `patch` makes of a text.
    fn patched(before: &str, diff: &str) -> String {
        let old: Vec<&str> = before.split_inclusive('\n').collect();
        let (mut out, mut at) = (String::new(), 0);
        let mut lines = diff.split_inclusive('\n').skip(2).peekable();
        while let Some(text) = lines.next() {
            let bare = lines.peek().is_some_and(|l| l.starts_with('\\'));
            let body = if bare { text[1..].trim_end_matches('\n') } else { &text[1..] };
            match text.as_bytes()[0] {
                b'@' => {
                    let (start, count) = text[4..].split(' ').next().unwrap().split_once(',').unwrap();
                    let start: usize = start.parse().unwrap();
                    let start = if count == "0" { start } else { start - 1 };
                    old[at..start].iter().for_each(|l| out.push_str(l));
                    at = start;
                }
                b'+' => out.push_str(body),
                b'-' | b' ' => {
                    assert_eq!(old[at], body);
                    out.push_str(if text.starts_with(' ') { body } else { "" });
                    at += 1;
                }
                _ => {}
            }
        }
        old[at..].iter().for_each(|l| out.push_str(l));
        out
    }

    #[test]
    fn it_reads_like_diff() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        assert_eq!(
            unified("x.yaml", before, "a\nb\nc\nD\ne\nf\ng\nh\n", &[]),
            "--- x.yaml\n+++ x.yaml\n@@ -1,7 +1,7 @@\n a\n b\n c\n-d\n+D\n e\n f\n g\n"
        );
        assert_eq!(unified("x", "", "a", &[]), "--- x\n+++ x\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n");
        assert_eq!(unified("x", before, before, &[]), "");
    }

    #[test]
    fn secrets_are_asterisks() {
        let diff = unified("x", "a: 1\npassword: hunter2\n", "b: 1\npassword: hunter2\n", &["hunter2".to_owned()]);
        assert!(diff.contains("password: *******") && !diff.contains("hunter2"), "{diff}");
    }

    #[test]
    fn too_many_secrets_show_nothing() {
        let secrets: Vec<String> = (0..=SECRETS_MAX).map(|i| format!("secret{i}")).collect();
        assert!(!unified("x", "a: secret1\n", "b: secret1\n", &secrets).contains("secret1"));
    }

    proptest! {
        #[test]
        fn patch_gives_the_new_text(before in "([a-d]\n){0,30}[a-d]?", after in "([a-d]\n){0,30}[a-d]?") {
            prop_assert_eq!(patched(&before, &unified("x", &before, &after, &[])), after);
        }
    }
}
