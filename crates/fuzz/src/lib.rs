//! A small fuzzer for stable Rust, and the targets that it tries (`docs/decisions/0005-fuzzing-on-stable.md`).
//!
//! A [`Target`](target::Target) is a plain function over bytes that must never panic: it feeds them to a parser
//! or a machine and asserts what the specification promises. What it saw it tells as
//! [`Features`](features::Features); the [`Engine`](engine::Engine) keeps inputs that show new ones and mutates
//! them further. Everything follows from one seed, so a run is repeated by repeating its seed.
//!
//! There is no `cfg(fuzzing)` here and there must never be one: vodozemac leaves checks of MACs and
//! signatures out under that flag, and a fuzzer that tries other code than we ship proves nothing about ours.

pub mod corpus;
pub mod engine;
pub mod features;
pub mod minimise;
pub mod mutate;
pub mod random;
pub mod seeds;
pub mod tape;
pub mod target;
pub mod targets;
pub mod world;
