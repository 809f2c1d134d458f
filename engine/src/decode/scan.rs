//! A strict scan of JSON text (RFC 8259): every byte is checked, only what is asked for is looked at twice.

use super::json::DecodeError;

/// Nested deeper than this is refused: nobody writes it, and every level costs stack.
pub(super) const DEPTH_MAX: usize = 64;

/// How many bytes stand before the first that means something in a string (a quote, a backslash, a control character), as far as that
/// can be told eight at a time.
///
/// After Mycroft's test for a byte below a bound: a byte is marked if it is, and above the first mark there may be false ones.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let mut length = 0;
    while let Some(chunk) = bytes[length..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let marks = below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1)
            | below(word, 0x20);
        if marks != 0 {
            return length + marks.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes on behind `text`, if that stands here.
    #[inline]
    pub(super) fn take(&mut self, text: &[u8]) -> bool {
        let there = self.text.as_bytes()[self.at..].starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        // Most often there is none, and all of it lies at or below the blank.
        if self.peek().is_some_and(|byte| byte > b' ') {
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    pub(super) fn error(&self, expected: &str) -> DecodeError {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("{found:?}"),
            None => "the end".to_owned(),
        };
        DecodeError::new("malformed_json", format!("{expected} is expected at byte {}, not {found}", self.at))
    }

    pub(super) fn expect(&mut self, byte: u8, name: &str) -> Result<(), DecodeError> {
        if self.peek() != Some(byte) {
            return Err(self.error(name));
        }
        self.at += 1;
        Ok(())
    }

    /// The raw text between the quotes, and whether it holds escapes. The scanner stands on the opening quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<(&'a str, bool), DecodeError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        let mut escaped = false;
        let bytes = self.text.as_bytes();
        loop {
            self.at += plain_length(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => {
                    let raw = &self.text[start..self.at];
                    self.at += 1;
                    return Ok((raw, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(0..=0x1F) => {
                    return Err(self.error("a control character in a string must be escaped; text"));
                }
                Some(_) => self.at += 1,
                None => return Err(self.error("the closing quote of a string")),
            }
        }
    }

    /// Checks the escape behind a backslash. Surrogates come in pairs.
    fn escape(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                let first = self.hex4()?;
                if (0xDC00..0xE000).contains(&first) {
                    return Err(self.error("a first surrogate before the second"));
                }
                if (0xD800..0xDC00).contains(&first) {
                    self.expect(b'\\', "a second surrogate")?;
                    self.expect(b'u', "a second surrogate")?;
                    if !(0xDC00..0xE000).contains(&self.hex4()?) {
                        return Err(self.error("a second surrogate"));
                    }
                }
            }
            _ => return Err(self.error("an escape such as \\n")),
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, DecodeError> {
        let digits = self
            .text
            .as_bytes()
            .get(self.at..self.at + 4)
            .ok_or_else(|| self.error("four hexadecimal digits"))?;
        let mut number = 0;
        for digit in digits {
            let digit = (*digit as char).to_digit(16).ok_or_else(|| self.error("four hexadecimal digits"))?;
            number = number * 16 + digit;
        }
        self.at += 4;
        Ok(number)
    }

    /// The text of a number.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a str, DecodeError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.error("a value")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    #[inline]
    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), DecodeError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit"));
        }
        self.digits();
        Ok(())
    }

    pub(super) fn literal(&mut self, word: &str) -> Result<(), DecodeError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Checks any value and passes over it.
    pub(super) fn skip_value(&mut self, depth: usize) -> Result<(), DecodeError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => {
                self.enter(depth)?;
                self.skip_space();
                if self.peek() == Some(b'}') {
                    self.at += 1;
                    return Ok(());
                }
                loop {
                    self.skip_space();
                    self.string()?;
                    self.skip_space();
                    self.expect(b':', "a colon")?;
                    self.skip_space();
                    self.skip_value(depth + 1)?;
                    if self.last(b'}')? {
                        return Ok(());
                    }
                }
            }
            Some(b'[') => {
                self.enter(depth)?;
                self.skip_space();
                if self.peek() == Some(b']') {
                    self.at += 1;
                    return Ok(());
                }
                loop {
                    self.skip_space();
                    self.skip_value(depth + 1)?;
                    if self.last(b']')? {
                        return Ok(());
                    }
                }
            }
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.number().map(drop),
        }
    }

    /// Steps over the opening bracket.
    pub(super) fn enter(&mut self, depth: usize) -> Result<(), DecodeError> {
        if depth >= DEPTH_MAX {
            return Err(DecodeError::new(
                "too_deep",
                format!("more than {DEPTH_MAX} levels at byte {}", self.at),
            ));
        }
        self.at += 1;
        Ok(())
    }

    /// Behind an element: a comma (false) or the closing bracket (true).
    #[inline]
    pub(super) fn last(&mut self, close: u8) -> Result<bool, DecodeError> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.error(if close == b'}' { "a comma or `}`" } else { "a comma or `]`" })),
        }
    }
}

/// The text of a string without its escapes; the scanner has checked them.
pub(super) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.as_bytes()[at + 1];
        let mut used = at + 2;
        match code {
            b'n' => out.push('\n'),
            b't' => out.push('\t'),
            b'r' => out.push('\r'),
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'u' => {
                let unit = |from: usize| {
                    u32::from_str_radix(&rest[from..from + 4], 16).expect("checked by the scanner")
                };
                let first = unit(used);
                used += 4;
                let scalar = if (0xD800..0xDC00).contains(&first) {
                    let second = unit(used + 2);
                    used += 6;
                    0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                };
                out.push(char::from_u32(scalar).expect("checked by the scanner"));
            }
            other => out.push(other as char),
        }
        rest = &rest[used..];
    }
    out.push_str(rest);
}
