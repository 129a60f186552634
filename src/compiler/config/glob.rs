//! Path patterns of `include`: `*` and `?` within one segment of a path, nothing else.
//!
//! As in a shell, `*` stands for any characters, `?` for one, and neither for the dot that a hidden name begins with:
//! drafts of editors are not taken for accounts. There is no `**`, and brackets mean themselves.

/// A path that may hold `*` and `?`, in its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'p> {
    /// Whether it starts at the root of the file system.
    pub rooted: bool,
    /// Without empty ones and `.`.
    pub segments: Vec<&'p str>,
}

impl<'p> Pattern<'p> {
    pub fn new(text: &'p str) -> Self {
        let segments = text.split('/').filter(|s| !s.is_empty() && *s != ".").collect();
        Self { rooted: text.starts_with('/'), segments }
    }

    /// Whether it may stand for several paths.
    pub fn is_glob(&self) -> bool {
        self.segments.iter().any(|s| is_glob(s))
    }
}

/// Whether a segment holds `*` or `?`.
pub fn is_glob(segment: &str) -> bool {
    segment.contains(['*', '?'])
}

/// Whether a name in a folder matches a segment.
pub fn matches(segment: &str, name: &str) -> bool {
    if name.starts_with('.') && !segment.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (segment.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Behind the last `*`: where the pattern goes on, and what of the name the `*` stands for so far. Going back to
    // the last one is enough, so the time is the product of both lengths at most.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    (p, n) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_have_segments() {
        let of = |text| {
            let pattern = Pattern::new(text);
            (pattern.rooted, pattern.segments.join("|"), pattern.is_glob())
        };
        assert_eq!(of("accounts/*.yaml"), (false, "accounts|*.yaml".to_owned(), true));
        assert_eq!(of("/etc/mail//./a.yaml"), (true, "etc|mail|a.yaml".to_owned(), false));
        assert_eq!(of("./"), (false, String::new(), false));
    }

    #[test]
    fn a_segment_matches_whole_names() {
        for (segment, name) in [
            ("*.yaml", "a.yaml"),
            ("*", "a"),
            ("a?c", "aéc"),
            ("*a*b*", "xaaybb"),
            ("a", "a"),
            (".*", ".x"),
            ("**", "x"),
        ] {
            assert!(matches(segment, name), "{segment} {name}");
        }
        for (segment, name) in
            [("*.yaml", "a.yml"), ("*", ".hidden"), ("?x", ".x"), ("a?", "a"), ("a", "ab"), ("[ab]", "a"), ("", "a")]
        {
            assert!(!matches(segment, name), "{segment} {name}");
        }
    }

    /// The definition, one line a case.
    fn defined(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) if defined(rest, name) => true,
            (Some(('*', _)), Some((_, tail))) => defined(pattern, tail),
            (Some((p, rest)), Some((c, tail))) => (*p == '?' || p == c) && defined(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn matching_is_what_it_is_defined_as(pattern in "[ab*?]{0,8}", name in "[abc]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &name), defined(&chars(&pattern), &chars(&name)));
        }
    }
}
