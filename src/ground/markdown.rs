//! Text of others inside Markdown (CommonMark 0.31 with the tables of GitHub and GitLab), so that it stays text.
//!
//! What stands between backticks is no link, no mention of a person and no HTML; text of users therefore goes there.

/// `text` as inline code, also inside a table. Line ends and other control characters become spaces.
pub fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // CommonMark §6.1: one space on each side is dropped, and lets the text begin or end with a backtick.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    // GFM §4.10: a bar ends the cell even inside code, unless it is escaped.
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// `text` as a block of code of its own.
pub fn block(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A sentence of ours as it is, but that nothing in it can end a cell of a table or begin HTML.
pub fn sentence(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("`x` and ``y``"), "``` `x` and ``y`` ```");
        assert_eq!(code("one\ntwo\r\n| three"), "`one two  \\| three`");
        assert_eq!(code(""), "");
        assert_eq!(code(" \n"), "");
        assert_eq!(code("<script>@all"), "`<script>@all`");
    }

    #[test]
    fn a_block_ends_where_it_ends() {
        assert_eq!(block("a\n```\n# b\n"), "````text\na\n```\n# b\n````\n");
        assert_eq!(block("a"), "```text\na\n```\n");
    }

    #[test]
    fn sentences_keep_their_cell() {
        assert_eq!(sentence("a | b\nc <d> &amp;"), "a \\| b c &lt;d> &amp;amp;");
    }
}
