//! v4 bodies: a bencoded list of JSON and bytes (10-network 4.5).
//!
//! Bodies are read strictly: one way to write a length, nothing after the list. A request without a body differs from one
//! with an empty body.

use super::MAX_BODY;
use crate::sorted::SortedMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to a server.
///
/// ```text
/// l <len>:{"endpoint":…,"headers":{…},"method":…} [<len>:<body>] e
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET, POST, …
    pub method: String,
    /// Begins with `/`, includes the query.
    pub endpoint: String,
    /// Header names and values.
    pub headers: SortedMap<String, String>,
    /// Body, when there is one.
    pub body: Option<Vec<u8>>,
}

/// A server's answer.
///
/// ```text
/// l <len>:{"code":200,"headers":{…}} <len>:<body> e
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub code: u16,
    /// Header names in lower case.
    pub headers: SortedMap<String, String>,
    /// Body, possibly empty.
    pub body: Vec<u8>,
}

/// Not a v4 list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a v4 body")]
pub struct V4Error;

#[derive(Serialize)]
struct RequestInfo<'a> {
    endpoint: &'a str,
    headers: &'a SortedMap<String, String>,
    method: &'a str,
}

#[derive(Deserialize)]
struct ReadRequestInfo {
    endpoint: String,
    #[serde(default)]
    headers: SortedMap<String, String>,
    method: String,
}

#[derive(Serialize)]
struct ResponseInfo<'a> {
    code: u16,
    headers: &'a SortedMap<String, String>,
}

#[derive(Deserialize)]
struct ReadResponseInfo {
    code: u16,
    #[serde(default)]
    headers: SortedMap<String, Value>,
}

impl Request {
    /// A request as the reference library makes it: a body without a `Content-Type` is JSON, and a `User-Agent` is dropped,
    /// since it would tell clients apart.
    pub fn new(
        method: &str,
        endpoint: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Option<Vec<u8>>,
    ) -> Self {
        let mut headers: SortedMap<_, _> = headers
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("User-Agent"))
            .collect();
        let typed = headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("Content-Type"));
        if body.is_some() && !typed {
            headers.insert("Content-Type".to_owned(), "application/json".to_owned());
        }
        Self {
            method: method.to_owned(),
            endpoint: endpoint.to_owned(),
            headers,
            body,
        }
    }

    /// Encodes.
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            method,
            endpoint,
            headers,
            body,
        } = self;
        let info = json(&RequestInfo {
            endpoint,
            headers,
            method,
        });
        match body {
            Some(body) => encode_list(&[&info, body]),
            None => encode_list(&[&info]),
        }
    }

    /// Decodes (servers).
    pub fn decode(bytes: &[u8]) -> Result<Self, V4Error> {
        let (info, body) = decode_strictly(bytes)?;
        let ReadRequestInfo {
            endpoint,
            headers,
            method,
        } = serde_json::from_slice(info).map_err(|_| V4Error)?;
        Ok(Self {
            method,
            endpoint,
            headers,
            body: body.map(<[u8]>::to_vec),
        })
    }
}

impl Response {
    /// Encodes (servers).
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            code,
            headers,
            body,
        } = self;
        encode_list(&[
            &json(&ResponseInfo {
                code: *code,
                headers,
            }),
            body,
        ])
    }

    /// Decodes. Header names become lower case; values that are not text are kept as their JSON text.
    pub fn decode(bytes: &[u8]) -> Result<Self, V4Error> {
        let (info, body) = decode_strictly(bytes)?;
        let ReadResponseInfo { code, headers } =
            serde_json::from_slice(info).map_err(|_| V4Error)?;
        let headers = headers.into_iter().map(|(name, value)| {
            let value = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            (name.to_ascii_lowercase(), value)
        });
        Ok(Self {
            code,
            headers: headers.collect(),
            body: body.unwrap_or_default().to_vec(),
        })
    }
}

fn json(info: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(info).expect("texts and numbers always serialise")
}

/// Writes a bencoded list of byte strings.
pub fn encode_list(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![b'l'];
    for part in parts {
        out.extend_from_slice(part.len().to_string().as_bytes());
        out.push(b':');
        out.extend_from_slice(part);
    }
    out.push(b'e');
    out
}

/// Splits a list of one or two byte strings, the JSON and, where present, the body, as the reference library does: it
/// takes leading zeros in a length.
pub fn decode_list(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>), V4Error> {
    let list = bytes.strip_prefix(b"l").ok_or(V4Error)?;
    let (info, rest) = byte_string(list)?;
    if rest == b"e" {
        return Ok((info, None));
    }
    let (body, rest) = byte_string(rest)?;
    if rest == b"e" {
        Ok((info, Some(body)))
    } else {
        Err(V4Error)
    }
}

/// The same, and nothing but the one way to write the list.
fn decode_strictly(bytes: &[u8]) -> Result<(&[u8], Option<&[u8]>), V4Error> {
    let (info, body) = decode_list(bytes)?;
    let written = |part: &[u8]| part.len().to_string().len() + 1 + part.len();
    // Leading zeros are the only freedom of the list reader, and they make the text longer.
    if bytes.len() == 2 + written(info) + body.map_or(0, written) {
        Ok((info, body))
    } else {
        Err(V4Error)
    }
}

/// Splits off `<length>:<bytes>`. The length has digits only.
fn byte_string(bytes: &[u8]) -> Result<(&[u8], &[u8]), V4Error> {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (length, rest) = bytes.split_at(digits);
    let rest = rest.strip_prefix(b":").ok_or(V4Error)?;
    let length: usize = std::str::from_utf8(length)
        .ok()
        .and_then(|length| length.parse().ok())
        .filter(|length| *length <= MAX_BODY)
        .ok_or(V4Error)?;
    rest.split_at_checked(length).ok_or(V4Error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(list: &[(&str, &str)]) -> SortedMap<String, String> {
        list.iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn the_documented_bodies_are_read() {
        let request = Request::decode(br#"l79:{"method":"GET","endpoint":"/room/some-room","headers":{"Some-Header":"12345"}}e"#);
        assert_eq!(
            request.unwrap(),
            Request {
                method: "GET".into(),
                endpoint: "/room/some-room".into(),
                headers: headers(&[("Some-Header", "12345")]),
                body: None
            }
        );
        let upload = b"l125:{\"method\":\"POST\",\"endpoint\":\"/file\",\"headers\":{\"Content-Disposition\":\"attachment\",\"Content-Type\":\"application/octet-stream\"}}5:\x00\x01\x02\x03\xffe";
        assert_eq!(upload.len(), 138);
        let upload = Request::decode(upload).unwrap();
        assert_eq!(upload.body.as_deref(), Some(&b"\x00\x01\x02\x03\xff"[..]));
        assert_eq!(upload.encode().len(), 138);

        let text =
            br#"l58:{"code":200,"headers":{"content-type":"application/json"}}10:{"id":"x"}e"#;
        let response = Response::decode(text).unwrap();
        assert_eq!(response.code, 200);
        assert_eq!(response.body, br#"{"id":"x"}"#);
        assert_eq!(response.encode(), text);
    }

    #[test]
    fn keys_are_written_in_alphabetical_order() {
        let request = Request {
            method: "GET".into(),
            endpoint: "/rooms".into(),
            headers: headers(&[("X-A", "1")]),
            body: None,
        };
        assert_eq!(
            request.encode(),
            br#"l58:{"endpoint":"/rooms","headers":{"X-A":"1"},"method":"GET"}e"#
        );
    }

    #[test]
    fn header_names_of_an_answer_become_lower_case() {
        let response =
            Response::decode(br#"l49:{"code":404,"headers":{"Content-Length":12,"X":""}}e"#)
                .unwrap_err();
        assert_eq!(response, V4Error);
        let response =
            Response::decode(br#"l51:{"code":404,"headers":{"Content-Length":12,"X":""}}e"#)
                .unwrap();
        assert_eq!(
            response.headers,
            headers(&[("content-length", "12"), ("x", "")])
        );
        assert_eq!(response.body, b"");
    }

    #[test]
    fn what_is_no_list_of_one_or_two_strings_is_refused() {
        for bytes in [
            "",
            "l",
            "e",
            "le",
            "d1:a1:be",
            "l2:{}",
            "l10:abce",
            "li5ee",
            "l-2:{}e",
            "l+2:{}e",
            "l2:{}ex",
            "l2:{}2:{}2:{}e",
            "l:e",
            "l99999999999999999999:e",
            "l 2:{}e",
            "l10485761:e",
        ] {
            assert_eq!(decode_list(bytes.as_bytes()), Err(V4Error), "{bytes}");
        }
        assert_eq!(decode_list(b"l0:e"), Ok((&b""[..], None)));
        assert_eq!(decode_list(b"l2:{}0:e"), Ok((&b"{}"[..], Some(&b""[..]))));
        assert_eq!(Request::decode(b"l2:{}e"), Err(V4Error));
        assert_eq!(Response::decode(br#"l14:{"code":"200"}e"#), Err(V4Error));
    }

    #[test]
    fn a_length_with_a_leading_zero_makes_a_list_but_no_body() {
        assert_eq!(decode_list(b"l02:{}e"), Ok((&b"{}"[..], None)));
        assert!(Response::decode(br#"l12:{"code":200}0:e"#).is_ok());
        assert_eq!(Response::decode(br#"l012:{"code":200}0:e"#), Err(V4Error));
        assert_eq!(Response::decode(br#"l12:{"code":200}00:e"#), Err(V4Error));
    }

    #[test]
    fn a_body_is_json_unless_it_says_otherwise_and_no_user_agent_is_sent() {
        let list = [("user-agent".to_owned(), "x".to_owned())];
        let request = Request::new("POST", "/subscribe", list.clone(), Some(b"{}".to_vec()));
        assert_eq!(
            request.headers,
            headers(&[("Content-Type", "application/json")])
        );
        assert_eq!(
            Request::new("GET", "/rooms", list, None).headers,
            headers(&[])
        );
        let typed = [("content-type".to_owned(), "text/plain".to_owned())];
        let request = Request::new("POST", "/x", typed, Some(vec![]));
        assert_eq!(request.headers, headers(&[("content-type", "text/plain")]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(method in "[A-Z]{3,6}", endpoint in "/.{0,20}", name in "[a-z-]{1,9}", value: String, body: Option<Vec<u8>>, code: u16) {
            let headers = headers(&[(&name, &value)]);
            let request = Request { method, endpoint, headers: headers.clone(), body: body.clone() };
            prop_assert_eq!(Request::decode(&request.encode()).unwrap(), request);
            let response = Response { code, headers, body: body.unwrap_or_default() };
            prop_assert_eq!(Response::decode(&response.encode()).unwrap(), response);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text in "l?[0-9]{0,3}:?.{0,20}e?") {
            let _ = Request::decode(&bytes);
            let _ = Response::decode(text.as_bytes());
        }
    }
}
