//! What a browser gets: the release build of the app in `dist/`, each file also compressed by brotli and gzip.

use crate::step::{self, Failure, command, run_step};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The built app.
pub fn dist() -> PathBuf {
    step::root().join("dist")
}

/// Builds it and compresses it (web/build.mjs).
pub fn build() -> Result<(), Failure> {
    run_step(
        "build the app (release)",
        command("node")
            .arg("web/build.mjs")
            .env("CARGO_TARGET_DIR", step::target_dir()),
    )
}

/// Every file of the app by its URL path, without the compressed forms.
pub fn files() -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut found = BTreeMap::new();
    collect(&dist(), "/", &mut found)?;
    let compressed = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "br" || extension == "gz")
    };
    found.retain(|_, path| !compressed(path));
    Ok(found)
}

/// What goes over the wire for this file.
pub fn brotli_size(path: &Path) -> Result<u64, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    let compressed = PathBuf::from(name);
    Ok(fs::metadata(if compressed.is_file() {
        &compressed
    } else {
        path
    })?
    .len())
}

fn collect(folder: &Path, url: &str, into: &mut BTreeMap<String, PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{url}{name}/"), into)?;
        } else {
            into.insert(format!("{url}{name}"), entry.path());
        }
    }
    Ok(())
}
