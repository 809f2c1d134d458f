//! Messages on a pipe: a header with the length, an empty line, JSON.

use serde_json::Value;
use std::io::{self, BufRead, Error, ErrorKind, Write};

/// A message longer than this is refused: no editor sends a file of that size.
const BYTES_MAX: usize = 64 << 20;

/// The next message. None: the other side has closed the pipe.
///
/// # Errors
/// The pipe is broken, or what came is no message: then where the next begins is not known either.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return match length {
                None => Ok(None),
                Some(_) => Err(ErrorKind::UnexpectedEof.into()),
            };
        }
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
    serde_json::from_slice(&body).map(Some).map_err(|error| Error::new(ErrorKind::InvalidData, error))
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
    fn what_is_no_message_is_an_error() {
        assert!(read(&mut &b"Content-Length: 5\r\n\r\n{}"[..]).is_err());
        assert!(read(&mut &b"hello\r\n\r\n{}"[..]).is_err());
        assert!(read(&mut &b"Content-Length: 2\r\n\r\n{]"[..]).is_err());
        assert!(read(&mut &b"Content-Length: 99999999999\r\n\r\n{}"[..]).is_err());
    }
}
