//! Pairing: two people who speak to each other exchange addresses by a number and two words (`spec/pairing.md`).

use core::fmt;

use crypto::{PairingKeys, PairingSide, Secret};
use rand_core::CryptoRng;
use wire::limits::PAIRING_CARD_BYTES;
use wire::{
    HostPort, IdentityFingerprint, Name, PairingCard, PairingConfirmation, PairingNumber, PairingShare,
    Reader, SealedCard, ServerId, Wire, Writer,
};

use crate::Language;
use crate::words::folded;

/// Ciphertext beyond the plaintext.
const TAG_BYTES: usize = 16;
/// As far as a word may be from one of a list to be taken for a slip.
const SLIP_EDITS_MAX: usize = 2;

/// What one tells the other: number, two words, and where, if that is elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PairingCode {
    /// Under which number.
    pub number: PairingNumber,
    /// Known to the two alone.
    pub words: PairingWords,
    /// At which relay; that of whoever is told it, if absent.
    pub at: Option<HostPort>,
}

/// Two words of one list, folded: lower case, without accents, one space between them.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingWords(String);

/// Why a text is not a code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingCodeError {
    /// Not a number and two words.
    #[error("a code is a number and two words, as in 42-guitar-volcano")]
    Form,
    /// The number is out of its bounds.
    #[error("the number of a code is from 1 to 9999")]
    Number,
    /// What stands behind the `@`.
    #[error("behind @ stands the relay's name: {0}")]
    Host(wire::HostError),
    /// A word of neither list.
    #[error("“{given}” is none of the words of a code{}", like(.nearest))]
    Word {
        /// As it was given.
        given: String,
        /// One that it may have been meant for.
        nearest: Option<&'static str>,
    },
    /// One word of each list.
    #[error("the words of a code are both English or both French")]
    Languages,
}

fn like(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |word| format!("; “{}” is", folded(word)))
}

/// Who somebody is, as said to whoever had the same words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// The registered name.
    pub name: Name,
    /// Where the server is reached.
    pub at: HostPort,
    /// Which server, in full.
    pub server_id: ServerId,
    /// Which identity, in full.
    pub identity: IdentityFingerprint,
}

/// The reply or the settlement is not of somebody who had the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the other side had other words")]
pub struct WrongWords;

/// One side of one pairing: everything that a vault keeps of it.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// Who of the two this is.
    pub side: PairingSide,
    /// The two words.
    pub words: PairingWords,
    /// Fresh for this pairing.
    pub seed: Secret<32>,
}

impl Pairing {
    /// This side's move.
    pub fn share(&self) -> PairingShare {
        PairingShare(crypto::pairing_share(self.side, &self.words.0, &self.seed))
    }

    /// What follows from the other side's move, at one server under one number.
    ///
    /// # Errors
    ///
    /// [`WrongWords`] when it is no move at all.
    pub fn agree(
        &self,
        server_id: &ServerId,
        number: PairingNumber,
        theirs: &PairingShare,
    ) -> Result<Agreed, WrongWords> {
        let context = [server_id.as_bytes().as_slice(), &number.get().to_be_bytes()].concat();
        crypto::agree_on_pairing(self.side, &self.words.0, &context, &self.seed, theirs.as_bytes())
            .map(Agreed)
            .map_err(|_| WrongWords)
    }
}

/// Keys that both have, if both had the words.
#[derive(Debug)]
pub struct Agreed(PairingKeys);

impl Agreed {
    /// My card, for the other one alone.
    pub fn seal(&self, card: &Card) -> SealedCard {
        let (confirmation, sealed) = self.0.seal(&card.to_bytes());
        let card = sealed.try_into().expect("a padded card with its tag has its length");
        SealedCard { confirmation: PairingConfirmation(confirmation), card: PairingCard(Box::new(card)) }
    }

    /// The other one's card.
    ///
    /// # Errors
    ///
    /// [`WrongWords`] when the confirmation, the card or its form differs.
    pub fn open(&self, sealed: &SealedCard) -> Result<Card, WrongWords> {
        let plain =
            self.0.open(sealed.confirmation.as_bytes(), sealed.card.0.as_slice()).map_err(|_| WrongWords)?;
        Card::from_bytes(&plain).ok_or(WrongWords)
    }
}

impl Card {
    /// The one form that a card has: padded, 512 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.name.write(&mut out);
        self.at.write(&mut out);
        self.server_id.write(&mut out);
        self.identity.write(&mut out);
        let mut bytes = out.into_bytes();
        bytes.resize(PAIRING_CARD_BYTES - TAG_BYTES, 0);
        bytes
    }

    /// Reads that form and no other.
    pub fn from_bytes(bytes: &[u8]) -> Option<Card> {
        let mut input = Reader::new(bytes);
        let name = Name::read(&mut input).ok()?;
        let at = HostPort::read(&mut input).ok()?;
        let server_id = ServerId::read(&mut input).ok()?;
        let identity = IdentityFingerprint::read(&mut input).ok()?;
        let card = Card { name, at, server_id, identity };
        // One encoding: what is left is zeros, and nothing else was read.
        (card.to_bytes() == bytes).then_some(card)
    }
}

impl PairingWords {
    /// Two fresh words.
    pub fn draw(language: Language, rng: &mut impl CryptoRng) -> Self {
        // Eleven bits each, so that all words are equally likely.
        let bits = rng.next_u32();
        let word = |bits: u32| folded(language.word((bits & 0x7ff) as u16));
        Self(format!("{} {}", word(bits), word(bits >> 11)))
    }

    /// Words that a vault has kept.
    pub fn kept(text: String) -> Self {
        Self(text)
    }

    /// As they are kept and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(words: [&str; 2]) -> Result<Self, PairingCodeError> {
        let words = words.map(folded);
        let of = |language: Language| words.iter().all(|word| language.has(word));
        if Language::ALL.into_iter().any(of) {
            let [first, second] = &words;
            return Ok(Self(format!("{first} {second}")));
        }
        let known = |word: &String| Language::ALL.into_iter().any(|language| language.has(word));
        match words.iter().find(|word| !known(word)) {
            Some(word) => Err(PairingCodeError::Word { given: word.clone(), nearest: nearest(word) }),
            None => Err(PairingCodeError::Languages),
        }
    }
}

impl fmt::Debug for PairingWords {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PairingWords(..)")
    }
}

impl PairingCode {
    /// Reads what somebody was told: in either case, with hyphens or spaces, with or without accents.
    pub fn parse(text: &str) -> Result<Self, PairingCodeError> {
        let (code, at) = match text.trim().split_once('@') {
            Some((code, host)) => {
                let at = HostPort::parse(&host.trim().to_lowercase()).map_err(PairingCodeError::Host)?;
                (code, Some(at))
            }
            None => (text, None),
        };
        let parts: Vec<&str> = code
            .split(|each: char| each == '-' || each.is_whitespace())
            .filter(|part| !part.is_empty())
            .collect();
        let [number, first, second] = parts.as_slice() else { return Err(PairingCodeError::Form) };
        if !number.chars().all(|each| each.is_ascii_digit()) {
            return Err(PairingCodeError::Form);
        }
        let number = number.parse().ok().and_then(PairingNumber::new).ok_or(PairingCodeError::Number)?;
        Ok(Self { number, words: PairingWords::parse([first, second])?, at })
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.number, self.words.0.replace(' ', "-"))?;
        self.at.as_ref().map_or(Ok(()), |at| write!(out, "@{at}"))
    }
}

/// The word that a slip was meant for, if one is near enough.
fn nearest(word: &str) -> Option<&'static str> {
    Language::ALL
        .into_iter()
        .flat_map(Language::words)
        .map(|known| (strsim::osa_distance(word, &folded(known)), known))
        .filter(|(edits, _)| *edits <= SLIP_EDITS_MAX)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use getrandom::SysRng;
    use getrandom::rand_core::UnwrapErr;

    use super::*;

    fn code(text: &str) -> PairingCode {
        PairingCode::parse(text).unwrap()
    }

    fn card(host: &str) -> Card {
        Card {
            name: Name::parse("alice").unwrap(),
            at: HostPort::parse(host).unwrap(),
            server_id: ServerId([3; 32]),
            identity: IdentityFingerprint([4; 32]),
        }
    }

    fn side(side: PairingSide, words: &str) -> Pairing {
        let words = PairingCode::parse(&format!("7 {words}")).unwrap().words;
        Pairing { side, words, seed: Secret::generate(&mut UnwrapErr(SysRng)) }
    }

    #[test]
    fn a_code_is_read_however_it_is_written() {
        for text in ["7-guitare-volcan", " 7 Guitare  VOLCAN", "7 guitare-volcan", "07-guitare-volcan"] {
            assert_eq!(code(text).to_string(), "7-guitare-volcan", "{text}");
        }
        for text in ["12-élève-volcan", "12 e\u{301}le\u{300}ve volcan", "12 ELEVE volcan"] {
            assert_eq!(code(text).to_string(), "12-eleve-volcan", "{text}");
        }
        let elsewhere = code("7-abandon-zoo@Relay.Example.org:4000");
        assert_eq!(elsewhere.to_string(), "7-abandon-zoo@relay.example.org:4000");
    }

    #[test]
    fn a_slip_is_told_before_it_costs_a_guess() {
        let error = |text: &str| PairingCode::parse(text).unwrap_err();
        for text in
            ["", "guitare-volcan", "7-guitare", "7-guitare-volcan-zoo", "x-guitare-volcan", "+7 abandon zoo"]
        {
            assert_eq!(error(text), PairingCodeError::Form, "{text}");
        }
        for text in ["0-abandon-zoo", "10000-abandon-zoo", "99999999999999999999-abandon-zoo"] {
            assert_eq!(error(text), PairingCodeError::Number, "{text}");
        }
        assert_eq!(error("7-guitare-zoo"), PairingCodeError::Languages);
        let slip = PairingCodeError::Word { given: "abandno".to_owned(), nearest: Some("abandon") };
        assert_eq!(error("7-abandno-zoo"), slip);
        assert!(slip.to_string().contains("“abandon” is"));
        let unlike = PairingCodeError::Word { given: "oubliettes".to_owned(), nearest: None };
        assert_eq!(error("7-oubliettes-zoo"), unlike);
    }

    #[test]
    fn words_stay_apart_from_each_other_when_they_are_folded() {
        for language in Language::ALL {
            let all: BTreeSet<String> = language.words().map(folded).collect();
            assert_eq!(all.len(), 2_048, "{language:?}");
            assert!(
                all.iter().all(|word| word.chars().all(|each| each.is_ascii_lowercase())),
                "{language:?}"
            );
        }
    }

    #[test]
    fn drawn_words_are_read_back_in_both_languages() {
        for language in Language::ALL {
            for _ in 0..200 {
                let words = PairingWords::draw(language, &mut UnwrapErr(SysRng));
                let text =
                    PairingCode { number: PairingNumber::new(5).unwrap(), words, at: None }.to_string();
                assert_eq!(code(&text).to_string(), text);
            }
        }
    }

    #[test]
    fn two_people_with_the_same_words_have_each_other_s_cards() {
        let (server, number) = (ServerId([9; 32]), PairingNumber::new(7).unwrap());
        let (alice, bob) =
            (side(PairingSide::Begins, "abandon zoo"), side(PairingSide::Replies, "abandon zoo"));
        let bobs = bob.agree(&server, number, &alice.share()).unwrap();
        let alices = alice.agree(&server, number, &bob.share()).unwrap();
        let longest = format!("{}.org:4000", ["a".repeat(61).as_str(); 4].join("."));
        for host in ["relay.example.org", longest.as_str()] {
            assert_eq!(alices.open(&bobs.seal(&card(host))).unwrap(), card(host));
            assert_eq!(bobs.open(&alices.seal(&card(host))).unwrap(), card(host));
        }
        let elsewhere = bob.agree(&ServerId([8; 32]), number, &alice.share()).unwrap();
        assert_eq!(alices.open(&elsewhere.seal(&card("h"))), Err(WrongWords));
    }

    #[test]
    fn whoever_guesses_learns_nothing_and_is_refused() {
        let (server, number) = (ServerId([9; 32]), PairingNumber::new(7).unwrap());
        let (alice, guess) =
            (side(PairingSide::Begins, "abandon zoo"), side(PairingSide::Replies, "zoo abandon"));
        let guesses = guess.agree(&server, number, &alice.share()).unwrap();
        let alices = alice.agree(&server, number, &guess.share()).unwrap();
        assert_eq!(alices.open(&guesses.seal(&card("h"))), Err(WrongWords));
        assert_eq!(guesses.open(&alices.seal(&card("h"))), Err(WrongWords));
    }

    #[test]
    fn a_card_has_one_form() {
        let mut padded = card("h").to_bytes();
        assert_eq!(padded.len(), PAIRING_CARD_BYTES - TAG_BYTES);
        assert_eq!(Card::from_bytes(&padded), Some(card("h")));
        padded.last_mut().into_iter().for_each(|byte| *byte = 1);
        assert_eq!(Card::from_bytes(&padded), None);
        assert_eq!(Card::from_bytes(&[]), None);
    }
}
