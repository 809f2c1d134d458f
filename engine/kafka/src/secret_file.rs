//! Files that hold a secret: regular ones that nobody else can read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

const BYTES_MAX: u64 = 64 << 10;
const OTHERS: u32 = 0o007;

/// The text of a regular file of at most so many bytes, and what the file is.
pub fn read_regular(path: &Path, bytes_max: u64) -> Result<(String, Metadata), String> {
    // A pipe would be waited for; the file that is looked at is the one that is read.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file: File = file.map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("it has more than {bytes_max} bytes, which is too much"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
    Ok((text, metadata))
}

/// The secret that is all of a file, without the line's end behind it.
pub fn read(path: &Path) -> Result<String, String> {
    let (text, metadata) = read_regular(path, BYTES_MAX)?;
    may_hold_a_secret(&metadata)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("it is empty".to_owned());
    }
    if line.contains('\0') {
        return Err("it holds a zero byte".to_owned());
    }
    Ok(line.to_owned())
}

/// May a secret stand in it?
pub fn may_hold_a_secret(metadata: &Metadata) -> Result<(), String> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(format!(
            "every user of this machine can get at it (mode {mode:04o}); make it 0600: `chmod 600 FILE`, in Kubernetes `defaultMode: 0400`"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_that_are_kept_from_others_hold_secrets() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        let write = |text: &[u8], mode: u32| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        for text in ["s3cr3t", "s3cr3t\n", "s3cr3t\r\n"] {
            write(text.as_bytes(), 0o640);
            assert_eq!(read(&path).as_deref(), Ok("s3cr3t"));
        }
        write(b"-----BEGIN\nx\n", 0o600);
        assert_eq!(read(&path).as_deref(), Ok("-----BEGIN\nx"), "only the last line's end is cut");
        write(b"s3cr3t", 0o644);
        assert!(read(&path).expect_err("refused").contains("mode 0644"));
        for (wrong, why) in
            [(&b""[..], "empty"), (b"\n", "empty"), (b"\xff", "UTF-8"), (b"a\0b", "zero byte")]
        {
            write(wrong, 0o600);
            assert!(read(&path).expect_err("refused").contains(why), "{why}");
        }
        write(&vec![b'x'; (BYTES_MAX + 1) as usize], 0o600);
        assert!(read(&path).expect_err("refused").contains("too much"));
        assert!(read(dir.path()).expect_err("refused").contains("no regular file"));
        assert!(read(&dir.path().join("none")).expect_err("refused").contains("No such file"));
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        assert!(read(&pipe).expect_err("refused").contains("no regular file"), "and it is not waited for");
    }
}
