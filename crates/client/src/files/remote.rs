//! The file server, seen from files: what is sent to it, fetched from it, and made to last (10-network 8).

use crate::api::ErrorCode;
use crate::network::{Network, Server, ServerError};
use crate::ports::Ports;
use onionskin_protocol::attachment::server::{self, FileServerError, Held};
use onionskin_protocol::attachment::url::{DEFAULT_HOST, FileUrl};
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use onionskin_protocol::onion::v4::{Request, Response};
use onionskin_protocol::time::Timestamp;

/// Bytes of an answer that says only what became of a file.
const SHORT: usize = 1_000;

/// Why a file is not there where it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RemoteError {
    #[error(transparent)]
    Network(#[from] ServerError),
    #[error(transparent)]
    Server(#[from] FileServerError),
    /// Nobody knows the key of this server, so nothing can be asked of it.
    #[error("the address of the file names an unknown server")]
    Unknown,
}

impl RemoteError {
    /// No further attempt changes it.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Network(error) => *error == ServerError::TooLarge,
            Self::Server(FileServerError::Gone | FileServerError::TooLarge) | Self::Unknown => true,
            Self::Server(FileServerError::Refused(_) | FileServerError::Malformed) => false,
        }
    }

    /// For somebody who waits for a download.
    pub(super) fn of_download(&self) -> ErrorCode {
        match self {
            Self::Network(error) => error.code(),
            Self::Server(FileServerError::Gone) | Self::Unknown => ErrorCode::FileGone,
            Self::Server(FileServerError::TooLarge) => ErrorCode::FileTooBig,
            Self::Server(FileServerError::Refused(_) | FileServerError::Malformed) => {
                ErrorCode::NetTimeout
            }
        }
    }

    /// For a message whose file does not get there.
    pub(super) fn of_upload(&self) -> ErrorCode {
        match self {
            Self::Network(ServerError::TooLarge) | Self::Server(FileServerError::TooLarge) => {
                ErrorCode::FileTooBig
            }
            _ => ErrorCode::FileUpload,
        }
    }
}

/// Keeps encrypted bytes on the network's own server.
pub(super) async fn upload<P: Ports>(
    network: &Network<P>,
    encrypted: Vec<u8>,
) -> Result<Held, RemoteError> {
    let url = own_server()?;
    let response = ask(network, &url, &server::upload(encrypted), SHORT).await?;
    Ok(server::read_upload(&response)?)
}

/// The encrypted bytes of a file; `size` is what its pointer says.
pub(super) async fn download<P: Ports>(
    network: &Network<P>,
    url: &str,
    size: u64,
) -> Result<Vec<u8>, RemoteError> {
    let url = FileUrl::parse(url).map_err(|_| RemoteError::Unknown)?;
    let expected = usize::try_from(size).unwrap_or(usize::MAX);
    let response = ask(network, &url, &server::download(&url.id), expected).await?;
    Ok(server::read_download(response)?)
}

/// Makes a file last as long as a new one; gives when it expires now (ms), where the server says. `Unknown` for ids of the old
/// form, which cannot be extended.
pub(super) async fn extend<P: Ports>(
    network: &Network<P>,
    url: &str,
) -> Result<Option<Timestamp>, RemoteError> {
    let url = FileUrl::parse(url).map_err(|_| RemoteError::Unknown)?;
    let request = server::extend(&url.id).ok_or(RemoteError::Unknown)?;
    let response = ask(network, &url, &request, SHORT).await?;
    Ok(server::read_extension(&response)?)
}

fn own_server() -> Result<FileUrl, RemoteError> {
    FileUrl::on_default_server("0", false).map_err(|_| RemoteError::Unknown)
}

/// Tries the keys that the server may have, one after the other.
async fn ask<P: Ports>(
    network: &Network<P>,
    url: &FileUrl,
    request: &Request,
    expected: usize,
) -> Result<Response, RemoteError> {
    let mut last = RemoteError::Unknown;
    for key in keys_of(url, network.file_server_keys()) {
        let server = Server {
            host: url.host.clone(),
            https: url.https,
            port: url.port,
            key,
        };
        match network.ask_server(&server, request, expected).await {
            Ok(response) => return Ok(response),
            Err(error @ ServerError::Key) => last = error.into(),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last)
}

/// What the address says, read as an Ed25519 key, then as an X25519 key; or the keys of the network's own server (10-network
/// Decisions 7).
fn keys_of(url: &FileUrl, own: &[[u8; 32]]) -> Vec<X25519PublicKey> {
    match url.key {
        Some(key) => {
            let read = Ed25519PublicKey(key).to_x25519().ok();
            read.into_iter().chain([X25519PublicKey(key)]).collect()
        }
        None if url.is_default_server() => own.iter().copied().map(X25519PublicKey).collect(),
        None => Vec::new(),
    }
}

/// The address that others find an uploaded file under.
pub(super) fn address(id: &str) -> String {
    format!("http://{DEFAULT_HOST}/file/{id}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_tried_in_the_order_of_the_decisions() {
        let own = [[1; 32], [2; 32]];
        let keys = |url: &str| keys_of(&FileUrl::parse(url).unwrap(), &own);
        assert_eq!(
            keys("http://filev2.getsession.org/file/1"),
            [X25519PublicKey([1; 32]), X25519PublicKey([2; 32])]
        );
        assert_eq!(keys("http://files.example/file/1"), []);
        let ed = "b8eef9821445ae16e2e97ef8aa6fe782fd11ad5253cd6723b281341dba22e371";
        let named = keys(&format!("http://files.example/file/1#p={ed}"));
        assert_eq!(
            named[0].to_hex(),
            "09324794aa9c11948189762d198c618148e9136ac9582068180661208927ef34"
        );
        assert_eq!(named[1].to_hex(), ed);
    }

    #[test]
    fn an_uploaded_file_is_found_by_its_address() {
        let url = FileUrl::parse(&address("abc")).unwrap();
        assert_eq!((url.id.as_str(), url.is_default_server()), ("abc", true));
    }
}
