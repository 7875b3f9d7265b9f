//! Which way a message takes: a HELLO, an inbox envelope, the session form, or patience.

use wire::limits::{DOORSTEP_FREE_MAX, GREETING_BYTES_MAX};

/// Session-form envelopes until the contact is heard from.
pub const SESSION_FORMS_MAX: u32 = DOORSTEP_FREE_MAX;
/// Bytes of a text that the session form's one envelope surely takes.
pub const SESSION_FORM_TEXT_BYTES_MAX: usize = 12_000;

/// What the decision depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Situation {
    /// The contact's inbox is known and an offer younger than 60 days is held.
    pub inbox_usable: bool,
    /// Unused stamps of his that I hold.
    pub stamps: u32,
    /// Some session decrypted something of his.
    pub session: bool,
    /// HELLOs that may still be sent without an answer.
    pub hellos_left: usize,
    /// Session-form envelopes since he was heard from.
    pub session_forms: u32,
    /// Bytes of this text.
    pub text_bytes: usize,
}

/// The way to take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// To the inbox, under a stamp.
    Inbox,
    /// To the doorstep, in the session form.
    SessionForm,
    /// To the doorstep, as a first message.
    Hello,
    /// Not now.
    Wait(Patience),
}

/// Why not now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// Until he answers.
    Answer,
    /// A greeting is short; this goes once he has answered.
    TooLongForGreeting,
    /// A greeting is words; this goes once he has answered.
    NoGreeting,
}

/// Chooses the way of one message.
pub fn choose(situation: &Situation) -> Route {
    if situation.inbox_usable && situation.stamps > 0 {
        return Route::Inbox;
    }
    if situation.session {
        return session_form(situation);
    }
    hello(situation)
}

fn session_form(situation: &Situation) -> Route {
    if situation.session_forms >= SESSION_FORMS_MAX || situation.text_bytes > SESSION_FORM_TEXT_BYTES_MAX {
        return Route::Wait(Patience::Answer);
    }
    Route::SessionForm
}

fn hello(situation: &Situation) -> Route {
    if situation.text_bytes > GREETING_BYTES_MAX {
        return Route::Wait(Patience::TooLongForGreeting);
    }
    if situation.hellos_left == 0 {
        return Route::Wait(Patience::Answer);
    }
    Route::Hello
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Situation = Situation {
        inbox_usable: false,
        stamps: 0,
        session: false,
        hellos_left: 16,
        session_forms: 0,
        text_bytes: 10,
    };

    #[test]
    fn a_first_message_is_a_hello() {
        assert_eq!(choose(&FIRST), Route::Hello);
    }

    #[test]
    fn hellos_without_answer_are_bounded() {
        assert_eq!(choose(&Situation { hellos_left: 0, ..FIRST }), Route::Wait(Patience::Answer));
    }

    #[test]
    fn a_long_text_waits_for_the_answer() {
        let long = Situation { text_bytes: GREETING_BYTES_MAX + 1, ..FIRST };
        assert_eq!(choose(&long), Route::Wait(Patience::TooLongForGreeting));
    }

    #[test]
    fn stamps_open_the_inbox_and_without_them_the_session_form_remains() {
        let known = Situation { inbox_usable: true, session: true, stamps: 1, ..FIRST };
        assert_eq!(choose(&known), Route::Inbox);
        assert_eq!(choose(&Situation { stamps: 0, ..known }), Route::SessionForm);
        let spent = Situation { stamps: 0, session_forms: SESSION_FORMS_MAX, ..known };
        assert_eq!(choose(&spent), Route::Wait(Patience::Answer));
    }
}
