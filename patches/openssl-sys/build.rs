//! Lays out the headers that SQLCipher is compiled with: those of aws-lc, and what it lacks of OpenSSL 3.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Included by SQLCipher last of those that it needs, so that what is missing can be told in terms of the others.
const EXTENDED: &str = "hmac.h";
const EXTENSION: &str = "evp_mac.h";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let from = headers_of_aws_lc().ok_or("aws-lc-sys did not say where its headers are")?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?).join("include");
    copy_folder(&from, &out)?;
    let openssl = out.join("openssl");
    fs::copy(Path::new("include").join(EXTENSION), openssl.join(EXTENSION))?;
    let mut text = fs::read_to_string(from.join("openssl").join(EXTENDED))?;
    text.push_str(&format!("\n#include <openssl/{EXTENSION}>\n"));
    fs::remove_file(openssl.join(EXTENDED))?;
    fs::write(openssl.join(EXTENDED), text)?;
    println!("cargo:include={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=include");
    Ok(())
}

/// The variable's name has the version of aws-lc-sys in it.
fn headers_of_aws_lc() -> Option<PathBuf> {
    env::vars_os().find_map(|(name, value)| {
        let name = name.to_str()?;
        (name.starts_with("DEP_AWS_LC_") && name.ends_with("_INCLUDE")).then(|| PathBuf::from(value))
    })
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => fs::copy(entry.path(), to).map(drop)?,
        }
    }
    Ok(())
}
