//! A sentence for each number of a refusal.

use wire::RefusalKind;

use super::both::both;
use crate::Language;

/// The English sentence, as the vault keeps it.
pub(crate) fn refusal_sentence(kind: RefusalKind) -> String {
    refusal_in(Language::English, kind)
}

/// The sentence in a language.
pub(super) fn refusal_in(language: Language, kind: RefusalKind) -> String {
    match kind {
        RefusalKind::Unknown => {
            both!(language, "it does not know this request", "il ne connaît pas cette demande")
        }
        RefusalKind::Malformed => {
            both!(language, "it could not read the request", "il n'a pas pu lire la demande")
        }
        RefusalKind::OutOfPlace => {
            both!(language, "the request was out of turn", "la demande n'était pas à son tour")
        }
        RefusalKind::Busy => both!(language, "too many requests for now", "trop de demandes pour le moment"),
        RefusalKind::Unavailable => both!(
            language,
            "it is stopping, or its disk is full; nothing was done",
            "il s'arrête, ou son disque est plein ; rien n'a été fait"
        ),
        RefusalKind::Uncertain => both!(
            language,
            "it does not know whether the request was done; it will be repeated",
            "il ne sait pas si la demande a été faite ; elle sera répétée"
        ),
        RefusalKind::Invite => {
            both!(language, "no valid invitation for this name", "aucune invitation valable pour ce nom")
        }
        RefusalKind::ChallengeFailed => {
            both!(language, "the answer to the challenge is wrong", "la réponse au défi est fausse")
        }
        RefusalKind::Signature => {
            both!(language, "a signature does not verify", "une signature n'est pas valable")
        }
        RefusalKind::NoSuchName => both!(language, "no such name", "ce nom n'existe pas"),
        RefusalKind::Stale => both!(
            language,
            "something newer is registered already",
            "quelque chose de plus récent est déjà enregistré"
        ),
        RefusalKind::NoSuchMailbox => both!(language, "no such mailbox", "cette boîte n'existe pas"),
        RefusalKind::Voucher => {
            both!(language, "the voucher is unknown or used", "le bon est inconnu ou a servi")
        }
        RefusalKind::Stamp => both!(language, "the stamp is no longer valid", "le timbre n'est plus valable"),
        RefusalKind::Spent => both!(
            language,
            "the stamp was spent on another message",
            "le timbre a servi pour un autre message"
        ),
        RefusalKind::Full => both!(language, "the mailbox is full", "la boîte est pleine"),
        RefusalKind::Gone => both!(
            language,
            "the mailbox was closed because nobody opened it for a long time",
            "la boîte a été fermée parce que personne ne l'a ouverte depuis longtemps"
        ),
        RefusalKind::EnvelopeSize => both!(
            language,
            "the mailbox does not take envelopes of this size",
            "la boîte ne prend pas d'enveloppes de cette taille"
        ),
        RefusalKind::Cursor => both!(
            language,
            "the place was not delivered on this connection",
            "cet endroit n'a pas été remis sur cette connexion"
        ),
        RefusalKind::Generation => both!(
            language,
            "this generation of stamps cannot be made",
            "cette génération de timbres ne peut pas être faite"
        ),
        RefusalKind::Puzzle(_) => both!(language, "it asks for work first", "il demande d'abord un travail"),
        _ => both!(
            language,
            "for a reason this version does not know",
            "pour une raison que cette version ne connaît pas"
        ),
    }
}
