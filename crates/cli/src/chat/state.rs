//! All that the screen shows: who there is, who is open, what is written.

use std::collections::BTreeMap;

use client::{Contact, ContactOverview, ContactRequest, SafetyNumber};
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use crate::chat::clock::Clock;
use crate::chat::keys::Where;
use crate::chat::paint::Paint;
use crate::chat::thread::Thread;

/// A row of the list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    /// A contact, by alias.
    Contact(String),
    /// A stranger, by the request's label.
    Request(String),
}

/// What the keys go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Focus {
    /// The list of people.
    People,
    /// The message, or the request.
    Open,
}

/// What lies over the panes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Overlay {
    /// The table of keys, from a line on.
    Help(u16),
    /// The words to compare with a contact.
    Compare(String, Box<SafetyNumber>),
    /// The words are being looked up.
    LookingUp(String),
    /// Whether a request shall be declined.
    Decline(String),
    /// Something went wrong; what, why and what to do.
    Problem(String),
}

/// The way to the relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// Not known yet.
    Connecting,
    /// Messages arrive as they are sent.
    Connected,
    /// None; why.
    None(String),
}

/// Everything that is drawn.
#[derive(Debug)]
pub struct State {
    /// My name.
    pub me: String,
    /// Days and hours.
    pub clock: Clock,
    /// Styles.
    pub paint: Paint,
    /// Contacts, the latest first.
    pub people: Vec<ContactOverview>,
    /// Strangers who ask, the oldest first.
    pub requests: Vec<ContactRequest>,
    /// Whose thread or request is open.
    pub open: Option<Who>,
    /// What the keys go to.
    pub focus: Focus,
    /// The open thread.
    pub thread: Thread,
    /// What is written, by contact.
    drafts: BTreeMap<String, TextArea<'static>>,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// The words that are looked for, while they are typed.
    pub search: Option<String>,
    /// The way to the relay.
    pub link: Link,
    /// One line that stays until a key is pressed.
    pub notice: Option<String>,
    /// Rows of the thread when it was drawn last.
    pub rows: usize,
}

impl State {
    /// Nothing known yet.
    pub fn new(me: String, clock: Clock, paint: Paint) -> Self {
        let thread = Thread::empty(&clock, "");
        Self {
            me,
            clock,
            paint,
            people: Vec::new(),
            requests: Vec::new(),
            open: None,
            focus: Focus::People,
            thread,
            drafts: BTreeMap::new(),
            overlay: None,
            search: None,
            link: Link::Connecting,
            notice: None,
            rows: 10,
        }
    }

    /// Takes the lists as they are now.
    pub fn set_lists(&mut self, mut people: Vec<ContactOverview>, requests: Vec<ContactRequest>) {
        // By what was said last; who was never written to comes after them, by alias.
        people.sort_by_key(|each| std::cmp::Reverse(each.last.as_ref().map(|last| last.at)));
        (self.people, self.requests) = (people, requests);
    }

    /// The rows of the list, in order.
    pub fn rows_of_list(&self) -> Vec<Who> {
        let people = self.people.iter().map(|each| Who::Contact(each.contact.alias.clone()));
        people.chain(self.requests.iter().map(|each| Who::Request(each.label.clone()))).collect()
    }

    /// The open contact's alias.
    pub fn alias(&self) -> Option<&str> {
        match &self.open {
            Some(Who::Contact(alias)) => Some(alias),
            _ => None,
        }
    }

    /// The open contact.
    pub fn contact(&self) -> Option<&Contact> {
        let alias = self.alias()?;
        self.people.iter().map(|each| &each.contact).find(|each| each.alias == alias)
    }

    /// The open request.
    pub fn request(&self) -> Option<&ContactRequest> {
        match &self.open {
            Some(Who::Request(label)) => self.requests.iter().find(|each| each.label == *label),
            _ => None,
        }
    }

    /// Where keys have their meaning now.
    pub fn place(&self) -> Where {
        match (self.focus, &self.open) {
            (Focus::Open, Some(Who::Contact(_))) => Where::Writing,
            (_, Some(Who::Request(_))) if self.focus == Focus::Open => Where::Request,
            _ => Where::People,
        }
    }

    /// The box in which the message to the open contact is written.
    pub fn draft(&mut self) -> Option<&mut TextArea<'static>> {
        let alias = self.alias()?.to_owned();
        Some(self.drafts.entry(alias).or_insert_with(empty_draft))
    }

    /// What is written to the open contact.
    pub fn written(&self) -> String {
        let draft = self.alias().and_then(|alias| self.drafts.get(alias));
        draft.map(|draft| draft.lines().join("\n")).unwrap_or_default()
    }

    /// Forgets what is written to the open contact: it is in the outbox now.
    pub fn clear_draft(&mut self) {
        if let Some(alias) = self.alias().map(str::to_owned) {
            self.drafts.remove(&alias);
        }
    }

    /// To whom something is written that was not sent.
    pub fn unsent(&self) -> Option<&str> {
        let written = |draft: &TextArea<'_>| draft.lines().iter().any(|line| !line.trim().is_empty());
        self.drafts.iter().find(|(_, draft)| written(draft)).map(|(alias, _)| alias.as_str())
    }
}

fn empty_draft() -> TextArea<'static> {
    let mut draft = TextArea::default();
    draft.set_wrap_mode(WrapMode::WordOrGlyph);
    draft.set_cursor_line_style(ratatui::style::Style::default());
    draft.move_cursor(CursorMove::End);
    draft
}
