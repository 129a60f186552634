//! Terraform and OpenTofu, in HCL: a map that any provider can be fed from, and resources for two.
//!
//! Standards: the HCL native syntax. Invariants: nothing in a value can begin an expression; a resource keeps its
//! address as long as its record stays, so that a change of one record touches no other.

mod cloudflare;
mod generic;
mod route53;

use std::collections::BTreeSet;

pub use cloudflare::cloudflare;
pub use generic::generic;
pub use route53::route53;

use super::PENDING;
use crate::plan::document::DnsRecord;

/// A quoted template in which nothing is a template: `"`, `\` and controls are escaped, `${` and `%{` are doubled.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| string(value)).collect::<Vec<_>>().join(", "))
}

/// What is said of records whose key is not made yet.
fn pending(records: &[&DnsRecord]) -> String {
    records.iter().map(|record| format!("# {} {}: {PENDING}\n", record.name, record.data.kind())).collect()
}

/// Identifiers of resources, each given once.
#[derive(Default)]
struct Identifiers(BTreeSet<String>);

impl Identifiers {
    /// The type and name in letters, digits and underscores; a number behind it where two names look alike then.
    fn of(&mut self, kind: &str, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = name.replace('*', "wildcard").chars().map(plain).collect();
        let base = format!("{}_{name}", kind.to_ascii_lowercase());
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        let mut free = std::iter::once(base.clone()).chain(numbered).skip_while(|id| self.0.contains(id));
        let identifier = free.next().unwrap_or_default();
        self.0.insert(identifier.clone());
        identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_an_expression() {
        assert_eq!(string(r#"exists:%{i}.${x} "q" \"#), r#""exists:%%{i}.$${x} \"q\" \\""#);
    }

    #[test]
    fn names_that_look_alike_are_told_apart() {
        let mut identifiers = Identifiers::default();
        assert_eq!(identifiers.of("A", "a-b.example.org"), "a_a_b_example_org");
        assert_eq!(identifiers.of("A", "a.b.example.org"), "a_a_b_example_org_2");
        assert_eq!(identifiers.of("A", "*.example.org"), "a_wildcard_example_org");
    }
}
