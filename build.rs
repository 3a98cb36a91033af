//! Embeds the build id: a hash of everything of this repository that decides what page and worker do, so that both halves
//! can tell whether they belong together (50-browser 5). It depends on contents only, never on time, place or git.

use blake2::{Blake2b256, Digest};
use std::path::{Path, PathBuf};

/// Folders whose Rust sources reach one of the two wasm modules.
const FOLDERS: [&str; 4] = [
    "src",
    "crates/ciphers",
    "crates/protocol",
    "crates/client/src",
];
/// Single files that do.
const FILES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "build.rs"];

fn main() {
    let root = PathBuf::from(
        std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets the manifest folder"),
    );
    let mut files: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
        collect(&root, Path::new(folder), &mut files);
    }
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    files.sort();

    let mut hash = Blake2b256::new();
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    for file in &files {
        let Ok(content) = std::fs::read(root.join(file)) else {
            continue;
        };
        let name = file.to_string_lossy().replace('\\', "/");
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(&content);
    }
    let id = hash.finalize();
    println!("cargo:rustc-env=ONIONSKIN_BUILD={}", hex::encode(&id[..16]));
}

/// Adds the Rust, proto and word-list files below `folder`, as paths relative to the root.
fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(root, &path, files),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
}
