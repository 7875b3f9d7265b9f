//! How things look: one accent colour, and nothing that is said by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// Styles, with colour or without.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    colour: bool,
}

impl Paint {
    /// With NO_COLOR weight and reversal remain.
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// The accent: what is chosen, and what is new.
    pub fn accent(self) -> Style {
        if self.colour { Style::new().fg(Color::Cyan) } else { Style::new().add_modifier(Modifier::BOLD) }
    }

    /// Names and headings.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What stays in the background: times, rules, hints.
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What must not be missed.
    pub fn alarm(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// Everything else.
    pub fn plain(self) -> Style {
        Style::new()
    }
}
