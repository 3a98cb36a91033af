//! What a browser gets: the release build of the app in `dist/`, each file also compressed by brotli and gzip.

use crate::step::{self, Failure, command, run, step};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The built app.
pub fn dist() -> PathBuf {
    step::root().join("dist")
}

/// Builds it and compresses it.
pub fn build() -> Result<(), Failure> {
    step("build the app (release)", || {
        // NO_COLOR=1 stands in some shells; Trunk reads it as an option and accepts only true or false.
        run(command("trunk")
            .args(["build", "--release"])
            .env_remove("NO_COLOR"))
    })?;
    step("compress the app", || {
        let files: Vec<PathBuf> = files()?
            .into_values()
            .filter(|path| compressible(path))
            .collect();
        let queue = Mutex::new(files.into_iter());
        let worker = || -> Result<(), Failure> {
            loop {
                let next = queue
                    .lock()
                    .map_err(|_| Failure("a compressor failed".into()))?
                    .next();
                let Some(path) = next else { return Ok(()) };
                run(command("brotli")
                    .args(["--quality=11", "--force", "--keep"])
                    .arg(&path))?;
                run(command("gzip")
                    .args(["-9", "--force", "--keep", "--no-name"])
                    .arg(&path))?;
            }
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(worker);
            let own = worker();
            own.and(
                other
                    .join()
                    .unwrap_or_else(|_| Err(Failure("a compressor failed".into()))),
            )
        })
    })
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

fn compressible(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    !matches!(
        extension.as_ref(),
        "png" | "jpg" | "jpeg" | "webp" | "ico" | "woff2"
    )
}
