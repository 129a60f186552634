//! Prometheus' text format 0.0.4: families of samples, one a line.

use std::fmt::{Display, Write};

pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text of the format, built family by family. Every figure is a gauge.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// One sample without labels.
    pub fn single(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, help, std::iter::once((&[][..], value)));
    }

    /// All samples of one name. Nothing is written for none.
    pub fn family<'s, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (&'s [(&'s str, &'s str)], V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} gauge"));
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            self.line(format_args!("{name}{braces} {value}"));
        }
    }

    pub fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// A label's value: `\`, `"` and the end of a line are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_its_help_its_type_and_its_samples() {
        let mut text = Exposition::default();
        text.single("a", "What it is.", 3);
        text.family("b", "Another.", [(&[("x", "1\"\\\n"), ("y", "")][..], 0.5)]);
        text.family::<u8>("c", "Of nothing.", []);
        let wanted = "# HELP a What it is.\n# TYPE a gauge\na 3\n\
                      # HELP b Another.\n# TYPE b gauge\nb{x=\"1\\\"\\\\\\n\",y=\"\"} 0.5\n";
        assert_eq!(text.finish(), wanted);
    }
}
