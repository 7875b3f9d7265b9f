//! Why a command stops before its end.

use client::ClientError;

use crate::exit::Exit;
use crate::messages::{Words, language};
use crate::problem::Problem;
use crate::screen::Untaken;

/// A problem to be told, or nobody left to tell anything.
#[derive(Debug)]
pub enum Stop {
    /// Standard output was closed: a normal end.
    Closed,
    /// Something to tell.
    Problem(Box<Problem>),
}

impl From<Untaken> for Stop {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::Closed => Self::Closed,
            Untaken::Failed(problem) => Self::Problem(problem),
        }
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Box<Problem>> for Stop {
    fn from(problem: Box<Problem>) -> Self {
        Self::Problem(problem)
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Problem::from(&error).into()
    }
}

impl From<&ClientError> for Problem {
    fn from(error: &ClientError) -> Self {
        let language = language();
        let words = Words {
            what: error.what_in(language),
            why: error.why_in(language),
            remedy: error.do_in(language),
        };
        Self::of(Exit::from_number(error.exit_code()), &error.code(), words)
            .with_risk(error.risk_in(language))
            .with_retry_after(error.retry_after_s().map(u64::from))
    }
}
