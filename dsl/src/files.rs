//! How other files are read: by whoever compiles, since this crate does no I/O.

/// Reads files beside the topology.
pub trait Files {
    /// The text of a file; `path` is relative to the topology's own folder, with `/` between its parts. An error says why it
    /// cannot be read, without the path.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// There are no other files: `use` and `file(…)` are errors.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("no files can be read here".to_owned())
    }
}

/// A path that a file names, from the topology's folder on. Err: what is wrong with it.
pub(crate) fn beside(from: &str, path: &str) -> Result<String, &'static str> {
    // `./` says what holds anyway.
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    if path.is_empty() {
        return Err("a path is needed here");
    }
    if path.starts_with(['/', '\\']) || path.contains([':', '\\']) {
        return Err("a path is relative to the file that names it, with `/` between its parts");
    }
    if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Err("only files beside the topology, and in folders below it, can be named");
    }
    Ok(match from.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn paths_are_beside_the_file_or_below_it() {
        assert_eq!(beside("t.tide", "./shared.tide").as_deref(), Ok("shared.tide"));
        assert_eq!(beside("a/t.tide", "././b/shared.tide").as_deref(), Ok("a/b/shared.tide"));
        for wrong in
            ["", "./", "../shared.tide", "./../shared.tide", "a/./b.tide", "/shared.tide", "a//b.tide"]
        {
            assert!(beside("t.tide", wrong).is_err(), "{wrong}");
        }
    }
}
