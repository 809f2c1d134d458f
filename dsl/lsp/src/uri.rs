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

/// The address of a file that stands beside another one.
pub fn beside(uri: &str, path: &str) -> String {
    let folder = uri.rsplit_once('/').map_or(uri, |(folder, _)| folder);
    format!("{folder}/{}", utf8_percent_encode(path, KEPT))
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
    }
}
