//! Documents that are generated from the types and the catalogue, and must not drift from them.

use std::fmt::Write as _;

use mailctl::compiler::{rules, schema};
use serde_json::Value;

use crate::fixtures::{golden, root};

const HEAD: &str = "# Every key of `mailserver.yaml`

Generated from the types that read the file, as the [schema](../schema/mailserver.schema.json) is. How the file is read,
and what follows from it, is in [language.md](language.md).
";

#[test]
fn the_keys_are_documented() {
    let path = root("docs/reference.md");
    let schema = schema();
    let mut keys = String::new();
    for (name, section) in schema["properties"].as_object().unwrap() {
        let _ = write!(keys, "\n## `{name}`\n\n{}\n", text(section));
        describe(&schema, section, name, 0, &mut keys);
    }
    golden(&path, &format!("{HEAD}{keys}")).unwrap();
}

/// The keys under `node`, one line each, indented by depth.
fn describe(schema: &Value, node: &Value, path: &str, depth: usize, out: &mut String) {
    if let Some(target) = node["$ref"].as_str() {
        describe(schema, schema.pointer(target.trim_start_matches('#')).unwrap(), path, depth, out);
    }
    for form in ["anyOf", "oneOf"].iter().filter_map(|k| node[*k].as_array()).flatten() {
        if let Some(word) = form["const"].as_str() {
            let _ = writeln!(out, "{}- `{word}`: {}", "  ".repeat(depth), text(form));
        }
        describe(schema, form, path, depth, out);
    }
    for (key, value) in node["properties"].as_object().into_iter().flatten() {
        if depth == 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}- `{path}.{key}`: {}", "  ".repeat(depth), text(value));
        describe(schema, value, key, depth + 1, out);
    }
    for inner in ["additionalProperties", "items"].iter().map(|k| &node[*k]).filter(|v| v.is_object()) {
        describe(schema, inner, &format!("{path}.*"), depth, out);
    }
}

fn text(node: &Value) -> String {
    node["description"].as_str().unwrap_or_default().replace('\n', " ")
}

#[test]
fn the_rules_are_documented() {
    let mut index =
        "# Rules\n\nGenerated from `src/compiler/rules/`; `mailctl explain CODE` prints the same.\n".to_owned();
    for rule in rules::catalogue() {
        index.push('\n');
        index.push_str(&rule.markdown().replace("\n## ", "\n### ").replacen("# ", "## ", 1));
    }
    golden(&root("docs/rules/README.md"), &index).unwrap();
}
