//! Reads the fields of a case and compares them.

use onionskin_protocol::encoding;
use onionskin_protocol::entropy::Entropy;
use serde_json::Value;

/// A text field.
pub fn text<'a>(case: &'a Value, field: &str) -> Result<&'a str, String> {
    case[field]
        .as_str()
        .ok_or_else(|| format!("the case has no text {field}"))
}

/// A number.
pub fn number(case: &Value, field: &str) -> Result<u64, String> {
    case[field]
        .as_u64()
        .ok_or_else(|| format!("the case has no number {field}"))
}

/// Hex of any length.
pub fn bytes(case: &Value, field: &str) -> Result<Vec<u8>, String> {
    hex::decode(text(case, field)?).map_err(|error| format!("{field}: {error}"))
}

/// Hex of `N` bytes.
pub fn array<const N: usize>(case: &Value, field: &str) -> Result<[u8; N], String> {
    encoding::from_hex(text(case, field)?).ok_or_else(|| format!("{field} is no hex of {N} bytes"))
}

/// Padded base64.
pub fn base64(case: &Value, field: &str) -> Result<Vec<u8>, String> {
    encoding::from_base64(text(case, field)?).ok_or_else(|| format!("{field} is no base64"))
}

/// Compares bytes with a hex field.
pub fn same_hex(got: impl AsRef<[u8]>, case: &Value, field: &str) -> Result<(), String> {
    same(hex::encode(got).as_str(), text(case, field)?, field)
}

/// Compares texts or numbers.
pub fn same<T: PartialEq + std::fmt::Debug + ?Sized>(
    got: &T,
    expected: &T,
    what: &str,
) -> Result<(), String> {
    if got == expected {
        Ok(())
    } else {
        Err(format!("{what}: {got:?} instead of {expected:?}"))
    }
}

/// Turns any error of the crate into the reason of a failure.
pub fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The recorded draws of a case, handed out in order. A draw of another length, or one too many, is a fault of the crate
/// that [`Draws::finish`] reports.
pub struct Draws {
    left: std::collections::VecDeque<Vec<u8>>,
    fault: Option<String>,
}

impl Draws {
    pub fn of(case: &Value) -> Result<Self, String> {
        let list = case["rng_draws_hex"]
            .as_array()
            .ok_or("the case has no rng_draws_hex")?;
        let left = list
            .iter()
            .map(|draw| hex::decode(draw.as_str().unwrap_or("?")).map_err(said))
            .collect::<Result<_, _>>()?;
        Ok(Self { left, fault: None })
    }

    pub fn finish(self) -> Result<(), String> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.left.is_empty() => Ok(()),
            None => Err(format!("{} recorded draws were not taken", self.left.len())),
        }
    }
}

impl Entropy for Draws {
    fn fill(&mut self, out: &mut [u8]) {
        match self.left.pop_front() {
            Some(draw) if draw.len() == out.len() => out.copy_from_slice(&draw),
            Some(draw) => {
                self.fault = Some(format!(
                    "a draw of {} bytes, recorded were {}",
                    out.len(),
                    draw.len()
                ))
            }
            None => self.fault = Some(format!("a draw of {} bytes too many", out.len())),
        }
    }
}
