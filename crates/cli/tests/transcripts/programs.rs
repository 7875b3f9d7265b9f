//! The programs under test.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of both programs, which are built first if they are not fresh.
pub fn bin_dir() -> &'static PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let oub = PathBuf::from(env!("CARGO_BIN_EXE_oub"));
        let dir = oub.parent().unwrap().to_owned();
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "-p", "cli", "-p", "server", "--target-dir"])
            .arg(dir.parent().unwrap());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "the programs cannot be built");
        dir
    })
}
