//! Messages as people write them: words, sentences and paragraphs, each message another one.
//!
//! The text follows the frequencies of English words, so that whatever a server does with content (search,
//! compression, classification) has something like its usual work. The same number gives the same message.

use std::fmt::Write;

/// Most frequent first; the draw favours the front, as language does.
const WORDS: &str = "the of and to in a is that for it was on are as with they be at this have from or by one had not \
    but what all were when we there can an your which their said if do will each about how up out them then she many \
    some so these would other into has more her two like him see time could no make than first been its who now people \
    my made over did down only way find use may water long little very after words called just where most know get \
    through back much before go good new write our used me man too any day same right look think also around another \
    came come work three word must because does part even place well such here take why things help put years different \
    away again off went old number great tell men say small every found still between name should home give air line \
    set own under read last never us left end along while might next sound below saw something thought both few those \
    always looked show large often together asked house world going want school important until form food keep children \
    feet land side without boy once animals life enough took sometimes four head above kind began almost live page got \
    earth need far hand high year mother light parts country father let night following picture being study second eyes \
    soon times story boys since white days ever paper hard near sentence better best across during today others however \
    sure means knew try told young miles sun ways thing whole hear example heard several change answer room sea against \
    top turned learn point city play toward five using himself usually invoice meeting agenda delivery attachment budget \
    contract schedule deadline proposal customer engineer server mailbox password update release morning afternoon";

const PARAGRAPH_SENTENCES: u64 = 5;
/// Lines are broken before this column, as mail programs do (RFC 5322 §2.1.1).
const LINE_COLUMNS: usize = 76;

/// The message's id, without angle brackets.
pub fn message_id(number: u64) -> String {
    format!("{number}.bench@client.test")
}

/// A plain-text message of about `octets` octets, never more than one line longer.
pub fn message(number: u64, octets: usize, from: &str, to: &str) -> Vec<u8> {
    let mut draw = Draw::new(number);
    let mut text = String::with_capacity(octets + 2 * LINE_COLUMNS);
    let subject = draw.sentence(4);
    let (minute, second) = (number / 60 % 60, number % 60);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "Received: from desk.client.test ([192.0.2.7]) by out.client.test with ESMTPS;\r\n\tTue, 24 Nov 2026 \
         08:{minute:02}:{second:02} +0000\r\nDate: Tue, 24 Nov 2026 08:{minute:02}:{second:02} +0000\r\nFrom: Bench \
         Sender <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{}>\r\nMIME-Version: 1.0\r\nContent-Type: \
         text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
        message_id(number)
    );
    let (mut column, mut sentences) = (0, 0);
    while text.len() < octets {
        for word in draw.sentence(6).split(' ') {
            if column + word.len() + 1 > LINE_COLUMNS {
                text.push_str("\r\n");
                column = 0;
            }
            if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += word.len();
            if text.len() >= octets {
                break;
            }
        }
        sentences += 1;
        if sentences % PARAGRAPH_SENTENCES == 0 {
            text.push_str("\r\n\r\n");
            column = 0;
        }
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// RFC 5321 §4.5.2: a dot that begins a line is doubled.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    let mut begins = true;
    for byte in message {
        if begins && *byte == b'.' {
            out.push(b'.');
        }
        begins = *byte == b'\n';
        out.push(*byte);
    }
    out
}

/// Xorshift: repeatable, good enough for prose.
struct Draw {
    state: u64,
    words: Vec<&'static str>,
}

impl Draw {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, words: WORDS.split_whitespace().collect() }
    }

    fn next(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    /// The smaller of two draws, twice: the front of the list comes often, its end seldom.
    fn word(&mut self) -> &'static str {
        let n = self.words.len() as u64;
        let at = self.next(n).min(self.next(n)).min(self.next(n));
        self.words[usize::try_from(at).unwrap_or(0)]
    }

    fn sentence(&mut self, at_least: u64) -> String {
        let length = at_least + self.next(10);
        let words: Vec<_> = (0..length).map(|_| self.word()).collect();
        let mut text = words.join(" ");
        text[..1].make_ascii_uppercase();
        text.push(if self.next(8) == 0 { '?' } else { '.' });
        text
    }
}
