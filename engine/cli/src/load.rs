//! Reads topology files and tells what is wrong with them.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tidegate_dsl::diagnostic::{Diagnostic, Severity, render};
use tidegate_dsl::{Compiled, Files, Options, Session, SourceFile, compile_with};

/// Values of a topology's params.
#[derive(clap::Args)]
pub struct Params {
    /// The value of a `param`, in place of that in the file
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
}

impl Params {
    pub fn are_given(&self) -> bool {
        !self.params.is_empty()
    }

    fn values(&self) -> Result<BTreeMap<String, String>> {
        let mut values = BTreeMap::new();
        for option in &self.params {
            let (name, value) =
                option.split_once('=').with_context(|| format!("--param {option}: NAME=VALUE is needed"))?;
            if values.insert(name.to_owned(), value.to_owned()).is_some() {
                bail!("--param {option}: `{name}` has a value already");
            }
        }
        Ok(values)
    }
}

/// The files in a topology's folder.
struct Beside<'a> {
    folder: PathBuf,
    reading: &'a dyn Fn(&Path),
}

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let path = self.folder.join(path);
        (self.reading)(&path);
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
            _ => error.to_string(),
        })
    }
}

pub fn read(path: &Path) -> Result<SourceFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SourceFile::new(path.display().to_string(), text))
}

/// Compiles a file, and those that it uses, with this process's environment.
pub fn load(path: &Path, params: &Params) -> Result<Compiled> {
    load_noting(path, params, &|_| {})
}

/// As [`load`]; `reading` is called with each file just before it is read.
pub fn load_noting(path: &Path, params: &Params, reading: &dyn Fn(&Path)) -> Result<Compiled> {
    with_options(path, params, reading, compile_with)
}

/// What expressions can name of a file; what it compiles to, if it has errors.
pub fn session(path: &Path, params: &Params) -> Result<Result<Session, Box<Compiled>>> {
    with_options(path, params, &|_| {}, Session::of_file)
}

/// Reads a file, and does something with it and this process's environment.
fn with_options<T>(
    path: &Path,
    params: &Params,
    reading: &dyn Fn(&Path),
    work: impl FnOnce(&SourceFile, &Options<'_>) -> T,
) -> Result<T> {
    reading(path);
    let file = read(path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let options = Options {
        environment: &|name| std::env::var(name).ok(),
        params: &params.values()?,
        files: &Beside { folder, reading },
    };
    Ok(work(&file, &options))
}

/// Loads a file that must be without errors; else they are shown, and None is given.
pub fn load_or_tell(path: &Path, params: &Params) -> Option<Compiled> {
    right_or_tell(load(path, params))
}

/// What was loaded, if it is without errors; else they are shown, and None is given.
pub fn right_or_tell(loaded: Result<Compiled>) -> Option<Compiled> {
    match loaded {
        Err(error) => {
            eprintln!("error: {error:#}");
            None
        }
        Ok(compiled) => {
            eprint!("{}", render(&compiled.sources, &compiled.diagnostics));
            if compiled.is_library {
                eprintln!(
                    "{}: a file for others to `use`; to run, it needs a name (`topology NAME`) and a sink",
                    compiled.sources.own().name
                );
                return None;
            }
            if compiled.plan.is_none() {
                eprintln!("{}", summary(&compiled.diagnostics));
                return None;
            }
            Some(compiled)
        }
    }
}

/// Loads a file whose every step can run; else it is shown what stands in the way, and None is given.
pub fn load_to_run(path: &Path, params: &Params) -> Option<Compiled> {
    let compiled = load_or_tell(path, params)?;
    if let Some(refusal) = &compiled.refusal {
        eprint!("{}", render(&compiled.sources, std::slice::from_ref(refusal)));
        return None;
    }
    Some(compiled)
}

/// `2 errors, 1 warning`
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let words = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    format!("{}, {}", words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning"))
}

/// Where a topology's snapshots are: beside the file.
pub fn snapshots_dir(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new(".")).join("snapshots")
}
