//! The sentences about messages and files.

use std::fmt;

use super::{SaidError, both::both};
use crate::Language;

impl SaidError {
    pub(super) fn what_in(&self, language: Language) -> String {
        use SaidError::*;
        match self {
            NoSuchMessage { which } => both!(
                language,
                "there is no message {which}",
                "il n'y a pas de message {which}",
                which = which
            ),
            AmbiguousMessage { which } => both!(
                language,
                "several messages begin with {which}",
                "plusieurs messages commencent par {which}",
                which = which
            ),
            NotEditable { which } => both!(
                language,
                "the message {which} cannot be edited",
                "le message {which} ne peut pas être modifié",
                which = which
            ),
            NoQuestion { alias } => both!(
                language,
                "{alias} has asked nothing that waits for an answer",
                "{alias} n'a posé aucune question qui attende une réponse",
                alias = alias
            ),
            QuestionOver => {
                both!(language, "the time of this question is over", "le temps de cette question est écoulé")
            }
            NotAChoice { .. } => both!(language, "this is none of the choices", "ce n'est aucun des choix"),
            BadChoices { .. } => {
                both!(language, "these choices cannot be used", "ces choix ne peuvent pas être utilisés")
            }
            BadExpiry { .. } => both!(
                language,
                "words cannot disappear after this time",
                "des mots ne peuvent pas disparaître après ce délai"
            ),
            FileTooLarge { .. } => both!(language, "the file is too large", "le fichier est trop gros"),
            FileUnreadable { .. } => {
                both!(language, "the file cannot be read", "le fichier ne peut pas être lu")
            }
            FileIncomplete { id } => both!(
                language,
                "the file {id} has not arrived whole",
                "le fichier {id} n'est pas arrivé entier",
                id = id
            ),
            FileSaved { .. } => {
                both!(language, "the file was saved already", "le fichier a déjà été enregistré")
            }
            FileGone { id } => {
                both!(language, "the file {id} is not here", "le fichier {id} n'est pas ici", id = id)
            }
        }
    }

    pub(super) fn why_in(&self, language: Language) -> String {
        use SaidError::*;
        match self {
            NoSuchMessage { .. } => both!(
                language,
                "no message here has an id that begins so; four digits are the fewest",
                "aucun message ici n'a d'identifiant qui commence ainsi ; il en faut au moins quatre chiffres"
            ),
            AmbiguousMessage { .. } => both!(
                language,
                "the beginning of an id must be long enough to name one",
                "le début d'un identifiant doit être assez long pour n'en désigner qu'un"
            ),
            NotEditable { .. } => both!(
                language,
                "only words of one's own are edited, as long as they are here",
                "on ne modifie que ses propres mots, tant qu'ils sont ici"
            ),
            NoQuestion { .. } => both!(
                language,
                "there is no question, or it was answered, or its time is over",
                "il n'y a pas de question, ou elle a sa réponse, ou son temps est écoulé"
            ),
            QuestionOver => both!(
                language,
                "whoever asked has stopped waiting",
                "la personne qui demandait n'attend plus"
            ),
            NotAChoice { choices } => both!(
                language,
                "the choices are: {choices}",
                "les choix sont : {choices}",
                choices = choices.join(", ")
            ),
            BadChoices { max, bytes } => both!(
                language,
                "a question has at most {max} choices of 1 to {bytes} bytes, no two alike",
                "une question a au plus {max} choix de 1 à {bytes} octets, tous différents",
                max = max,
                bytes = bytes
            ),
            BadExpiry { max_s } => both!(
                language,
                "it is at least a second and at most {days} days",
                "il est d'au moins une seconde et d'au plus {days} jours",
                days = max_s / 86_400
            ),
            FileTooLarge { max } => both!(
                language,
                "a file may have {size} MiB",
                "un fichier peut avoir {size} Mio",
                size = max / (1024 * 1024)
            ),
            FileUnreadable { reason } => reason.clone(),
            FileIncomplete { .. } => {
                both!(language, "parts of it are still on their way", "des parties en sont encore en chemin")
            }
            FileSaved { path } => both!(
                language,
                "it is kept once, in {path}",
                "il n'est gardé qu'une fois, dans {path}",
                path = path.display()
            ),
            FileGone { .. } => both!(
                language,
                "it did not arrive whole, was taken back, or there was no room for it",
                "il n'est pas arrivé entier, a été repris, ou n'a pas trouvé de place"
            ),
        }
    }

    pub(super) fn do_in(&self, language: Language) -> String {
        use SaidError::*;
        match self {
            NoSuchMessage { .. } | AmbiguousMessage { .. } | NotEditable { .. } => both!(
                language,
                "see the ids:   oub log CONTACT --ids",
                "voyez les identifiants :   oub log CONTACT --ids"
            ),
            NoQuestion { .. } => both!(
                language,
                "see what was said:   oub log CONTACT",
                "voyez ce qui a été dit :   oub log CONTACT"
            ),
            QuestionOver => both!(
                language,
                "send a message instead:   oub send CONTACT …",
                "envoyez plutôt un message :   oub send CONTACT …"
            ),
            NotAChoice { .. } => both!(
                language,
                "answer with one of them, or with its number from 1",
                "répondez par l'un d'eux, ou par son numéro à partir de 1"
            ),
            BadChoices { .. } => both!(
                language,
                "give fewer or shorter ones:   --choice yes,no",
                "donnez-en moins, ou de plus courts :   --choice oui,non"
            ),
            BadExpiry { .. } => {
                both!(language, "give a time like   1h   or   7d", "donnez un délai comme   1h   ou   7d")
            }
            FileTooLarge { .. } => both!(
                language,
                "send it in pieces, or another way; nothing was sent",
                "envoyez-le en morceaux, ou autrement ; rien n'a été envoyé"
            ),
            FileUnreadable { .. } => both!(
                language,
                "check the file and try again; nothing was sent",
                "vérifiez le fichier et réessayez ; rien n'a été envoyé"
            ),
            FileIncomplete { .. } => both!(
                language,
                "wait and collect again:   oub pull",
                "attendez, puis relevez de nouveau :   oub pull"
            ),
            FileSaved { .. } => both!(language, "take it from there", "prenez-le là"),
            FileGone { .. } => both!(language, "ask for it once more", "demandez-le encore une fois"),
        }
    }
}

impl fmt::Display for SaidError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what_in(Language::English))
    }
}

impl std::error::Error for SaidError {}
