//! Reads topology files and tells what is wrong with them.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use tidegate_dsl::diagnostic::{Diagnostic, Severity, render};
use tidegate_dsl::{Compiled, SourceFile, compile};

pub fn read(path: &Path) -> Result<SourceFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SourceFile::new(path.display().to_string(), text))
}

/// Compiles a file with this process's environment.
pub fn load(path: &Path) -> Result<(SourceFile, Compiled)> {
    let file = read(path)?;
    let compiled = compile(&file, &|name| std::env::var(name).ok());
    Ok((file, compiled))
}

/// Loads a file that must be without errors; else they are shown, and None is given.
pub fn load_or_tell(path: &Path) -> Option<(SourceFile, Compiled)> {
    match load(path) {
        Err(error) => {
            eprintln!("error: {error:#}");
            None
        }
        Ok((file, compiled)) => {
            eprint!("{}", render(&file, &compiled.diagnostics));
            if compiled.plan.is_none() {
                eprintln!("{}", summary(&compiled.diagnostics));
                return None;
            }
            Some((file, compiled))
        }
    }
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
