//! Command lines (RFC 1939 §3, RFC 2449 §4): a keyword in any case, arguments separated by single spaces.

/// A command, as far as its line says. Numbers are checked against the maildrop later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
    Capa,
    Dele(usize),
    List(Option<usize>),
    Noop,
    /// Everything after the space: a password may hold spaces (RFC 1939 §7).
    Pass(&'a str),
    Quit,
    Retr(usize),
    Rset,
    Stat,
    Stls,
    Top(usize, u64),
    Uidl(Option<usize>),
    User(&'a str),
}

/// Why a line is no command; the text of the `-ERR`.
pub(super) type Mistake = &'static str;

pub(super) fn parse(line: &[u8]) -> Result<Command<'_>, Mistake> {
    let line = std::str::from_utf8(line).map_err(|_| "the command is not UTF-8")?;
    let (keyword, rest) = match line.split_once(' ') {
        Some((keyword, rest)) => (keyword, Some(rest)),
        None => (line, None),
    };
    match keyword.to_ascii_uppercase().as_str() {
        "AUTH" => auth(rest),
        "CAPA" => alone(Command::Capa, rest),
        "DELE" => Ok(Command::Dele(number(rest)?)),
        "LIST" => Ok(Command::List(optional_number(rest)?)),
        "NOOP" => alone(Command::Noop, rest),
        "PASS" => Ok(Command::Pass(rest.filter(|text| !text.is_empty()).ok_or("PASS needs a password")?)),
        "QUIT" => alone(Command::Quit, rest),
        "RETR" => Ok(Command::Retr(number(rest)?)),
        "RSET" => alone(Command::Rset, rest),
        "STAT" => alone(Command::Stat, rest),
        "STLS" => alone(Command::Stls, rest),
        "TOP" => top(rest),
        "UIDL" => Ok(Command::Uidl(optional_number(rest)?)),
        "USER" => Ok(Command::User(rest.filter(|text| !text.is_empty()).ok_or("USER needs a name")?)),
        _ => Err("unknown command"),
    }
}

fn alone<'a>(command: Command<'a>, rest: Option<&str>) -> Result<Command<'a>, Mistake> {
    if rest.is_none_or(|rest| rest.trim().is_empty()) { Ok(command) } else { Err("this command takes no argument") }
}

/// RFC 5034 §4.
fn auth(rest: Option<&str>) -> Result<Command<'_>, Mistake> {
    let rest = rest.map(str::trim_end).filter(|rest| !rest.is_empty()).ok_or("AUTH needs a mechanism; see CAPA")?;
    Ok(match rest.split_once(' ') {
        Some((mechanism, initial)) => Command::Auth { mechanism, initial: Some(initial) },
        None => Command::Auth { mechanism: rest, initial: None },
    })
}

fn top(rest: Option<&str>) -> Result<Command<'_>, Mistake> {
    let wanted = "TOP needs a message number and a number of lines";
    let (message, lines) = rest.and_then(|rest| rest.trim_end().split_once(' ')).ok_or(wanted)?;
    Ok(Command::Top(number(Some(message))?, digits(lines).ok_or(wanted)?))
}

fn number(text: Option<&str>) -> Result<usize, Mistake> {
    optional_number(text)?.ok_or("a message number is needed")
}

fn optional_number(text: Option<&str>) -> Result<Option<usize>, Mistake> {
    match text.map(str::trim_end).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match digits(text) {
            Some(number) if number > 0 => Ok(Some(usize::try_from(number).unwrap_or(usize::MAX))),
            _ => Err("that is no message number"),
        },
    }
}

/// Digits only: no sign, no blanks. A number too large for us is larger than any that means something.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_commands() {
        assert_eq!(parse(b"retr 7"), Ok(Command::Retr(7)));
        assert_eq!(parse(b"LIST "), Ok(Command::List(None)));
        assert_eq!(parse(b"TOP 1 0"), Ok(Command::Top(1, 0)));
        assert_eq!(parse(b"TOP 1 99999999999999999999999"), Ok(Command::Top(1, u64::MAX)));
        assert_eq!(parse(b"PASS a b "), Ok(Command::Pass("a b ")));
        assert_eq!(parse(b"AUTH PLAIN ="), Ok(Command::Auth { mechanism: "PLAIN", initial: Some("=") }));
    }

    #[test]
    fn other_lines_do_not() {
        let bad: [&[u8]; 10] =
            [b"", b" ", b"RETR", b"RETR 0", b"RETR +1", b"RETR 1 2", b"TOP 1", b"QUIT now", b"PASS ", b"X\xff"];
        for line in bad {
            assert!(parse(line).is_err(), "{}", String::from_utf8_lossy(line));
        }
    }
}
