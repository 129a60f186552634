//! No rule, default or port cites a section of an RFC that nobody has read for it.
//!
//! `docs/rules/sources.md` names the sections that were read, with their titles. What is compared is the text of the
//! files, so that reports that a rule writes itself are seen like its references.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::fixtures::root;

const READ: &str = "docs/rules/sources.md";

/// Where what is printed with a section's number stands.
const CITING: [&str; 4] =
    ["docs/rules/not-needed.md", "src/artefact/render/ports.rs", "src/compiler/config/default", "src/compiler/rules"];

/// An RFC's number and a section of it, e.g. `("5321", "4.5.1")`.
type Section = (String, String);

#[test]
fn every_section_cited_has_been_read() {
    let mut cited = BTreeSet::new();
    for place in CITING {
        cite(&root(place), &mut cited);
    }
    let read = listed(&fs::read_to_string(root(READ)).unwrap());
    assert!(cited.len() > 100, "only {} sections are cited: where have they gone?", cited.len());
    let unread: Vec<_> = cited.difference(&read).collect();
    assert!(unread.is_empty(), "cited and not in {READ}; read them, then list them: {unread:?}");
    let idle: Vec<_> = read.difference(&cited).collect();
    assert!(idle.is_empty(), "in {READ} and cited nowhere: {idle:?}");
}

#[test]
fn citations_and_titles_are_seen() {
    let section = |rfc: &str, number: &str| (rfc.to_owned(), number.to_owned());
    let mut cited = BTreeSet::new();
    cite_in("\"RFC 5321 §4.5.1\", (RFC 7208 §D.2). RFC 5233, YAML 1.2.2 §10.3", &mut cited);
    assert_eq!(cited, [section("5321", "4.5.1"), section("7208", "D.2")].into());
    let text = "# T\n\n## RFC 5321: Mail\n\n- §4.5.1 Minimum\n- §6.3\n\n## RFC 7208: SPF\n\n- §D.2 Mediators\n";
    assert_eq!(listed(text), cited, "a section without its title was not read");
}

/// The citations of a file, or of every file below a folder.
fn cite(place: &Path, cited: &mut BTreeSet<Section>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).unwrap() {
            cite(&entry.unwrap().path(), cited);
        }
        return;
    }
    cite_in(&fs::read_to_string(place).unwrap(), cited);
}

fn cite_in(text: &str, cited: &mut BTreeSet<Section>) {
    for behind in text.split("RFC ").skip(1) {
        let Some((rfc, rest)) = behind.split_once(" §") else { continue };
        let number = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').next().unwrap_or_default();
        if rfc.bytes().all(|b| b.is_ascii_digit()) {
            cited.insert((rfc.to_owned(), number.trim_end_matches('.').to_owned()));
        }
    }
}

/// `## RFC N: title`, and under it `- §SECTION title`.
fn listed(text: &str) -> BTreeSet<Section> {
    let mut listed = BTreeSet::new();
    let mut rfc = "";
    for line in text.lines() {
        if let Some((number, _)) = line.strip_prefix("## RFC ").and_then(|l| l.split_once(':')) {
            rfc = number;
        } else if let Some((section, title)) = line.strip_prefix("- §").and_then(|l| l.split_once(' '))
            && !title.is_empty()
        {
            listed.insert((rfc.to_owned(), section.to_owned()));
        }
    }
    listed
}
