//! From one input to the next: octets flipped, lines moved, words of the grammar put in, two inputs spliced, and for
//! configurations the changes of structure that `tests/drive/yaml.rs` knows.

use crate::numbers::Numbers;
use crate::targets::Kind;
use crate::yaml::{NASTY, mutate_structure};

/// Octets that parsers look for, and numbers at the edges of their types.
const WORDS: [&[u8]; 30] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b".",
    b"\r\n.\r\n",
    b"{",
    b"}",
    b"(",
    b")",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"*",
    b"%",
    b"~",
    b"<",
    b">",
    b"@",
    b":",
    b"{5}\r\n",
    b"{99999999999+}\r\n",
    b"0",
    b"4294967296",
    b"18446744073709551616",
    b"\xff\xfe",
    b"\xc3",
];

/// One to four changes to `parent`; `other` lends what is spliced in.
pub fn mutate(kind: Kind, parent: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    if kind == Kind::Yaml
        && numbers.below(2) == 0
        && let Ok(text) = std::str::from_utf8(parent)
        && let Some(changed) = mutate_structure(text, numbers)
    {
        return changed.into_bytes();
    }
    let mut input = parent.to_vec();
    for _ in 0..=numbers.below(4) {
        match numbers.below(3) {
            0 => octets(&mut input, numbers),
            1 => lines(&mut input, other, numbers),
            _ => words(kind, &mut input, other, numbers),
        }
    }
    input
}

/// A place between two octets of `input`.
fn place(input: &[u8], numbers: &mut Numbers) -> usize {
    numbers.below(input.len() + 1)
}

fn octets(input: &mut Vec<u8>, numbers: &mut Numbers) {
    if input.is_empty() {
        input.push(numbers.below(256) as u8);
        return;
    }
    let at = numbers.below(input.len());
    match numbers.below(5) {
        0 => input[at] ^= 1 << numbers.below(8),
        1 => input[at] = numbers.below(256) as u8,
        2 => input.insert(at, numbers.below(256) as u8),
        3 => {
            let end = (at + 1 + numbers.below(16)).min(input.len());
            input.drain(at..end);
        }
        _ => {
            let end = (at + 1 + numbers.below(64)).min(input.len());
            let piece = input[at..end].repeat(1 + numbers.below(40));
            input.splice(at..at, piece);
        }
    }
}

/// Lines are what every protocol here is made of.
fn lines(input: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let mut own: Vec<&[u8]> = input.split_inclusive(|b| *b == b'\n').collect();
    let theirs: Vec<&[u8]> = other.split_inclusive(|b| *b == b'\n').collect();
    let at = numbers.below(own.len() + 1);
    match numbers.below(4) {
        0 if !theirs.is_empty() => own.insert(at, theirs[numbers.below(theirs.len())]),
        1 if at < own.len() => {
            own.remove(at);
        }
        2 if at < own.len() => own.insert(at, own[at]),
        _ if at < own.len() => {
            let with = numbers.below(own.len());
            own.swap(at, with);
        }
        _ => {}
    }
    *input = own.concat();
}

fn words(kind: Kind, input: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = place(input, numbers);
    match numbers.below(3) {
        0 if kind == Kind::Yaml => {
            input.splice(at..at, numbers.pick(&NASTY).bytes());
        }
        0 | 1 => {
            input.splice(at..at, numbers.pick(&WORDS).iter().copied());
        }
        _ => {
            let from = place(other, numbers);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}
