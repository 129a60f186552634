//! One message's commands and what their replies mean for each recipient.

use std::collections::VecDeque;

use super::capabilities::Capabilities;
use super::{ConnectionError, Delivery, EightBit, Origin, Outcome, Report};
use crate::protocol::{TlsFacts, Wire};
use crate::vocabulary::mail::{Address, BodyType, Enhanced, Reply, ReversePath};

/// Commands that may wait for their replies at once: RFC 2920 §3.1 warns of filling both directions.
const PIPELINE_MAX: usize = 50;

/// A command that was sent, in the order of the replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Data,
    /// The final dot.
    End,
    Mail,
    /// RCPT for the recipient with this index.
    Rcpt(usize),
}

/// A recipient's fate so far.
#[derive(Debug, Clone)]
enum Fate {
    /// RCPT was accepted: the end of DATA decides.
    Accepted,
    Decided(Reply, Origin),
    Open,
}

/// A delivery under way.
#[derive(Debug)]
pub(super) struct Exchange {
    delivery: Delivery,
    fates: Vec<Fate>,
    parameters: String,
    pipelining: bool,
    /// Commands whose replies are awaited.
    sent: VecDeque<Command>,
    /// The next recipient to be named.
    next: usize,
    data_sent: bool,
    over: bool,
    /// MAIL was accepted and DATA did not end it: RSET must precede another MAIL.
    transaction_open: bool,
}

impl Exchange {
    /// Begins; recipients that this server cannot take are decided at once.
    pub fn begin(delivery: Delivery, capabilities: &Capabilities, eight_bit: EightBit, wire: &mut Wire) -> Self {
        let mut exchange = Self { pipelining: capabilities.pipelining, ..Self::unsent(delivery) };
        exchange.choose_parameters(capabilities, eight_bit);
        if exchange.any_open() {
            let line = format!("MAIL FROM:{}{}\r\n", exchange.delivery.reverse_path, exchange.parameters);
            wire.push(line.as_bytes());
            exchange.sent.push_back(Command::Mail);
            exchange.advance(wire);
        } else {
            exchange.over = true;
        }
        exchange
    }

    /// A delivery that never began.
    pub fn unsent(delivery: Delivery) -> Self {
        Self {
            fates: vec![Fate::Open; delivery.recipients.len()],
            parameters: String::new(),
            pipelining: false,
            sent: VecDeque::new(),
            next: 0,
            data_sent: false,
            over: false,
            transaction_open: false,
            delivery,
        }
    }

    fn choose_parameters(&mut self, capabilities: &Capabilities, eight_bit: EightBit) {
        let octets =
            self.delivery.prefix.len() as u64 + self.delivery.range.end.saturating_sub(self.delivery.range.start);
        match capabilities.size {
            // RFC 1870 §5: no need to send what will be refused.
            Some(Some(max)) if octets > max => {
                return self.decide_all(&local(552, Enhanced(5, 3, 4), "the next hop takes no message of this size"));
            }
            Some(_) => self.parameters.push_str(&format!(" SIZE={octets}")),
            None => {}
        }
        match (self.delivery.body, capabilities.eight_bit_mime, eight_bit) {
            (BodyType::SevenBit, ..) | (_, false, EightBit::SendAnyway) => {}
            (BodyType::EightBitMime, true, _) => self.parameters.push_str(" BODY=8BITMIME"),
            (BodyType::EightBitMime, false, EightBit::Refuse) => {
                return self.decide_all(&local(554, Enhanced(5, 6, 3), "the next hop does not offer 8BITMIME"));
            }
        }
        self.choose_smtputf8(capabilities.smtputf8);
    }

    /// RFC 6531 §3.2: what needs the extension goes nowhere without.
    fn choose_smtputf8(&mut self, offered: bool) {
        let sender_needs = matches!(&self.delivery.reverse_path, ReversePath::Address(a) if !a.is_ascii());
        let message_needs = self.delivery.smtputf8 || sender_needs;
        if offered {
            if message_needs || !self.delivery.recipients.iter().all(Address::is_ascii) {
                self.parameters.push_str(" SMTPUTF8");
            }
            return;
        }
        let refusal = local(550, Enhanced(5, 6, 7), "the next hop does not offer SMTPUTF8");
        if message_needs {
            return self.decide_all(&refusal);
        }
        for (recipient, fate) in self.delivery.recipients.iter().zip(&mut self.fates) {
            if !recipient.is_ascii() {
                *fate = Fate::Decided(refusal.clone(), Origin::Ourselves);
            }
        }
    }

    /// Sends the commands that may be sent now.
    fn advance(&mut self, wire: &mut Wire) {
        while !self.over && !self.data_sent && self.sent.len() < self.room() {
            let open = |fate: &Fate| matches!(fate, Fate::Open);
            let next = self.fates.iter().skip(self.next).position(open).map(|offset| self.next + offset);
            if let Some((index, recipient)) = next.and_then(|i| Some((i, self.delivery.recipients.get(i)?))) {
                wire.push(format!("RCPT TO:<{recipient}>\r\n").as_bytes());
                self.sent.push_back(Command::Rcpt(index));
                self.next = index + 1;
            } else if self.any_hope() {
                wire.push(b"DATA\r\n");
                self.sent.push_back(Command::Data);
                self.data_sent = true;
            } else {
                self.over = self.sent.is_empty();
                return;
            }
        }
    }

    fn room(&self) -> usize {
        if self.pipelining { PIPELINE_MAX } else { 1 }
    }

    fn any_open(&self) -> bool {
        self.fates.iter().any(|fate| matches!(fate, Fate::Open))
    }

    /// Whether a recipient may still be taken.
    fn any_hope(&self) -> bool {
        self.fates.iter().any(|fate| matches!(fate, Fate::Accepted | Fate::Open))
    }

    /// The reply to the oldest command. `Err` if nothing was asked.
    pub fn reply(&mut self, reply: Reply, wire: &mut Wire) -> Result<(), &'static str> {
        match self.sent.pop_front().ok_or("a reply to nothing")? {
            Command::Mail if reply.is_positive() => self.transaction_open = true,
            Command::Mail => self.decide_undecided(&refusal(reply), Origin::Peer),
            Command::Rcpt(index) => {
                if let Some(fate @ Fate::Open) = self.fates.get_mut(index) {
                    *fate = match reply.is_positive() {
                        true => Fate::Accepted,
                        false => Fate::Decided(refusal(reply), Origin::Peer),
                    };
                }
            }
            Command::Data if reply.code == 354 => self.send_content(wire),
            Command::Data => {
                self.decide_undecided(&refusal(reply), Origin::Peer);
                self.over = true;
            }
            Command::End => {
                self.transaction_open = false;
                let reply = if reply.is_positive() { reply } else { refusal(reply) };
                self.decide_undecided(&reply, Origin::Peer);
                self.over = true;
            }
        }
        self.advance(wire);
        Ok(())
    }

    fn send_content(&mut self, wire: &mut Wire) {
        // RFC 2920 §3.1: DATA was pipelined, nobody was accepted, and the server wants a message
        // nevertheless: it gets an empty one.
        if self.fates.iter().any(|fate| matches!(fate, Fate::Accepted)) {
            wire.push(&self.delivery.prefix);
            wire.splice(self.delivery.content, self.delivery.range.clone(), true);
        }
        wire.push(b".\r\n");
        self.sent.push_back(Command::End);
    }

    /// All commands are answered, or need none.
    pub fn is_over(&self) -> bool {
        self.over && self.sent.is_empty()
    }

    pub fn leaves_transaction_open(&self) -> bool {
        self.transaction_open
    }

    pub fn awaits_data(&self) -> bool {
        self.sent.front() == Some(&Command::Data)
    }

    pub fn awaits_end(&self) -> bool {
        self.sent.front() == Some(&Command::End)
    }

    /// One outcome for each recipient, whatever has happened.
    pub fn report(self, tls: Option<TlsFacts>, error: Option<ConnectionError>) -> Report {
        let broken = local(451, Enhanced(4, 4, 2), "the connection broke before the server answered");
        let (unknown, origin) = match &error {
            Some(ConnectionError::Refused { reply, .. }) => (refusal(reply.clone()), Origin::Peer),
            _ => (broken, Origin::Ourselves),
        };
        let outcome = |(recipient, fate)| match fate {
            Fate::Decided(reply, origin) => Outcome { recipient, reply, origin },
            Fate::Accepted | Fate::Open => Outcome { recipient, reply: unknown.clone(), origin },
        };
        let outcomes = self.delivery.recipients.into_iter().zip(self.fates).map(outcome).collect();
        Report { outcomes, tls, error }
    }

    fn decide_all(&mut self, reply: &Reply) {
        self.decide_undecided(reply, Origin::Ourselves);
    }

    fn decide_undecided(&mut self, reply: &Reply, origin: Origin) {
        for fate in &mut self.fates {
            if matches!(fate, Fate::Accepted | Fate::Open) {
                *fate = Fate::Decided(reply.clone(), origin);
            }
        }
    }
}

fn local(code: u16, enhanced: Enhanced, text: &str) -> Reply {
    Reply::new(code, enhanced, text)
}

/// A reply where only a refusal makes sense: a positive or intermediate one is nobody's promise.
fn refusal(reply: Reply) -> Reply {
    if reply.is_transient() || reply.is_permanent() {
        return reply;
    }
    Reply::new(451, Enhanced(4, 5, 0), format!("the server answered out of order: {reply}"))
}
