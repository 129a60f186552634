//! The committed schema is the generated one, and our checker agrees with another validator about it.

use mailctl::compiler::config::format::Format;
use mailctl::compiler::config::{schema, tree};

use crate::fixtures::{golden, root};
use crate::numbers::Numbers;

#[test]
fn the_committed_schema_is_the_generated_one() {
    let mut text = serde_json::to_string_pretty(&mailctl::compiler::schema()).unwrap();
    text.push('\n');
    golden(&root("schema/mailserver.schema.json"), &text).unwrap();
}

/// Words that appear somewhere in the language, and some that do not belong anywhere.
const WORDS: &[&str] = &[
    "none",
    "starttls",
    "implicit",
    "starttls-required",
    "smtp",
    "imaps",
    "true",
    "yes",
    "~",
    "0",
    "1",
    "25",
    "70000",
    "-1",
    "1.5",
    "'1.2'",
    "5d",
    "50MB",
    "1h30m",
    "{}",
    "[]",
    "[none]",
    "{ file: x }",
    "{ env: X, file: y }",
    "{ hash: x }",
    "a@b.org",
    "b.org",
    "192.0.2.1",
    "''",
    "port",
    "tls",
    "lab",
    "system",
    "version",
    "x",
    "null",
    "reject",
    "[192.0.2.1]",
    "{ port: 25 }",
    "fail",
    "rsa-sha256",
    "json",
    "99999999999999999999",
];

/// One mutation of a document: a token replaced, removed or repeated.
pub fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let mut tokens: Vec<&str> = text.split_inclusive(|c: char| " \n,:{}[]".contains(c)).collect();
    if tokens.is_empty() {
        tokens.push("version");
    }
    for _ in 0..=numbers.below(2) {
        let at = numbers.below(tokens.len());
        match numbers.below(4) {
            0 => {
                tokens.remove(at);
            }
            1 => tokens.insert(at, tokens[numbers.below(tokens.len())]),
            _ => {
                let word = WORDS[numbers.below(WORDS.len())];
                let tail = tokens[at].chars().last().filter(|c| " \n,:{}[]".contains(*c));
                tokens[at] = word;
                if let Some(tail) = tail {
                    tokens.insert(
                        at + 1,
                        match tail {
                            ' ' => " ",
                            '\n' => "\n",
                            ',' => ",",
                            ':' => ":",
                            '{' => "{",
                            '}' => "}",
                            '[' => "[",
                            _ => "]",
                        },
                    );
                }
            }
        }
        if tokens.is_empty() {
            break;
        }
    }
    tokens.concat()
}

#[test]
fn the_checker_gives_the_verdict_of_another_validator() {
    let mut options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    for format in Format::ALL {
        options = options.with_format(format.name(), move |text: &str| format.check(text).is_ok());
    }
    let oracle = options.build(&mailctl::compiler::schema()).unwrap();
    let ours = schema::compiled();
    let seeds: Vec<String> = ["family.yaml", "relay.yaml", "lab.yaml", "everything.yaml"]
        .iter()
        .map(|name| std::fs::read_to_string(root("examples").join(name)).unwrap())
        .collect();
    let mut numbers = Numbers(25);
    let (mut read, mut valid) = (0, 0);
    for round in 0..30_000 {
        let text = mutate(&seeds[round % seeds.len()], &mut numbers);
        let Some(root) = tree::read(&text).root else { continue };
        let (mine, theirs) = (ours.admits(ours.root, &root), oracle.is_valid(&root.to_json()));
        assert_eq!(mine, theirs, "round {round}: ours says {mine} of\n{text}");
        let mut copy = root.clone();
        let checked = mailctl::compiler::config::check::check(ours, copy.clone());
        assert_eq!(
            checked.findings.is_empty(),
            mine,
            "round {round}: verdict without reason, or reason without verdict\n{text}"
        );
        if let Some(tree) = checked.tree {
            copy = tree;
            assert!(ours.admits(ours.root, &copy), "round {round}: what is left is not valid\n{text}");
            let decoded =
                mailctl::compiler::config::spanned::decode::<mailctl::compiler::config::section::Config>(&copy);
            assert!(decoded.is_ok(), "round {round}: {:?}\n{text}", decoded.err());
        }
        read += 1;
        valid += usize::from(mine);
    }
    assert!(read > 5_000 && valid > 500 && read - valid > 2_000, "{read} read, {valid} valid");
}
