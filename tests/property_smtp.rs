//! What holds for every input to the SMTP sessions: no panic, bounded memory, and the same result however
//! the network cuts the octets.

#[path = "drive/smtp.rs"]
mod drive;
#[path = "drive/world.rs"]
mod world;

use mailctl::protocol::smtp::client::TlsWish;
use mailctl::protocol::smtp::server::Kind;
use proptest::prelude::*;

use drive::{play_client, play_server};

/// Conversations that are mostly sensible, with octets in between that are not.
fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"EHLO x\r\n"[..],
        b"MAIL FROM:<a@example.org>\r\n",
        b"MAIL FROM:<> SMTPUTF8 SIZE=299\r\n",
        b"RCPT TO:<a@example.org>\r\n",
        b"RCPT TO:<\"> \"@example.org>\r\n",
        b"DATA\r\n",
        b"Received: x\r\n\r\n..dot\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"BDAT 5\r\n",
        b"BDAT 3 LAST\r\n",
        b"abc\r\n",
        b"RSET\r\n",
        b"AUTH PLAIN AGFAZXhhbXBsZS5vcmcAc2VjcmV0\r\n",
        b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YQ==\r\n",
        b"*\r\n",
        b"\r",
        b"\n",
    ]);
    let piece = prop_oneof![
        12 => line.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0..400usize).prop_map(|n| vec![b'x'; n]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// What a server might say to a client, sensible and not.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        &b"220 mx\r\n"[..],
        b"250-mx\r\n250-PIPELINING\r\n250-SIZE 100\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n",
        b"250 ok\r\n",
        b"250-mx\r\n250 STARTTLS\r\n",
        b"354 go\r\n",
        b"334 \r\n",
        b"235 ok\r\n",
        b"421 bye\r\n",
        b"450 4.2.0 later\r\n",
        b"550-5.1.1 a\r\n550 5.1.1 b\r\n",
        b"503 no\r\n",
    ]);
    let piece = prop_oneof![15 => line.prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..20)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_same(
        input in dialogue(),
        cuts in prop::collection::vec(1..50usize, 1..10),
        submission in any::<bool>(),
    ) {
        let kind = if submission { Kind::Submission } else { Kind::Smtp };
        let whole = play_server(kind, &input, &[usize::MAX]);
        prop_assert_eq!(&whole, &play_server(kind, &input, &cuts));
        prop_assert_eq!(&whole, &play_server(kind, &input, &[1]));
    }

    #[test]
    fn octets_without_sense_do_no_harm(input in prop::collection::vec(any::<u8>(), 0..2000)) {
        play_server(Kind::Smtp, &input, &[97]);
        play_client(TlsWish::Never, &input, &[97]);
    }

    #[test]
    fn each_recipient_gets_an_outcome_whatever_a_server_says(
        input in replies(),
        cuts in prop::collection::vec(1..50usize, 1..10),
        opportunistic in any::<bool>(),
    ) {
        let wish = if opportunistic { TlsWish::Opportunistic } else { TlsWish::Never };
        let whole = play_client(wish, &input, &[usize::MAX]);
        prop_assert_eq!(whole, play_client(wish, &input, &cuts));
    }
}

/// A stranger who sends one endless line, or one endless message, occupies no memory.
#[test]
fn endless_input_is_consumed() {
    let line = vec![b'x'; 1_000_000];
    assert!(!play_server(Kind::Smtp, &line, &[1400]).closed);
    let mut message = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n".to_vec();
    message.extend(line);
    let seen = play_server(Kind::Smtp, &message, &[1400]);
    assert!(seen.closed && seen.stored.is_empty());
}

/// Found by fuzzing: a fault in a chunk counted as an error of the session, or not, by where the network cut it.
#[test]
fn a_fault_in_a_chunk_counts_the_same_wherever_it_is_cut() {
    // Two of them are more than the 300 octets of a message.
    let chunk = format!("BDAT 200\r\n{}\r\n", "x".repeat(198));
    let message = format!("MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\n{chunk}{chunk}");
    let input = format!("EHLO x\r\n{}", message.repeat(30));
    let whole = play_server(Kind::Smtp, input.as_bytes(), &[usize::MAX]);
    assert_eq!(play_server(Kind::Smtp, input.as_bytes(), &[1]), whole);
    assert_eq!(play_server(Kind::Smtp, input.as_bytes(), &[7, 3]), whole);
}

/// Found by fuzzing: the dots and the end of a message counted towards its overrun, or not, by where it was cut.
#[test]
fn a_message_overruns_at_the_same_length_wherever_it_is_cut() {
    for lines in 90..110 {
        let begin = "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n";
        let input = format!("{begin}{}.\r\nNOOP\r\n", "..abc\r\n".repeat(lines));
        let whole = play_server(Kind::Smtp, input.as_bytes(), &[usize::MAX]);
        assert_eq!(play_server(Kind::Smtp, input.as_bytes(), &[1]), whole, "{lines} lines");
        assert_eq!(play_server(Kind::Smtp, input.as_bytes(), &[28, 7, 1]), whole, "{lines} lines");
    }
}
