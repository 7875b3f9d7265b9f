//! Refuses to be built with `--cfg fuzzing`: under that flag vodozemac takes every MAC and every signature for right
//! (`docs/decisions/0005-fuzzing-on-stable.md`).
// Known to nobody but to be refused.
#![allow(unexpected_cfgs)]

#[cfg(fuzzing)]
compile_error!("built with --cfg fuzzing, vodozemac checks neither MACs nor signatures: never build this so");
