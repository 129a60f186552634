//! What activating a plan changes: grouped by section, one line a change, for people, as JSON and as Markdown.

use serde_json::{Value, json};

use crate::ground::markdown as text;
use crate::plan::Plan;
use crate::plan::change::{Action, Change, Effect};
use crate::plan::digest::Digest;

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// How many there are of each action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    add: usize,
    change: usize,
    remove: usize,
}

impl Counts {
    fn of(changes: &[Change]) -> Self {
        let count = |action| changes.iter().filter(|change| change.action == action).count();
        Self { add: count(Action::Add), change: count(Action::Change), remove: count(Action::Remove) }
    }
}

/// The review for people. `colour` adds ANSI colours to the signs.
pub fn human(former: Option<&Plan>, plan: &Plan, changes: &[Change], colour: bool) -> String {
    let mut text = match former {
        Some(former) if changes.is_empty() => {
            return format!("Nothing to do: the active plan {} says the same.\n", Digest::of_plan(former).short());
        }
        Some(former) => {
            format!("Plan {}, compared with the active plan {}.\n", short(plan), Digest::of_plan(former).short())
        }
        None => format!("Plan {}; no plan is active yet.\n", short(plan)),
    };
    text.push_str(LEGEND);
    let width = changes.iter().map(|change| change.key.chars().count()).max().unwrap_or(0).min(KEY_COLUMN_MAX);
    let mut section = None;
    for change in changes {
        if section != Some(change.section) {
            section = Some(change.section);
            text.push_str(&format!("\n{}\n", change.section.name()));
        }
        text.push_str(&line(change, width, colour));
    }
    let Counts { add, change, remove } = Counts::of(changes);
    text.push_str(&format!("\nPlan: {add} to add, {change} to change, {remove} to remove.\n"));
    if changes.iter().any(|change| change.effect == Effect::Restart) {
        text.push_str("Some of it needs a restart of the server; the running one refuses the plan until then.\n");
    }
    text
}

/// Longer keys push their line's text to the right.
const KEY_COLUMN_MAX: usize = 44;

const LEGEND: &str = "\n  + add   ~ change   - remove\n  [hot] at once, sessions go on   [reconnect] for new connections   \
     [restart] when the server is started again\n  [external] nothing in the server: publish the record, load the rules\n";

fn short(plan: &Plan) -> String {
    Digest::of_plan(plan).short().to_owned()
}

fn line(change: &Change, width: usize, colour: bool) -> String {
    let (sign, code) = match change.action {
        Action::Add => ("+", "32"),
        Action::Change => ("~", "33"),
        Action::Remove => ("-", "31"),
    };
    let sign = if colour { format!("\u{1b}[{code}m{sign}\u{1b}[0m") } else { sign.to_owned() };
    let (key, values) = (printable(&change.key), printable(&values(change)));
    format!("  {sign} {key:<width$}  {values}  [{}]\n", effect(change.effect))
}

/// What was and what will be.
fn values(change: &Change) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => String::new(),
    }
}

/// Text of a plan cannot move the terminal's cursor or forge a line of the review.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::External => "external",
        Effect::Hot => "hot",
        Effect::Reconnect => "reconnect",
        Effect::Restart => "restart",
    }
}

/// The same for the comment on a merge request: a table a section, at most about `octets_max` long. Texts of the plan
/// stand in code only, so that they make no links, mentions or cells.
pub fn markdown(former: Option<&Plan>, plan: &Plan, changes: &[Change], octets_max: usize) -> String {
    let Counts { add, change, remove } = Counts::of(changes);
    let mut out = format!("### Plan `{}`: {add} to add, {change} to change, {remove} to remove\n\n", short(plan));
    match former {
        Some(former) => {
            out.push_str(&format!("Compared with the active plan `{}`.\n", Digest::of_plan(former).short()));
        }
        None => out.push_str("No plan is active yet.\n"),
    }
    if changes.iter().any(|change| change.effect == Effect::Restart) {
        out.push_str("\n**Some of it needs a restart of the server**; the running one refuses the plan until then.\n");
    }
    let mut section = None;
    for (shown, change) in changes.iter().enumerate() {
        let mut piece = String::new();
        if section != Some(change.section) {
            section = Some(change.section);
            piece =
                format!("\n#### {}\n\n| | what | change | when |\n| --- | --- | --- | --- |\n", change.section.name());
        }
        let sign = match change.action {
            Action::Add => "+",
            Action::Change => "~",
            Action::Remove => "-",
        };
        let (key, values) = (text::code(&change.key), text::code(&values(change)));
        piece.push_str(&format!("| {sign} | {key} | {values} | {} |\n", effect(change.effect)));
        if out.len() + piece.len() > octets_max {
            out.push_str(&format!(
                "\n{} more changes are not shown; `mailctl plan` shows them.\n",
                changes.len() - shown
            ));
            break;
        }
        out.push_str(&piece);
    }
    out
}

/// The same facts for programs. `base` is absent where no plan is active.
pub fn json(former: Option<&Plan>, plan: &Plan, changes: &[Change]) -> Value {
    let Counts { add, change, remove } = Counts::of(changes);
    let mut value = json!({
        "version": FORMAT,
        "plan": Digest::of_plan(plan),
        "counts": { "add": add, "change": change, "remove": remove },
        "restart_needed": changes.iter().any(|change| change.effect == Effect::Restart),
        "changes": changes,
    });
    if let Some(former) = former {
        value["base"] = json!(Digest::of_plan(former));
    }
    value
}
