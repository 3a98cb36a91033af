//! The built app, read once at the start and answered from memory.
//!
//! A path is looked up in a table of what was found, so nothing outside the folder can ever be asked for. A file `x` may
//! stand beside `x.br` and `x.gz`, which are served in its place to those who accept them.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Hashed names never change their bytes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Everything else is asked for again, answered with 304 when nothing changed.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

#[derive(Debug)]
struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    mime: HeaderValue,
    cache: HeaderValue,
    etag: String,
}

/// All files of the app by URL path.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<String, File>);

impl Files {
    /// Reads a folder. Symbolic links are not followed.
    pub fn read(dist: &Path) -> io::Result<Self> {
        let mut raw = BTreeMap::new();
        collect(dist, "/", &mut raw)?;
        let mut files = BTreeMap::new();
        for (path, plain) in &raw {
            let original = path
                .strip_suffix(".br")
                .or_else(|| path.strip_suffix(".gz"));
            if original.is_some_and(|original| raw.contains_key(original)) {
                continue;
            }
            let digest = Sha256::digest(plain);
            let file = File {
                plain: plain.clone(),
                brotli: raw.get(&format!("{path}.br")).cloned(),
                gzip: raw.get(&format!("{path}.gz")).cloned(),
                mime: mime(path),
                cache: if is_hashed(path) { IMMUTABLE } else { NO_CACHE },
                etag: hex::encode(&digest[..16]),
            };
            files.insert(path.clone(), file);
        }
        Ok(Self(files))
    }

    /// The text of `index.html`.
    pub fn index(&self) -> Option<&str> {
        self.0
            .get("/index.html")
            .and_then(|file| std::str::from_utf8(&file.plain).ok())
    }

    /// Answers a GET or HEAD (the server drops the body of the latter).
    pub fn answer(&self, path: &str, request: &HeaderMap) -> Response {
        let path = if path == "/" { "/index.html" } else { path };
        let Some(file) = self.0.get(path) else {
            return (
                StatusCode::NOT_FOUND,
                [(header::CACHE_CONTROL, NO_CACHE)],
                "Not found\n",
            )
                .into_response();
        };
        let accepts = |coding| accepts(request.get(header::ACCEPT_ENCODING), coding);
        let (body, coding) = match (&file.brotli, &file.gzip) {
            (Some(body), _) if accepts("br") => (body, Some("br")),
            (_, Some(body)) if accepts("gzip") => (body, Some("gzip")),
            _ => (&file.plain, None),
        };
        // Each coding is a representation of its own, so each has a tag of its own.
        let etag = format!("\"{}{}\"", file.etag, coding.unwrap_or_default());
        let known = request
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        let fresh = known.is_some_and(|list| {
            list.split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == etag)
        });
        let mut response = if fresh {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = body.clone().into_response();
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, file.mime.clone());
            if let Some(coding) = coding {
                response
                    .headers_mut()
                    .insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, file.cache.clone());
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(header::ETAG, etag);
        }
        response
    }
}

fn collect(folder: &Path, url: &str, into: &mut BTreeMap<String, Bytes>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{url}{name}/"), into)?;
        } else if kind.is_file() {
            into.insert(format!("{url}{name}"), fs::read(entry.path())?.into());
        }
    }
    Ok(())
}

/// Whether `Accept-Encoding` names the coding with a weight above zero.
fn accepts(header: Option<&HeaderValue>, coding: &str) -> bool {
    let Some(text) = header.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    text.split(',').any(|item| {
        let mut parts = item.split(';');
        let named = parts
            .next()
            .is_some_and(|name| name.trim().eq_ignore_ascii_case(coding));
        let refused = parts.any(|part| {
            part.trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
        });
        named && !refused
    })
}

/// Names that web/build.mjs gives: a dash, 12 or more hex digits, then `.` or `_` (`app-1f2e3d4c5b6a7988.wasm`).
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.match_indices('-').any(|(at, _)| {
        let rest = &name[at + 1..];
        let digits = rest
            .bytes()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        digits >= 12 && rest[digits..].starts_with(['.', '_'])
    })
}

fn mime(path: &str) -> HeaderValue {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    HeaderValue::from_static(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_are_told_from_fixed_ones() {
        for name in [
            "/app-1f2e3d4c5b6a7988.js",
            "/chunk_4-1f2e3d4c5b6a7988.wasm",
            "/main-8e59fc0f8e0d4f.css",
        ] {
            assert!(is_hashed(name), "{name}");
        }
        let fixed = [
            "/index.html",
            "/sw.js",
            "/worker_loader.js",
            "/app.webmanifest",
            "/init.js",
            "/icon-192.png",
            "/words/chinese_simplified.txt",
            "/snippets/onionskin-1f2e3d4c5b6a7988/inline0.js",
        ];
        for name in fixed {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn accept_encoding_is_read_with_its_weights() {
        let value = |text| HeaderValue::from_static(text);
        assert!(accepts(Some(&value("gzip, deflate, br, zstd")), "br"));
        assert!(accepts(Some(&value("BR;q=0.5")), "br"));
        assert!(!accepts(Some(&value("br;q=0, gzip")), "br"));
        assert!(!accepts(Some(&value("brotli")), "br"));
        assert!(!accepts(None, "gzip"));
    }

    #[test]
    fn wasm_and_the_manifest_have_their_types() {
        assert_eq!(mime("/worker_bg.wasm"), "application/wasm");
        assert_eq!(mime("/app.webmanifest"), "application/manifest+json");
        assert_eq!(mime("/x.unknown"), "application/octet-stream");
    }
}
