//! The sentences about pairing.

use std::fmt;

use e2ee::{folded, pairing::PairingCodeError};

use super::{PairError, both::both};
use crate::Language;

impl PairError {
    pub(super) fn what_in(&self, language: Language) -> String {
        use PairError::*;
        match self {
            BadCode(_) => both!(language, "this is not a pairing code", "ce n'est pas un code d'appairage"),
            NobodyThere { number, host } => both!(
                language,
                "nobody waits under number {number} at {host}",
                "personne n'attend sous le numéro {number} chez {host}",
                number = number,
                host = host
            ),
            SomebodyElse => both!(
                language,
                "somebody else has used this code",
                "quelqu'un d'autre s'est servi de ce code"
            ),
            OtherWords => both!(
                language,
                "the words of the code were not the same on both sides",
                "les mots du code n'étaient pas les mêmes des deux côtés"
            ),
            Over => both!(language, "this code is over", "ce code n'est plus valable"),
            OwnCode => both!(language, "this is your own code", "c'est votre propre code"),
            TooMany { .. } => both!(language, "too many codes are under way", "trop de codes sont en cours"),
            OldRelay { host } => both!(
                language,
                "the server {host} does not know pairing",
                "le serveur {host} ne connaît pas l'appairage",
                host = host
            ),
            NotMine { number } => both!(
                language,
                "no code under number {number} is under way here",
                "aucun code sous le numéro {number} n'est en cours ici",
                number = number
            ),
            OtherIdentity => both!(
                language,
                "the key on the server is not the one that the other side named",
                "la clé sur le serveur n'est pas celle que l'autre côté a nommée"
            ),
        }
    }

    pub(super) fn why_in(&self, language: Language) -> String {
        use PairError::*;
        match self {
            BadCode(error) => code_in(error, language),
            NobodyThere { .. } => both!(
                language,
                "the number is another one, the code is a day old or used up, or it is for another server",
                "le numéro n'est pas le bon, le code date d'un jour ou a déjà servi, ou il est pour un autre serveur"
            ),
            SomebodyElse => both!(
                language,
                "each code takes one reply, and another one was there first",
                "chaque code accepte une seule réponse, et une autre est arrivée avant"
            ),
            OtherWords => both!(
                language,
                "a word was misheard, the code was called off, or somebody who does not know the words tried",
                "un mot a été mal compris, le code a été retiré, ou quelqu'un a essayé sans connaître les mots"
            ),
            Over => both!(
                language,
                "a code lives for a day, and for one try",
                "un code vaut un jour, et pour un seul essai"
            ),
            OwnCode => both!(
                language,
                "it was made here, for somebody else to type",
                "il a été fait ici, pour que quelqu'un d'autre le tape"
            ),
            TooMany { max } => both!(
                language,
                "at most {max} wait at the same time",
                "au plus {max} attendent en même temps",
                max = max
            ),
            OldRelay { .. } => {
                both!(language, "it runs an earlier version", "il fait tourner une version antérieure")
            }
            NotMine { .. } => both!(
                language,
                "it has ended, or was never made here",
                "il est fini, ou n'a jamais été fait ici"
            ),
            OtherIdentity => both!(
                language,
                "the words were right, but the directory shows another key under that name, or none",
                "les mots étaient justes, mais l'annuaire montre une autre clé sous ce nom, ou aucune"
            ),
        }
    }

    pub(super) fn risk_in(&self, language: Language) -> Option<String> {
        use PairError::*;
        match self {
            SomebodyElse | OtherWords => Some(both!(
                language,
                "if nobody made a mistake, somebody is guessing; nobody was added",
                "si personne ne s'est trompé, quelqu'un devine ; personne n'a été ajouté"
            )),
            OtherIdentity => Some(both!(
                language,
                "someone may be posing as the other person; nobody was added",
                "quelqu'un se fait peut-être passer pour l'autre ; personne n'a été ajouté"
            )),
            _ => None,
        }
    }

    pub(super) fn do_in(&self, language: Language) -> String {
        use PairError::*;
        match self {
            BadCode(_) => both!(
                language,
                "ask for the code once more, and type it as in   oub pair 42-guitar-volcano",
                "redemandez le code, et tapez-le comme   oub pair 42-guitare-volcan"
            ),
            NobodyThere { .. } => both!(
                language,
                "ask for a fresh code; for another server it ends in   @HOST",
                "demandez un nouveau code ; pour un autre serveur il finit par   @HÔTE"
            ),
            SomebodyElse | OtherWords | Over => {
                both!(language, "make a fresh code:   oub pair", "faites un nouveau code :   oub pair")
            }
            OwnCode => both!(
                language,
                "tell it to the other person, who types it",
                "dites-le à l'autre personne, qui le tape"
            ),
            TooMany { .. } => both!(
                language,
                "see them:   oub pair --list     call one off:   oub pair --call-off NUMBER",
                "voyez-les :   oub pair --list     retirez-en un :   oub pair --call-off NUMÉRO"
            ),
            OldRelay { .. } => both!(
                language,
                "exchange addresses instead:   oub id   and   oub add ADDRESS",
                "échangez plutôt vos adresses :   oub id   et   oub add ADRESSE"
            ),
            NotMine { .. } => both!(
                language,
                "see those that are:   oub pair --list",
                "voyez ceux qui le sont :   oub pair --list"
            ),
            OtherIdentity => both!(
                language,
                "ask the other person for the address, add it, and compare:   oub verify CONTACT",
                "demandez son adresse à l'autre personne, ajoutez-la, et comparez :   oub verify CONTACT"
            ),
        }
    }
}

fn code_in(error: &PairingCodeError, language: Language) -> String {
    match error {
        PairingCodeError::Number => both!(
            language,
            "its number is from 1 to 9999; nothing was sent",
            "son numéro va de 1 à 9999 ; rien n'a été envoyé"
        ),
        PairingCodeError::Host(_) => both!(
            language,
            "behind the @ stands a server's name; nothing was sent",
            "derrière le @ vient le nom d'un serveur ; rien n'a été envoyé"
        ),
        PairingCodeError::Word { given, nearest: Some(nearest) } => both!(
            language,
            "no code has the word “{given}”; “{nearest}” is one; nothing was sent",
            "aucun code n'a le mot « {given} » ; « {nearest} » en est un ; rien n'a été envoyé",
            given = given,
            nearest = folded(nearest)
        ),
        PairingCodeError::Word { given, nearest: None } => both!(
            language,
            "no code has the word “{given}”; nothing was sent",
            "aucun code n'a le mot « {given} » ; rien n'a été envoyé",
            given = given
        ),
        PairingCodeError::Languages => both!(
            language,
            "both words are English, or both French; nothing was sent",
            "les deux mots sont anglais, ou les deux français ; rien n'a été envoyé"
        ),
        _ => both!(
            language,
            "a code is a number and two words; nothing was sent",
            "un code est un numéro et deux mots ; rien n'a été envoyé"
        ),
    }
}

impl fmt::Display for PairError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what_in(Language::English))
    }
}

impl std::error::Error for PairError {}
