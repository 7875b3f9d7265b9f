//! Phrases that travel as English text: through `&'static str` fields, other crates' errors, and the vault.

use wire::RefusalKind;

use super::refusal::{refusal_in, refusal_sentence};
use crate::Language;

/// English and French; `{}` stands for one word or name that differs.
const PHRASES: &[(&str, &str)] = &[
    // Why a server cannot be reached, or is not understood.
    ("it did not answer in time", "il n'a pas répondu à temps"),
    ("it answers too slowly", "il répond trop lentement"),
    ("it stopped delivering", "il a cessé de remettre les enveloppes"),
    ("closed by this side", "fermée de ce côté"),
    ("the server closed the connection", "le serveur a fermé la connexion"),
    ("the server did not greet in time", "le serveur n'a pas salué à temps"),
    ("the server did not answer in time", "le serveur n'a pas répondu à temps"),
    ("the connection is closed", "la connexion est fermée"),
    ("it broke the rules of the protocol", "il a enfreint les règles du protocole"),
    ("it speaks another version of the protocol", "il parle une autre version du protocole"),
    ("it answered something else", "il a répondu autre chose"),
    ("it greeted twice", "il a salué deux fois"),
    ("it opened another mailbox than mine", "il a ouvert une autre boîte que la vôtre"),
    ("it delivers more than a mailbox holds", "il remet plus qu'une boîte ne contient"),
    ("it hung up in the middle of a word", "il a raccroché au milieu d'un mot"),
    // What a system says most often.
    ("Connection refused", "connexion refusée"),
    ("Connection reset by peer", "connexion coupée par l'autre côté"),
    ("Network is unreachable", "réseau inaccessible"),
    ("No route to host", "aucune route vers cette machine"),
    ("what answers there does not speak TLS", "ce qui répond là ne parle pas TLS"),
    // Why a file proves no fraud.
    ("it is no proof of fraud", "ce n'est pas une preuve de fraude"),
    ("an honest log can have both heads", "un journal honnête peut avoir les deux têtes"),
    (
        "the relay went back between the two heads, and said so",
        "le relais est revenu en arrière entre les deux têtes, et il l'a dit",
    ),
    (
        "the proof does not show what the second head begins with",
        "la preuve ne montre pas par quoi commence la seconde tête",
    ),
    ("the head is of another server's log", "la tête est celle du journal d'un autre serveur"),
    ("the key of the head is not endorsed", "la clé de la tête n'est pas reconnue par le serveur"),
    ("the head is not signed by the endorsed key", "la tête n'est pas signée par la clé reconnue"),
    // Keyrings.
    ("it does not give back what was written", "il ne rend pas ce qui a été écrit"),
    ("it does not erase what it is told to erase", "il n'efface pas ce qu'on lui dit d'effacer"),
    ("the program {} is not installed", "le programme {} n'est pas installé"),
    // What in a vault cannot be read back.
    ("the leaves of a log", "les entrées d'un journal"),
    ("a leaf of a log", "une entrée d'un journal"),
    ("the head of a log", "la tête d'un journal"),
    ("what is wrong with a log", "ce qui ne va pas dans un journal"),
    ("a contact", "un contact"),
    ("a message", "un message"),
    ("a conversation", "une conversation"),
    ("a file", "un fichier"),
    ("a page of the file", "une page du fichier"),
    ("an outbox row", "une ligne de la boîte d'envoi"),
    ("my identity", "votre identité"),
    ("the whole file, under this key", "le fichier entier, sous cette clé"),
    ("a contact's bundle", "les clés publiées d'un contact"),
    ("my bundle", "vos clés publiées"),
    // What SQLite says of a disk.
    ("disk I/O error", "erreur d'entrée-sortie du disque"),
    ("unable to open database file", "impossible d'ouvrir le fichier"),
    ("attempt to write a readonly database", "le fichier ne peut être que lu"),
    // Why a message waits, or waited.
    ("waits for the contact's answer", "attend la réponse du contact"),
    (
        "the rest goes some minutes after the contact has been online",
        "le reste part quelques minutes après que le contact aura été en ligne",
    ),
    (
        "too long for a first message: goes after the answer",
        "trop long pour un premier message : part après la réponse",
    ),
    (
        "more than words, for a first message: goes after the answer",
        "plus que du texte, pour un premier message : part après la réponse",
    ),
    ("was held until you decided about the new key", "retenu jusqu'à votre décision sur la nouvelle clé"),
    ("the name was given up by its owner", "le nom a été abandonné par qui en était propriétaire"),
    ("asked for again", "demandé de nouveau"),
    ("not answered for two weeks: sealed once more", "sans réponse depuis deux semaines : scellé de nouveau"),
    (
        "the server asks for more work than this program does",
        "le serveur demande plus de travail que ce programme n'en fait",
    ),
    ("the server {} cannot be reached", "le serveur {} est injoignable"),
    ("the proxy {} cannot be reached", "le proxy {} est injoignable"),
    ("the proxy found no way to {}", "le proxy n'a pas trouvé de chemin vers {}"),
    ("{} is no SOCKS5 proxy", "{} n'est pas un proxy SOCKS5"),
    ("the proxy {} does not let this client in", "le proxy {} ne laisse pas entrer ce client"),
    ("the server {} is busy", "le serveur {} est occupé"),
    ("the server {} refused", "le serveur {} a refusé"),
];

/// The phrase in a language; as it is where it is not one of ours, as what an operating system said.
pub fn phrase_in(language: Language, english: &str) -> String {
    let english = without_number(english);
    if language == Language::English {
        return english.to_owned();
    }
    let found = PHRASES.iter().find_map(|(known, french)| filled(known, french, english));
    found.or_else(|| refusal(language, english)).unwrap_or_else(|| english.to_owned())
}

/// What an operating system said, without the number behind it: the words say the same.
pub fn without_number(said: &str) -> &str {
    match said.rsplit_once(" (os error ") {
        Some((words, number)) if number.ends_with(')') => words,
        _ => said,
    }
}

/// What a server refused with, as the outbox keeps it.
fn refusal(language: Language, english: &str) -> Option<String> {
    let kind = RefusalKind::PLAIN.iter().find(|kind| refusal_sentence(**kind) == english)?;
    Some(refusal_in(language, *kind))
}

fn filled(known: &str, french: &str, english: &str) -> Option<String> {
    let Some((before, after)) = known.split_once("{}") else {
        return (known == english).then(|| french.to_owned());
    };
    let word = english.strip_prefix(before)?.strip_suffix(after)?;
    (!word.is_empty()).then(|| french.replacen("{}", word, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_translated_and_everything_else_stays() {
        let french = |text| phrase_in(Language::French, text);
        assert_eq!(french("it answered something else"), "il a répondu autre chose");
        assert_eq!(french("the server h:1 is busy"), "le serveur h:1 est occupé");
        assert_eq!(french("Quota exceeded"), "Quota exceeded");
        assert_eq!(french("Connection refused (os error 111)"), "connexion refusée");
        assert_eq!(phrase_in(Language::English, "No such device (os error 19)"), "No such device");
        assert_eq!(without_number("a (os error x"), "a (os error x");
        assert_eq!(french("the mailbox is full"), "la boîte est pleine");
        assert_eq!(phrase_in(Language::English, "my identity"), "my identity");
    }

    #[test]
    fn both_sides_have_the_same_gaps() {
        for (english, french) in PHRASES {
            assert_eq!(english.matches("{}").count(), french.matches("{}").count(), "{english}");
        }
    }

    #[test]
    fn every_refusal_that_an_outbox_keeps_has_its_french() {
        for kind in RefusalKind::PLAIN {
            let french = phrase_in(Language::French, &refusal_sentence(*kind));
            assert_eq!(french, refusal_in(Language::French, *kind));
            assert_ne!(french, refusal_sentence(*kind));
        }
    }
}
