//! What a person settled once: the configuration file, beside flags and variables.
//!
//! [`setting`] is the list of what can be settled; each setting is a flag of the grammar, and a [`mod@file`] gives that
//! flag another built-in value. So a flag wins over its variable, a variable over the file, and the file over what is
//! built in, by the rules of the grammar itself. [`Layers`](layers::Layers) knows all four and says which one speaks;
//! [`edit`] changes the file.

pub mod edit;
pub mod file;
pub mod layers;
pub mod setting;
