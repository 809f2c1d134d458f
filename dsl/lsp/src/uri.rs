//! Addresses of files: `file:///folder/a%20name.tide`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::path::PathBuf;

const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

/// The path of a file. None: it is no file on this machine (an unsaved one, for example).
pub fn path(uri: &str) -> Option<PathBuf> {
    let path = percent_decode_str(uri.strip_prefix("file://")?).decode_utf8().ok()?;
    // `file:///C:/folder` is a path that begins with its drive.
    let drive = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    Some(PathBuf::from(drive.unwrap_or(&path)))
}

/// The address of a file that stands beside another one, or in a folder below that.
pub fn beside(uri: &str, path: &str) -> String {
    format!("{}/{}", folder(uri), utf8_percent_encode(path, KEPT))
}

/// The address of the folder that a file or folder is in.
pub fn folder(uri: &str) -> &str {
    uri.rsplit_once('/').map_or(uri, |(folder, _)| folder)
}

/// The last name of an address, as a person reads it.
pub fn name(uri: &str) -> String {
    decoded(uri.rsplit('/').next().unwrap_or(uri))
}

pub fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// By this a file is known: editors encode the same address in different ways.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(String);

pub fn key(uri: &str) -> Key {
    Key(decoded(uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_names_encoded() {
        assert_eq!(path("file:///a%20b/c.tide"), Some(PathBuf::from("/a b/c.tide")));
        assert_eq!(path("file:///C:/a/c.tide"), Some(PathBuf::from("C:/a/c.tide")));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(beside("file:///a/b.tide", "parts/ä b.tide"), "file:///a/parts/%C3%A4%20b.tide");
        assert_eq!(key("file:///c%3A/a%28b%29.tide"), key("file:///c:/a(b).tide"));
        assert_eq!(name("file:///a/z%C3%BCrich.tide"), "zürich.tide");
    }
}
