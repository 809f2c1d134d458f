//! `tidegate fmt`

use crate::{FAILED, OK, load, print};
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::{Path, PathBuf};
use tidegate_dsl::diagnostic::render;
use tidegate_dsl::{SourceFile, Unformatted, format};

#[derive(clap::Args)]
pub struct Arguments {
    /// Topology files (.tide); `-` reads standard input and writes standard output
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Changes nothing; tells the files that are not in canonical form, with exit code 1
    #[arg(long)]
    check: bool,
}

pub const HELP: &str = "Examples:
  tidegate fmt topologies/fraud/topology.tide
  tidegate fmt --check topologies/*/topology.tide
  tidegate fmt - < draft.tide

A file with syntax errors stays as it is. Exit codes: 0 done, or all files are in canonical form; 1 syntax errors, an unreadable file, or (--check) a file in another form.";

pub fn fmt(arguments: &Arguments) -> u8 {
    let mut code = OK;
    for path in &arguments.files {
        match one(path, arguments.check) {
            Ok(true) => {}
            Ok(false) => code = FAILED,
            Err(error) => {
                eprintln!("error: {error:#}");
                code = FAILED;
            }
        }
    }
    code
}

/// False: the file is not as it should be, and that was told.
fn one(path: &Path, check: bool) -> Result<bool> {
    let from_stdin = path == Path::new("-");
    let file = if from_stdin { stdin()? } else { load::read(path)? };
    if file.is_yaml() {
        bail!(
            "{} is YAML: `fmt` is for the text form (.tide); `tidegate convert {} --to tide` makes one",
            file.name,
            file.name
        );
    }
    let text = match format(&file) {
        Ok(text) => text,
        Err(Unformatted::Syntax(diagnostics)) => {
            eprint!("{}", render(&file.clone().into(), &diagnostics));
            eprintln!("{}: not formatted, since it has syntax errors", file.name);
            return Ok(false);
        }
        Err(Unformatted::Fault) => {
            bail!(
                "{}: not formatted: its canonical form would say something else, which is a fault of `tidegate fmt`; please report it with the file",
                file.name
            )
        }
    };
    if check {
        if text != file.text {
            print(&format!("{}\n", file.name));
        }
        return Ok(text == file.text);
    }
    if from_stdin {
        print(&text);
    } else if text != file.text {
        replace(path, &text)?;
        print(&format!("{}: formatted\n", file.name));
    }
    Ok(true)
}

fn stdin() -> Result<SourceFile> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    Ok(SourceFile::new("<stdin>", text))
}

/// Writes beside the file and renames, so that a crash leaves one of the two forms.
fn replace(path: &Path, text: &str) -> Result<()> {
    let told = || format!("cannot write {}", path.display());
    // A link stays a link: what it points to is replaced.
    let target = path.canonicalize().with_context(told)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut written = tempfile::NamedTempFile::new_in(folder).with_context(told)?;
    std::io::Write::write_all(&mut written, text.as_bytes()).with_context(told)?;
    let permissions = std::fs::metadata(&target).with_context(told)?.permissions();
    std::fs::set_permissions(written.path(), permissions).with_context(told)?;
    written.persist(&target).with_context(told)?;
    Ok(())
}
