//! The fast reader takes a document only if the whole of YAML gives the same tree, with the same places, and nothing to
//! report.

use mailctl::compiler::config::{subset, tree};

use crate::mutation::{rounds, seeds};
use crate::numbers::Numbers;
use crate::schema::mutate;
use crate::yaml::{NASTY, mutate_structure};

/// Forms that stand at the edge of the subset, on either side of it.
const EDGES: [&str; 13] = [
    "a:\n  b:\n  c:   # why\nd:\n# why\n\n  \ne: ~\n",
    "a:\n- b\n- c: 1\n  d: [x, \"y\", 'z']\n- { e: f, g: {} }\nh: []\n",
    "a:\n-   b\nc:\n-   d: 1\ne:\n-  [f]\ng:\n- - h\n",
    "a:\n  - b: 1\n    c:\n    - d\n    - e\n  -   f: 2\n      g: 3\n",
    "\n# why\na: b c  d   # why\n\"e\": 'f'\n'g': \"h # i\"\nj: k#l\nm: n:o:p\n",
    "a: [1, 0x1f, 0o17, 1.5, 1e3, ~, true, null, 0123, -1, +1, .5, 22:30, 2026-11-24]\n",
    "a: { b: c:d, e: [f g, h:i], \"j k\": 'l', m: { n: { o: [] } } }\n",
    "true: 1\n1.5: 2\n0: 3\n1e3: 4\n_: 5\nnull: 6\n",
    "a: $6$salt$digest./=\nb: /run/secrets/x\nc: *\nd: -x\ne: --- x\nf: a-b - c\ng: x>y<z!?(1);50%^~\n",
    "a: 1\n  \n   # deeper\nb:\n      c: 1\n      d:\n           e: 2\nf: 3",
    "a: \"it's\"\nb: 'say \"x\"'\nc: 'it''s'\nd: \"\\x41\"\ne: ''\nf: \"\"\ng: \"a\": b\n",
    "a:\n  - b\n  # why\n  - c   \n  -\n    d: 1\n- e\n",
    "a: x\n  y\nb:\n  z\nc: [d,\n  e]\nf: |\n  g\nh: {i, j: , k}\nl: [m, ]\n",
];

/// Characters that mean something to YAML, and places where they do.
const PIECES: [&str; 40] = [
    " ", "  ", "\n", "\n\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- ", "-", ":", ": ", ":\n", "::", "#", " #", " # x",
    ",", ", ", "[", "]", "{", "}", "[]", "{}", "\"", "'", "''", "\\", "\t", "\r", "\r\n", "?", "? ", "&a ", "*a", "!",
    "|", ">", "---\n",
];

/// A few pieces put in, taken out or moved, anywhere.
fn mutate_octets(text: &str, numbers: &mut Numbers) -> String {
    let mut text = text.to_owned();
    for _ in 0..=numbers.below(3) {
        let place =
            |numbers: &mut Numbers| (0..=numbers.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at));
        let (from, to) = (place(numbers).unwrap_or(0), place(numbers).unwrap_or(0));
        let near = (from..=text.len().min(from + 1 + numbers.below(4))).rev().find(|at| text.is_char_boundary(*at));
        let near = near.unwrap_or(from);
        match numbers.below(5) {
            0 => text.replace_range(from..near, ""),
            1 => text.replace_range(from..near, PIECES[numbers.below(PIECES.len())]),
            2 => text.insert_str(from, NASTY[numbers.below(NASTY.len())]),
            3 => {
                let moved = text[from..near].to_owned();
                text.insert_str(to, &moved);
            }
            _ => text.insert_str(from, PIECES[numbers.below(PIECES.len())]),
        }
    }
    text
}

/// Whether the fast reader took it.
fn compared(text: &str) -> bool {
    let Some(fast) = subset::read(text) else { return false };
    let whole = tree::read_events(text, 7);
    assert!(whole.findings.is_empty(), "{:?}\n{text}", whole.findings);
    assert_eq!(Some(fast), whole.root, "{text}");
    assert_eq!(whole.repeated, 7, "{text}");
    true
}

#[test]
fn mutated_files_have_one_tree() {
    const ROUNDS_EACH: usize = 10;
    let mut seeds = seeds();
    seeds.extend(EDGES.map(str::to_owned));
    // Each line by itself: a long file is soon out of the subset.
    let lines: Vec<String> = seeds.iter().flat_map(|s| s.lines()).map(|l| format!("{}\n", l.trim_start())).collect();
    for text in seeds.iter().chain(&lines) {
        compared(text);
    }
    let mut numbers = Numbers(13);
    let mut taken = 0;
    for round in 0..rounds() * ROUNDS_EACH {
        let text = if round % 3 == 0 { &lines[numbers.below(lines.len())] } else { &seeds[round % seeds.len()] };
        let text = match numbers.below(4) {
            0 => mutate(text, &mut numbers),
            1 => mutate_structure(text, &mut numbers).unwrap_or_default(),
            _ => mutate_octets(text, &mut numbers),
        };
        taken += usize::from(compared(&text));
    }
    assert!(taken * 10 > rounds() * ROUNDS_EACH, "too few are in the subset: {taken}");
    println!("{taken} of {} in the subset", rounds() * ROUNDS_EACH);
}

/// What people write, and what the benchmark does, is read fast.
#[test]
fn usual_files_are_in_the_subset() {
    let everything = seeds().iter().filter(|text| subset::read(text).is_some()).count();
    println!("{everything} of {} files", seeds().len());
    for text in EDGES.iter().take(2) {
        assert!(compared(text), "{text}");
    }
    let text = "accounts:\n  u1@bar.test:\n    password: { hash: \"$6$salt$x./\" }\n    quota: 5GB\n    aliases: [a@bar.test]\n";
    assert!(compared(text));
}
