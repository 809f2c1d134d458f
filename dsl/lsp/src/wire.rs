//! Messages on a pipe: a header with the length, an empty line, JSON.

use serde_json::Value;
use std::io::{self, BufRead, Error, ErrorKind, Read, Write};

/// A message longer than this is refused: no editor sends a file of that size.
const BYTES_MAX: usize = 64 << 20;
/// A line of a header that is longer is none.
const HEADER_BYTES_MAX: u64 = 1024;

/// The next message; `null` if it is no JSON. None: the other side has closed the pipe.
///
/// # Errors
/// The pipe is broken, or there is no header: then where the next message begins is not known either.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return match length {
                None => Ok(None),
                Some(_) => Err(ErrorKind::UnexpectedEof.into()),
            };
        }
        if !line.ends_with(b"\n") {
            return Err(Error::new(ErrorKind::InvalidData, "a header that does not end"));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length =
        length.ok_or_else(|| Error::new(ErrorKind::InvalidData, "a message without Content-Length"))?;
    if length > BYTES_MAX {
        return Err(Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes")));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    // The next message begins behind it all the same.
    Ok(Some(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// # Errors
/// The pipe is broken.
pub fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let mut pipe = Vec::new();
        let messages = [json!({ "id": 1 }), json!({ "text": "Zürich" })];
        messages.iter().for_each(|message| write(&mut pipe, message).expect("memory takes it"));
        let mut input = &pipe[..];
        for message in messages {
            assert_eq!(read(&mut input).expect("it is whole"), Some(message));
        }
        assert_eq!(read(&mut input).expect("it ends"), None);
    }

    #[test]
    fn what_is_no_json_is_passed_over() {
        let mut input = &b"Content-Length: 2\r\n\r\n{]Content-Length: 1\r\n\r\n1"[..];
        assert_eq!(read(&mut input).expect("its length is known"), Some(Value::Null));
        assert_eq!(read(&mut input).expect("it is whole"), Some(json!(1)));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        assert!(read(&mut &b"Content-Length: 5\r\n\r\n{}"[..]).is_err());
        assert!(read(&mut &b"hello\r\n\r\n{}"[..]).is_err());
        assert!(read(&mut &[b'x'; 5000][..]).is_err());
        assert!(read(&mut &b"Content-Length: 99999999999\r\n\r\n{}"[..]).is_err());
    }
}
