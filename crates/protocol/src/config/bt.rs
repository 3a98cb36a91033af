//! bt-encoding (30-config 2): bencode with sorted dictionary keys, written deterministically and read strictly.
//!
//! ```text
//!  i-42e          integer, 64 bits, no leading zeros, no -0
//!  3:abc          byte string, length without leading zeros
//!  l … e          list
//!  d 1:a … e      dictionary, keys strictly ascending by their bytes
//! ```
//!
//! The reader walks a borrowed buffer and keeps no tree of its own. It goes at most [`MAX_DEPTH`] levels deep and reads at
//! most [`MAX_VALUES`] values, so that neither stack nor memory can be exhausted by what was received.

/// How deep lists and dictionaries may stand inside each other. Real configs need five levels.
pub const MAX_DEPTH: usize = 32;

/// How many values and keys one buffer may hold.
pub const MAX_VALUES: usize = 2_000_000;

/// Why bytes are not bt-encoded, or not what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BtError {
    /// The bytes end inside a value.
    #[error("the data ends too early")]
    Truncated,
    /// An integer that does not fit, or is not written in its one form.
    #[error("an integer is out of range or not written in its one form")]
    Integer,
    /// A string length that is not written in its one form.
    #[error("a length is not written in its one form")]
    Length,
    /// Dictionary keys that do not ascend.
    #[error("the keys of a dictionary are not in ascending order")]
    Order,
    /// More than [`MAX_DEPTH`] levels or [`MAX_VALUES`] values.
    #[error("the data is nested too deep or holds too many values")]
    Bounds,
    /// Another kind of value than the format wants here.
    #[error("a value of another kind was expected")]
    Unexpected,
    /// Something follows the value.
    #[error("something follows the end")]
    Trailing,
}

/// What stands next in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// An integer.
    Int,
    /// A byte string.
    Bytes,
    /// The beginning of a list.
    List,
    /// The beginning of a dictionary.
    Dict,
    /// The end of the list or dictionary that is open.
    End,
}

/// Appends an integer.
pub fn put_int(out: &mut Vec<u8>, value: i64) {
    out.push(b'i');
    out.extend_from_slice(value.to_string().as_bytes());
    out.push(b'e');
}

/// Appends a byte string.
pub fn put_bytes(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(value.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(value);
}

/// Reads bt-encoded bytes from front to back.
#[derive(Clone)]
pub struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            depth: 0,
            values: 0,
        }
    }

    /// How many bytes were read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What stands next.
    pub fn peek(&self) -> Result<Next, BtError> {
        match self.input.get(self.at).ok_or(BtError::Truncated)? {
            b'i' => Ok(Next::Int),
            b'0'..=b'9' => Ok(Next::Bytes),
            b'l' => Ok(Next::List),
            b'd' => Ok(Next::Dict),
            b'e' => Ok(Next::End),
            _ => Err(BtError::Unexpected),
        }
    }

    /// Reads an integer of 64 bits.
    pub fn int(&mut self) -> Result<i64, BtError> {
        let (negative, magnitude) = self.wide_int()?;
        let value = i128::from(magnitude) * if negative { -1 } else { 1 };
        i64::try_from(value).map_err(|_| BtError::Integer)
    }

    /// Sign and magnitude of an integer between -2^63 and 2^64 - 1, the range that the reference library keeps in keys
    /// that it does not know.
    fn wide_int(&mut self) -> Result<(bool, u64), BtError> {
        self.count()?;
        self.expect(b'i')?;
        let negative = self.input.get(self.at) == Some(&b'-');
        self.at += usize::from(negative);
        let magnitude = self.digits(BtError::Integer)?;
        if negative && (magnitude == 0 || magnitude > 1 << 63) {
            return Err(BtError::Integer);
        }
        self.expect(b'e')?;
        Ok((negative, magnitude))
    }

    /// Reads a byte string.
    pub fn bytes(&mut self) -> Result<&'a [u8], BtError> {
        self.count()?;
        if self.peek()? != Next::Bytes {
            return Err(BtError::Unexpected);
        }
        let length = self.digits(BtError::Length)?;
        self.expect(b':')?;
        let length = usize::try_from(length).map_err(|_| BtError::Truncated)?;
        let rest = &self.input[self.at..];
        let value = rest.get(..length).ok_or(BtError::Truncated)?;
        self.at += length;
        Ok(value)
    }

    /// Enters a list.
    pub fn open_list(&mut self) -> Result<(), BtError> {
        self.open(b'l')
    }

    /// Enters a dictionary.
    pub fn open_dict(&mut self) -> Result<(), BtError> {
        self.open(b'd')
    }

    /// Leaves the open list or dictionary if it ends here.
    pub fn close(&mut self) -> Result<bool, BtError> {
        if self.peek()? != Next::End {
            return Ok(false);
        }
        if self.depth == 0 {
            return Err(BtError::Unexpected);
        }
        self.depth -= 1;
        self.at += 1;
        Ok(true)
    }

    /// Reads the next key of a dictionary, which must come after `previous`.
    pub fn key(&mut self, previous: &mut Option<&'a [u8]>) -> Result<&'a [u8], BtError> {
        let key = self.bytes()?;
        if previous.is_some_and(|previous| key <= previous) {
            return Err(BtError::Order);
        }
        *previous = Some(key);
        Ok(key)
    }

    /// Steps over any value and gives its bytes. Needs no stack of calls.
    pub fn skip(&mut self) -> Result<&'a [u8], BtError> {
        let start = self.at;
        // For each open container: whether it is a dictionary, and its last key.
        let mut open: Vec<(bool, Option<&'a [u8]>)> = Vec::new();
        loop {
            if !open.is_empty() && self.close()? {
                open.pop();
            } else {
                if let Some((true, last_key)) = open.last_mut() {
                    self.key(last_key)?;
                }
                match self.peek()? {
                    Next::Int => _ = self.wide_int()?,
                    Next::Bytes => _ = self.bytes()?,
                    Next::List => {
                        self.open_list()?;
                        open.push((false, None));
                    }
                    Next::Dict => {
                        self.open_dict()?;
                        open.push((true, None));
                    }
                    Next::End => return Err(BtError::Unexpected),
                }
            }
            if open.is_empty() {
                return Ok(&self.input[start..self.at]);
            }
        }
    }

    /// Makes sure that nothing is left.
    pub fn finish(&self) -> Result<(), BtError> {
        if self.at == self.input.len() {
            Ok(())
        } else {
            Err(BtError::Trailing)
        }
    }

    fn open(&mut self, mark: u8) -> Result<(), BtError> {
        self.count()?;
        self.expect(mark)?;
        if self.depth == MAX_DEPTH {
            return Err(BtError::Bounds);
        }
        self.depth += 1;
        Ok(())
    }

    fn count(&mut self) -> Result<(), BtError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(BtError::Bounds);
        }
        Ok(())
    }

    fn expect(&mut self, mark: u8) -> Result<(), BtError> {
        match self.input.get(self.at) {
            Some(&byte) if byte == mark => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(BtError::Unexpected),
            None => Err(BtError::Truncated),
        }
    }

    /// A decimal number without leading zeros.
    fn digits(&mut self, error: BtError) -> Result<u64, BtError> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.input.get(self.at) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit - b'0')))
                .ok_or(error)?;
            self.at += 1;
        }
        let length = self.at - start;
        if length == 0 || (length > 1 && self.input[start] == b'0') {
            return Err(error);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn skipped(bytes: &[u8]) -> Result<(), BtError> {
        let mut reader = Reader::new(bytes);
        reader.skip()?;
        reader.finish()
    }

    #[test]
    fn numbers_have_one_form_only() {
        for (text, expected) in [
            ("i0e", Ok(0)),
            ("i-1e", Ok(-1)),
            ("i9223372036854775807e", Ok(i64::MAX)),
            ("i-9223372036854775808e", Ok(i64::MIN)),
            ("i9223372036854775808e", Err(BtError::Integer)),
            ("i-9223372036854775809e", Err(BtError::Integer)),
            ("i99999999999999999999e", Err(BtError::Integer)),
            ("i-0e", Err(BtError::Integer)),
            ("i007e", Err(BtError::Integer)),
            ("ie", Err(BtError::Integer)),
            ("i-e", Err(BtError::Integer)),
            ("i1", Err(BtError::Truncated)),
            ("1:a", Err(BtError::Unexpected)),
        ] {
            assert_eq!(Reader::new(text.as_bytes()).int(), expected, "{text}");
        }
        assert_eq!(Reader::new(b"01:a").bytes(), Err(BtError::Length));
        assert_eq!(Reader::new(b"2:a").bytes(), Err(BtError::Truncated));
        assert_eq!(
            Reader::new(b"18446744073709551615:a").bytes(),
            Err(BtError::Truncated)
        );
    }

    #[test]
    fn unknown_values_are_stepped_over_whatever_they_are() {
        let text = b"d1:ai18446744073709551615e1:bl0:dee1:cd0:i-5eee1:x";
        let mut reader = Reader::new(text);
        assert_eq!(reader.skip().unwrap(), &text[..text.len() - 3]);
        assert_eq!(reader.bytes().unwrap(), b"x");
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn keys_out_of_order_and_keys_that_are_no_strings_are_refused() {
        assert_eq!(skipped(b"d1:b0:1:a0:e"), Err(BtError::Order));
        assert_eq!(skipped(b"d1:a0:1:a0:e"), Err(BtError::Order));
        assert_eq!(skipped(b"di1e0:e"), Err(BtError::Unexpected));
        assert_eq!(skipped(b"d1:ae"), Err(BtError::Unexpected));
        assert_eq!(skipped(b"e"), Err(BtError::Unexpected));
        assert_eq!(skipped(b"dede"), Err(BtError::Trailing));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels: usize| [vec![b'l'; levels], vec![b'e'; levels]].concat();
        assert_eq!(skipped(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(skipped(&nested(MAX_DEPTH + 1)), Err(BtError::Bounds));
        assert_eq!(skipped(&vec![b'd'; 1_000_000]), Err(BtError::Unexpected));
        assert_eq!(skipped(&vec![b'l'; 1_000_000]), Err(BtError::Bounds));
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let mut list = vec![b'l'];
        for _ in 0..MAX_VALUES {
            list.extend_from_slice(b"0:");
        }
        list.push(b'e');
        assert_eq!(skipped(&list), Err(BtError::Bounds));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number: i64, bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut out = Vec::new();
            put_int(&mut out, number);
            put_bytes(&mut out, &bytes);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.int(), Ok(number));
            prop_assert_eq!(reader.bytes(), Ok(bytes.as_slice()));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(prop::sample::select(b"idle0123-:ab\0".to_vec()), 0..60)) {
            let _ = skipped(&bytes);
        }
    }
}
