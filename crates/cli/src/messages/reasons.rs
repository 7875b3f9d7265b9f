//! Reasons that arrive as English text from below: the library's, the wire's, the operating system's.

use std::fmt::Display;

use client::{phrase_in, without_number};

use super::{Language, language};

/// What is wrong with an address, an invitation or a name.
const OF_THE_WIRE: &[(&str, &str)] = &[
    (
        "an address is name@host, or a link that begins with oub://",
        "une adresse est nom@hôte, ou un lien qui commence par oub://",
    ),
    ("this link is an invitation, not an address", "ce lien est une invitation, pas une adresse"),
    (
        "after the name stand '#' and two fingerprints, parted by '.'",
        "après le nom viennent « # » et deux empreintes, séparées par « . »",
    ),
    (
        "a fingerprint has 32 of the characters 0-9 and A-Z without I, L, O, U",
        "une empreinte a 32 signes parmi 0-9 et A-Z sans I, L, O, U",
    ),
    ("a host has 1 to 255 characters", "un hôte a de 1 à 255 caractères"),
    (
        "a host is a name in lower case, an IPv4 address, or an IPv6 address in brackets",
        "un hôte est un nom en minuscules, une adresse IPv4, ou une adresse IPv6 entre crochets",
    ),
    (
        "between brackets stands an IPv6 address in its shortest spelling",
        "entre crochets se tient une adresse IPv6 dans sa forme la plus courte",
    ),
    ("a port is a number from 1 to 65535", "un port est un nombre de 1 à 65535"),
    (
        "an invitation begins with oub://, a host and /i/",
        "une invitation commence par oub://, un hôte et /i/",
    ),
    (
        "an invitation's code has 26 of the characters 0-9 and A-Z without I, L, O, U",
        "le code d'une invitation a 26 signes parmi 0-9 et A-Z sans I, L, O, U",
    ),
    (
        "an invitation ends with '#' and the server's fingerprint",
        "une invitation finit par « # » et l'empreinte du serveur",
    ),
    ("a name has 2 to 32 characters", "un nom a de 2 à 32 caractères"),
    ("a name is made of a-z, 0-9, '.', '_' and '-'", "un nom est fait de a-z, 0-9, « . », « _ » et « - »"),
    ("a name begins with a-z or 0-9", "un nom commence par a-z ou 0-9"),
    ("stream did not contain valid UTF-8", "ce n'est pas de l'UTF-8"),
    ("No such file or directory", "aucun fichier ni dossier de ce nom"),
    ("Permission denied", "permission refusée"),
    ("Not a directory", "ce n'est pas un dossier"),
    ("Is a directory", "c'est un dossier"),
    ("No space left on device", "plus de place sur le disque"),
];

/// The reason in the language of this thread; as it came where nobody here knows it.
pub fn reason(error: impl Display) -> String {
    let said = error.to_string();
    let english = without_number(&said).to_owned();
    if language() == Language::English {
        return english;
    }
    let known =
        OF_THE_WIRE.iter().find(|(known, _)| *known == english).map(|(_, french)| (*french).to_owned());
    known.unwrap_or_else(|| phrase_in(Language::French, &english))
}

/// The same of `what: why`, as the daemon says it to programs.
pub fn reasons(english: &str) -> String {
    english.split(": ").map(reason).collect::<Vec<_>>().join(super::screens::colon())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::in_language;

    #[test]
    fn every_refusal_of_an_address_or_a_name_has_its_french() {
        let french = |error: String| in_language(Language::French, || reason(&error));
        for text in [
            "",
            "x",
            "oub://",
            "oub://h/i/X#Y",
            "oub://h/alice#A.B",
            "oub://h/alice",
            "a@H",
            "-a@h",
            "a*@h",
            "al@h:0",
        ] {
            if let Err(error) = wire::Address::parse(text) {
                assert_ne!(french(error.to_string()), error.to_string(), "{text}");
            }
        }
        for text in ["", "oub://h", "oub://h/i/X", "oub://h/i/X#Y", "oub://[::00]/i/X#Y"] {
            if let Err(error) = wire::Invitation::parse(text) {
                assert_ne!(french(error.to_string()), error.to_string(), "{text}");
            }
        }
    }
}
