//! Durations and sizes: one parser each, with the error that names the edit.

use std::time::Duration;

/// `90s`, `15m`, `1h30m`, `5d`, `2w`: whole numbers with units, the larger unit first.
///
/// # Errors
/// A sentence that says what is wrong, and what to write.
pub fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let want = "write whole numbers with `w`, `d`, `h`, `m` or `s`, e.g. `90s`, `1h30m` or `5d`";
    let mut rest = text;
    let mut seconds: u64 = 0;
    let mut allowed = UNITS.as_slice();
    if rest.is_empty() {
        return Err(format!("it is empty; {want}"));
    }
    while !rest.is_empty() {
        let (number, after) = leading_number(rest).ok_or_else(|| format!("`{rest}` has no number; {want}"))?;
        let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        if unit.is_empty() {
            return Err(format!("`{number}` has no unit; {want}"));
        }
        let at = allowed.iter().position(|(name, _)| *name == unit).ok_or_else(|| {
            if UNITS.iter().any(|(name, _)| *name == unit) {
                format!("`{unit}` comes too late or twice; {want}")
            } else {
                format!("`{unit}` is not a unit of time; {want}")
            }
        })?;
        let factor = allowed.get(at).map_or(1, |(_, f)| *f);
        allowed = allowed.get(at + 1..).unwrap_or(&[]);
        seconds = number
            .checked_mul(factor)
            .and_then(|s| seconds.checked_add(s))
            .filter(|s| *s <= 100 * 365 * 86_400)
            .ok_or_else(|| "it is longer than a hundred years".to_owned())?;
        rest = after;
    }
    Ok(Duration::from_secs(seconds))
}

/// `50MB`, `1GiB`, `512B`: a whole number with a unit; `kB MB GB TB` are powers of 1000, `KiB MiB GiB
/// TiB` powers of 1024. The result is in octets.
///
/// # Errors
/// A sentence that says what is wrong, and what to write.
pub fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 10] = [
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let want = "write a whole number with `kB`, `MB`, `GB`, `TB` or `KiB`, `MiB`, `GiB`, `TiB`, e.g. `50MB`";
    let (number, after) = leading_number(text).ok_or_else(|| format!("it does not begin with a number; {want}"))?;
    let unit = after.trim_start_matches(' ');
    if unit.is_empty() {
        return Err(format!("`{number}` has no unit; {want}"));
    }
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let meant = UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit) || name.trim_end_matches('B').eq_ignore_ascii_case(unit));
        return Err(match meant {
            Some((name, _)) => format!("`{}` is not a unit of size, write `{number}{name}`", shown(unit)),
            None => format!("`{}` is not a unit of size; {want}", shown(unit)),
        });
    };
    number.checked_mul(*factor).filter(|n| i64::try_from(*n).is_ok()).ok_or_else(|| "it is more than 8 EiB".to_owned())
}

/// A time as [`duration`] reads it, in as few units as it takes.
pub fn duration_text(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut text = String::new();
    for (factor, unit) in UNITS {
        if rest >= factor {
            text.push_str(&format!("{}{unit}", rest / factor));
            rest %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A size as [`size`] reads it, exact, in the largest unit that leaves no rest.
pub fn size_text(octets: u64) -> String {
    const UNITS: [(u64, &str); 8] = [
        (1_000_000_000_000, "TB"),
        (1 << 40, "TiB"),
        (1_000_000_000, "GB"),
        (1 << 30, "GiB"),
        (1_000_000, "MB"),
        (1 << 20, "MiB"),
        (1_000, "kB"),
        (1 << 10, "KiB"),
    ];
    let whole = UNITS.iter().find(|(factor, _)| octets > 0 && octets.is_multiple_of(*factor));
    whole.map_or_else(|| format!("{octets}B"), |(factor, unit)| format!("{}{unit}", octets / factor))
}

/// The digits in front and the rest. `None` without digits or beyond 64 bits.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    digits.parse().ok().map(|n| (n, rest))
}

fn shown(unit: &str) -> String {
    unit.chars().filter(|c| !c.is_control()).take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_their_units() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("1h30m", 5_400), ("5d", 432_000), ("1w2d", 777_600), ("0s", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in
            ["", "5", "h", "1h1h", "30m1h", "1.5h", "-5m", "5 m", "5 minutes", "99999999999999999999s", "9999999w"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for seconds in [0, 59, 60, 90, 5_400, 86_400, 777_601] {
            assert_eq!(duration(&duration_text(seconds)), Ok(Duration::from_secs(seconds)));
        }
        for octets in [0, 1, 1_000, 1_024, 50_000_000, 1 << 30, 1_234_567] {
            assert_eq!(size(&size_text(octets)), Ok(octets));
        }
        assert_eq!((size_text(50_000_000), duration_text(5_400)), ("50MB".to_owned(), "1h30m".to_owned()));
    }

    #[test]
    fn sizes_have_units() {
        for (text, octets) in [("512B", 512), ("50MB", 50_000_000), ("1GiB", 1 << 30), ("5 GB", 5_000_000_000)] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for bad in ["", "5", "5X", "MB", "-1MB", "1.5GB", "99999999TB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        assert!(size("50mb").unwrap_err().contains("`50MB`"));
        assert!(size("5G").unwrap_err().contains("`5GB`"));
    }
}
