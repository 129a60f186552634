//! What holds for every input to the POP3 session: no panic, bounded memory, the same result however the
//! network cuts the octets, nothing removed but by QUIT, and no password looked at before TLS.

#[path = "drive/pop3.rs"]
mod drive;
#[path = "drive/world.rs"]
mod world;

use mailctl::ground::limits;
use mailctl::protocol::pop3::TlsMode;
use proptest::prelude::*;

use drive::play;

/// Conversations that are mostly sensible, with octets in between that are not.
fn dialogue(login: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"USER a@example.org\r\n"[..],
        b"PASS secret\r\n",
        b"PASS \r\n",
        b"AUTH PLAIN\r\n",
        b"AUTH PLAIN AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n",
        b"AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"*\r\n",
        b"CAPA\r\n",
        b"STAT\r\n",
        b"LIST\r\n",
        b"LIST 2\r\n",
        b"UIDL\r\n",
        b"UIDL 3\r\n",
        b"RETR 1\r\n",
        b"RETR 2\r\n",
        b"TOP 3 18446744073709551616\r\n",
        b"DELE 1\r\n",
        b"DELE 3\r\n",
        b"RSET\r\n",
        b"NOOP\n",
        b"N\rOOP\r\n",
        b"RETR 0\r\n",
        b"RETR 4\r\n",
    ]);
    let part = prop_oneof![
        12 => line.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (0_usize..2).prop_map(|more| vec![b'x'; limits::POP3_LINE_OCTETS_MAX - 2 + more]),
        1 => Just(b"QUIT\r\n".to_vec()),
        1 => Just(b"STLS\r\n".to_vec()),
    ];
    prop::collection::vec(part, 1..25).prop_map(move |parts| [login.to_vec(), parts.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cut_of_the_network_changes_nothing(
        input in dialogue(b"USER a@example.org\r\nPASS secret\r\n"),
        cuts in prop::collection::vec(1_usize..200, 3..7),
    ) {
        let whole = play(TlsMode::Implicit, &input, &[usize::MAX]);
        prop_assert_eq!(&whole, &play(TlsMode::Implicit, &input, &cuts));
        // Octet by octet, unless overlong lines make that slow.
        let step = if input.len() < limits::POP3_LINE_OCTETS_MAX { 1 } else { 61 };
        prop_assert_eq!(&whole, &play(TlsMode::Implicit, &input, &[step]));
        let quit = input.windows(6).any(|six| six.eq_ignore_ascii_case(b"QUIT\r\n"));
        prop_assert!(whole.removed.is_none() || quit && whole.closed, "RFC 1939 §6: QUIT alone removes");
    }

    /// RFC 8314 §3.
    #[test]
    fn no_password_is_looked_at_in_clear(input in dialogue(b""), none in any::<bool>()) {
        let seen = play(if none { TlsMode::None } else { TlsMode::Starttls }, &input, &[usize::MAX]);
        prop_assert_eq!(seen.logins, 0);
        prop_assert!(seen.removed.is_none() && seen.splices.is_empty());
        prop_assert!(!(none && seen.handshake));
    }
}

/// The conversations above would prove nothing if none of them came far.
#[test]
fn a_sensible_conversation_removes_what_it_marked() {
    let input = b"USER a@example.org\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nDELE 3\r\nQUIT\r\n";
    let seen = play(TlsMode::Implicit, input, &[3]);
    assert_eq!(seen.removed, Some(vec![4, 9]));
    assert_eq!((seen.splices.len(), seen.logins, seen.closed), (1, 1, true));
}
