//! What a file server is asked and what it answers (10-network 8.2), as v4 requests (10-network 4.5).

use super::url::is_file_id;
use crate::onion::v4::{Request, Response};
use crate::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Longest JSON answer that is read (bytes).
const MAX_JSON: usize = 4_096;
/// Times beyond this (s, the year 5138) are none.
const MAX_SECONDS: f64 = 1e11;
/// Characters of an id whose life can be made longer.
const EXTENSIBLE: usize = 44;

/// Why an answer says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileServerError {
    /// It has no such file (404).
    #[error("the server has no such file")]
    Gone,
    /// The file is larger than it takes (413).
    #[error("the file is larger than the server takes")]
    TooLarge,
    /// It refuses with another status, for example 507 when it is full.
    #[error("the server refused: {0}")]
    Refused(u16),
    /// Not of the expected form.
    #[error("the server's answer is malformed")]
    Malformed,
}

/// A file that the server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Opaque: 1 to 64 characters of URL-safe base64.
    pub id: String,
    /// When the server drops it (ms); older servers do not say.
    pub expires: Option<Timestamp>,
}

/// `POST /file`: keeps encrypted bytes.
pub fn upload(encrypted: Vec<u8>) -> Request {
    let headers = [
        ("Content-Disposition", "attachment"),
        ("Content-Type", "application/octet-stream"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Request::new("POST", "/file", headers, Some(encrypted))
}

/// `GET /file/<id>`.
pub fn download(id: &str) -> Request {
    Request::new("GET", &format!("/file/{id}"), [], None)
}

/// `POST /file/<id>/extend`: makes a file last as long again as a new one. `None` for ids of the old form, of which the
/// server does not know how.
pub fn extend(id: &str) -> Option<Request> {
    let headers = [(
        "Content-Type".to_owned(),
        "application/octet-stream".to_owned(),
    )];
    let endpoint = format!("/file/{id}/extend");
    (id.len() == EXTENSIBLE).then(|| Request::new("POST", &endpoint, headers, Some(Vec::new())))
}

/// What came of an upload.
pub fn read_upload(response: &Response) -> Result<Held, FileServerError> {
    #[derive(Deserialize)]
    struct Body {
        id: Value,
        expires: Option<f64>,
    }
    let Body { id, expires } = json(response)?;
    let id = match id {
        Value::String(id) => id,
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return Err(FileServerError::Malformed),
    };
    if !is_file_id(&id) {
        return Err(FileServerError::Malformed);
    }
    let expires = expires.and_then(milliseconds);
    Ok(Held { id, expires })
}

/// When an extended file expires now (ms); `None` when the server does not say.
pub fn read_extension(response: &Response) -> Result<Option<Timestamp>, FileServerError> {
    #[derive(Deserialize)]
    struct Body {
        expires: Option<f64>,
    }
    Ok(json::<Body>(response)?.expires.and_then(milliseconds))
}

/// The encrypted bytes of a download.
pub fn read_download(response: Response) -> Result<Vec<u8>, FileServerError> {
    check(&response)?;
    Ok(response.body)
}

fn check(response: &Response) -> Result<(), FileServerError> {
    match response.code {
        200 => Ok(()),
        404 => Err(FileServerError::Gone),
        413 => Err(FileServerError::TooLarge),
        status => Err(FileServerError::Refused(status)),
    }
}

fn json<'a, T: Deserialize<'a>>(response: &'a Response) -> Result<T, FileServerError> {
    check(response)?;
    if response.body.len() > MAX_JSON {
        return Err(FileServerError::Malformed);
    }
    serde_json::from_slice(&response.body).map_err(|_| FileServerError::Malformed)
}

fn milliseconds(seconds: f64) -> Option<Timestamp> {
    (0.0..MAX_SECONDS)
        .contains(&seconds)
        .then_some(Timestamp((seconds * 1_000.0) as u64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(code: u16, body: &str) -> Response {
        Response {
            code,
            headers: Default::default(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn an_upload_is_the_request_of_the_specification() {
        let expected = b"l125:{\"endpoint\":\"/file\",\"headers\":{\"Content-Disposition\":\"attachment\",\"Content-Type\":\"application/octet-stream\"},\"method\":\"POST\"}5:\x00\x01\x02\x03\xffe";
        let request = upload(vec![0, 1, 2, 3, 0xff]);
        assert_eq!(request.encode(), expected);
    }

    #[test]
    fn ids_of_both_forms_are_read() {
        let new = r#"{"id":"3NK0Pf9Z5HiqzvijTCEogagHDMAEgc_p0YP17jPE3R3Y","expires":1790000000.5,"size":5}"#;
        let held = read_upload(&answer(200, new)).unwrap();
        assert_eq!(held.expires, Some(Timestamp(1_790_000_000_500)));
        assert!(extend(&held.id).is_some());
        for old in [r#"{"id":"1234"}"#, r#"{"id":1234}"#] {
            let held = read_upload(&answer(200, old)).unwrap();
            assert_eq!((held.id.as_str(), held.expires), ("1234", None));
            assert_eq!(extend(&held.id), None);
        }
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        for (code, error) in [
            (404, FileServerError::Gone),
            (413, FileServerError::TooLarge),
            (507, FileServerError::Refused(507)),
        ] {
            assert_eq!(read_upload(&answer(code, "{}")), Err(error));
            assert_eq!(read_download(answer(code, "{}")), Err(error));
        }
        for body in [
            "",
            "{}",
            r#"{"id":"../x"}"#,
            r#"{"id":-1}"#,
            r#"{"id":""}"#,
            r#"{"id":[]}"#,
        ] {
            let read = read_upload(&answer(200, body));
            assert_eq!(read, Err(FileServerError::Malformed), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(code: u16, body: Vec<u8>, expires: f64) {
            let response = Response { code, headers: Default::default(), body };
            let _ = read_upload(&response);
            let _ = read_extension(&response);
            let told = answer(200, &format!(r#"{{"id":"a","expires":{expires}}}"#));
            let _ = read_upload(&told);
        }
    }
}
