//! The two programs on show: found in a folder, or built with the profile that built the demo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// Paths of the programs.
#[derive(Debug)]
pub struct Programs {
    /// What people run.
    pub oub: PathBuf,
    /// The relay.
    pub oublietted: PathBuf,
}

impl Programs {
    /// Takes the programs of `bin_dir`; without one builds them beside the demo itself.
    pub fn find_or_build(bin_dir: Option<&Path>) -> Result<Self, Failure> {
        let dir = match bin_dir {
            Some(dir) => dir.to_owned(),
            None => build()?,
        };
        Ok(Self { oub: existing(&dir, "oub")?, oublietted: existing(&dir, "oublietted")? })
    }
}

fn existing(dir: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = dir.join(name);
    let path = path.canonicalize().map_err(Failure::of(&format!("{} is not there", path.display())))?;
    Ok(path)
}

/// Builds with the profile and the target folder that this program came from, so that nothing is compiled twice.
fn build() -> Result<PathBuf, Failure> {
    let me = std::env::current_exe().map_err(Failure::of("cannot tell where this program lies"))?;
    let bin_dir = me.parent().ok_or_else(|| Failure::new("this program lies in no folder"))?;
    let target = bin_dir.parent().ok_or_else(|| Failure::new("this program lies in no target folder"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", "cli", "-p", "server", "--target-dir"]).arg(target);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    eprintln!("building oub and oublietted (the first time takes minutes) …");
    let status = command.current_dir(workspace).status().map_err(Failure::of("cargo does not start"))?;
    if status.success() {
        Ok(bin_dir.to_owned())
    } else {
        Err(Failure::new(format!("cargo build ended with {status}")))
    }
}
