//! How many there are of something, in words that agree with the number.

use std::fmt::Display;

use super::{Language, language};

/// Makes a function of each: of one, and of several. In French, none is singular.
macro_rules! counts {
    ($($name:ident: en $one:literal $several:literal, fr $un:literal $plusieurs:literal;)*) => {
        $(
            #[doc = $several]
            pub fn $name(count: impl TryInto<u64> + Display + Copy) -> String {
                match (language(), kind(count)) {
                    (Language::English, Kind::One) => format!($one, count = count),
                    (Language::English, Kind::None | Kind::Several) => format!($several, count = count),
                    (Language::French, Kind::None | Kind::One) => format!($un, count = count),
                    (Language::French, Kind::Several) => format!($plusieurs, count = count),
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

counts! {
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
    }
}
