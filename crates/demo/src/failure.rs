//! Why the demo could not go on.

use std::fmt;

/// A step that did not work, and what is known about it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure told in one or more lines.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Turns the error of the step `what` into a failure.
    pub fn of<E: fmt::Display>(what: &str) -> impl FnOnce(E) -> Self {
        let what = what.to_owned();
        move |error| Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
