//! How many there are of something, in words that agree with the number.

use std::fmt::Display;

use super::{Language, language};

/// Makes a function of each: of one, and of several. In French, none is singular. The number, and each value besides, must
/// stand somewhere in each language.
macro_rules! counts {
    ($count:ident: $($name:ident $(($($value:ident),+))? :
        en $one:literal $several:literal, fr $un:literal $plusieurs:literal;
    )*) => {
        $(
            #[doc = $several]
            pub fn $name($count: impl TryInto<u64> + Display + Copy $(, $($value: impl Display),+)?) -> String {
                if false {
                    // Never runs; refuses to compile with a value that no text of a language uses.
                    drop(format!(concat!($one, $several), $count = $count, $($($value = $value),+)?));
                    drop(format!(concat!($un, $plusieurs), $count = $count, $($($value = $value),+)?));
                }
                match (language(), kind($count)) {
                    (Language::English, Kind::One) => format!($one),
                    (Language::English, Kind::None | Kind::Several) => format!($several),
                    (Language::French, Kind::None | Kind::One) => format!($un),
                    (Language::French, Kind::Several) => format!($plusieurs),
                }
            }
        )*
    };
}

enum Kind {
    None,
    One,
    Several,
}

fn kind(count: impl TryInto<u64>) -> Kind {
    match count.try_into() {
        Ok(0) => Kind::None,
        Ok(1) => Kind::One,
        _ => Kind::Several,
    }
}

counts! { count:
    contacts: en "{count} contact" "{count} contacts", fr "{count} contact" "{count} contacts";
    messages: en "{count} message" "{count} messages", fr "{count} message" "{count} messages";
    messages_missing_here:
        en "{count} message missing here" "{count} messages missing here",
        fr "{count} message manquant ici" "{count} messages manquants ici";
    messages_never_leave:
        en "{count} message had not left, and never will" "{count} messages had not left, and never will",
        fr "{count} message n'était pas parti, et ne partira jamais" "{count} messages n'étaient pas partis, et ne partiront jamais";
    envelopes_expired:
        en "{count} envelope expired" "{count} envelopes expired",
        fr "{count} enveloppe a expiré" "{count} enveloppes ont expiré";
    envelopes_set_aside:
        en "{count} envelope could not be opened and was set aside" "{count} envelopes could not be opened and were set aside",
        fr "{count} enveloppe n'a pas pu être ouverte et est mise de côté" "{count} enveloppes n'ont pas pu être ouvertes et sont mises de côté";
    envelopes_collected:
        en "{count} envelope of yours was collected" "{count} envelopes of yours were collected",
        fr "{count} de vos enveloppes a été relevée" "{count} de vos enveloppes ont été relevées";
    contacts_told:
        en "{count} contact is told" "{count} contacts are told",
        fr "{count} contact est prévenu" "{count} contacts sont prévenus";
    messages_missing_from(from):
        en "{count} message from {from} is missing" "{count} messages from {from} are missing",
        fr "{count} message de {from} manque" "{count} messages de {from} manquent";
    not_arrived:
        en "({count} earlier message has not arrived)" "({count} earlier messages have not arrived)",
        fr "({count} message antérieur n'est pas arrivé)" "({count} messages antérieurs ne sont pas arrivés)";
    not_handled:
        en "one message was not handled" "{count} messages were not handled",
        fr "un message n'a pas été traité" "{count} messages n'ont pas été traités";
    people_have_written:
        en "somebody whom you have not accepted has written:   oub requests" "{count} people whom you have not accepted have written:   oub requests",
        fr "une personne que vous n'avez pas acceptée a écrit :   oub requests" "{count} personnes que vous n'avez pas acceptées ont écrit :   oub requests";
    asking_to_write:
        en "{count} asking to write to you: /requests" "{count} asking to write to you: /requests",
        fr "{count} demande pour vous écrire : /requests" "{count} demandes pour vous écrire : /requests";
    controls_left_out:
        en "one control character of the paste was left out" "{count} control characters of the paste were left out",
        fr "un caractère de contrôle a été laissé de côté en collant" "{count} caractères de contrôle ont été laissés de côté en collant";
    new_messages: en "{count} new message" "{count} new messages", fr "{count} nouveau message" "{count} nouveaux messages";
    new: en "{count} new" "{count} new", fr "{count} nouveau" "{count} nouveaux";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::in_language;

    #[test]
    fn the_words_agree_with_the_number() {
        assert_eq!(
            [contacts(0u32), contacts(1u32), contacts(2u32)],
            ["0 contacts", "1 contact", "2 contacts"]
        );
        let french = in_language(Language::French, || {
            [messages_missing_here(0u64), messages_missing_here(1u64), messages_missing_here(usize::MAX)]
        });
        assert_eq!(french[0], "0 message manquant ici");
        assert_eq!(french[1], "1 message manquant ici");
        assert!(french[2].ends_with(" messages manquants ici"), "{french:?}");
        let english = [people_have_written(1u32), messages_missing_from(2u32, "bob")];
        assert_eq!(
            english,
            [
                "somebody whom you have not accepted has written:   oub requests",
                "2 messages from bob are missing"
            ]
        );
    }
}
