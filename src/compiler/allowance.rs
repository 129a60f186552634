//! `allow`: warnings and notes that somebody has thought about are not shown; what silences nothing is reported.

use super::config::finding::Finding;
use super::config::node::Node;
use super::config::path;
use super::config::section::Config;
use super::rules::explain;
use crate::ground::diagnostic::{Diagnostic, Severity};

/// Takes out of `diagnostics` what the file allows, and gives back a finding for each entry that allows nothing.
pub fn apply(config: &Config, root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<Finding> {
    let mut unused = Vec::new();
    for entry in config.allow.iter().flatten() {
        let rule = explain(&entry.code.value);
        let (mut silenced, mut error) = (false, false);
        diagnostics.retain(|diagnostic| {
            let meant = rule.is_some_and(|r| r.code == diagnostic.code)
                && entry.path.as_ref().is_none_or(|wanted| {
                    let place = diagnostic.primary.as_ref().map(|p| path::around(root, p.span.start));
                    place.unwrap_or_default().iter().any(|path| path == wanted.value.trim())
                });
            let weak = diagnostic.severity != Severity::Error;
            error |= meant && !weak;
            silenced |= meant && weak;
            !(meant && weak)
        });
        if silenced {
            continue;
        }
        let detail = match rule {
            None => {
                format!("`{}` is the code or name of no rule.", super::config::finding::shortened(&entry.code.value))
            }
            Some(rule) if error => {
                format!("{} is reported as an error here. An error stops the plan and cannot be allowed.", rule.code)
            }
            Some(rule) => {
                format!("{} has no finding {}.", rule.code, if entry.path.is_some() { "there" } else { "here" })
            }
        };
        let finding = Finding::at("OPS-007", &entry.code.span, "silences nothing").detail(detail);
        unused.push(finding.fix("remove the entry; `mailctl check` lists the codes that are reported"));
    }
    unused
}
