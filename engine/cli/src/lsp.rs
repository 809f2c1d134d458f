//! `tidegate lsp`: the language server over standard input and output, started by editors.

use crate::{FAILED, OK};
use std::io::{BufReader, stdin, stdout};

pub fn lsp() -> u8 {
    match tidegate_lsp::serve(BufReader::new(stdin()), stdout().lock()) {
        Ok(true) => OK,
        // The editor went away without `shutdown`: the protocol wants that to be told.
        Ok(false) => FAILED,
        Err(error) => {
            eprintln!("error: the connection with the editor: {error}");
            FAILED
        }
    }
}
