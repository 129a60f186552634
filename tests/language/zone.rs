//! A zone read back from the text that name servers read (RFC 1035 §5): one record a line, absolute names.

/// All records, with the zone in whose section they stand.
pub struct Zone {
    pub records: Vec<Record>,
}

#[derive(Debug)]
pub struct Record {
    pub zone: String,
    /// Without the final dot.
    pub name: String,
    pub kind: String,
    /// As written; a TXT's character-strings joined and unquoted.
    pub data: String,
    /// The character-strings of a TXT.
    pub strings: Vec<String>,
}

impl Zone {
    pub fn read(text: &str) -> Self {
        let mut records = Vec::new();
        let mut zone = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("; zone ") {
                zone = name.trim_end_matches('.').to_owned();
            }
            if line.starts_with(';') || line.trim().is_empty() {
                continue;
            }
            let mut words = line.splitn(5, ' ');
            let mut word = || words.next().unwrap_or_else(|| panic!("not a record: {line}")).to_owned();
            let (name, _ttl, class, kind, data) = (word(), word(), word(), word(), word());
            assert!(class == "IN" && name.ends_with('.'), "{line}");
            let strings = if kind == "TXT" { strings(&data) } else { Vec::new() };
            let data = if kind == "TXT" { strings.concat() } else { data };
            records.push(Record {
                zone: zone.clone(),
                name: name.trim_end_matches('.').to_owned(),
                kind,
                data,
                strings,
            });
        }
        Self { records }
    }

    /// The data of a name's records of these types.
    pub fn of<'z>(&'z self, name: &'z str, kinds: &'z [&str]) -> impl Iterator<Item = &'z str> {
        self.records.iter().filter(move |r| r.name == name && kinds.contains(&r.kind.as_str())).map(|r| r.data.as_str())
    }

    /// Name and data of all records of a type.
    pub fn all<'z>(&'z self, kind: &'z str) -> impl Iterator<Item = (&'z str, &'z str)> {
        self.records.iter().filter(move |r| r.kind == kind).map(|r| (r.name.as_str(), r.data.as_str()))
    }
}

/// The quoted strings of a TXT record's data.
fn strings(data: &str) -> Vec<String> {
    let mut strings = Vec::new();
    let mut open: Option<String> = None;
    let mut chars = data.chars();
    while let Some(c) = chars.next() {
        match (c, &mut open) {
            ('"', Some(_)) => strings.extend(open.take()),
            ('"', None) => open = Some(String::new()),
            ('\\', Some(text)) => text.extend(chars.next()),
            (c, Some(text)) => text.push(c),
            (_, None) => {}
        }
    }
    strings
}

/// Whether `name` is `zone` or below it, label by label.
pub fn within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|head| head.ends_with('.'))
}
