//! `fuzz run TARGET FILE…` runs inputs through a target; `fuzz words` and `fuzz seeds TARGET FOLDER` write what the fuzzer begins with.
//!
//! With the feature `libfuzzer`, `fuzz TARGET …` is libFuzzer with its own arguments.

#[cfg(feature = "libfuzzer")]
mod libfuzzer;

use std::path::Path;
use std::process::ExitCode;
use tidegate_fuzz::{INPUT_BYTES_MAX, TARGETS, Target, run, seeds, target, words};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["targets"] => {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            Ok(())
        }
        ["words"] => {
            print!("{}", words());
            Ok(())
        }
        ["seeds", name, folder] => known(name).and_then(|target| write_seeds(target, Path::new(folder))),
        ["run", name, ref files @ ..] if !files.is_empty() => {
            known(name).and_then(|target| run_all(target, files))
        }
        #[cfg(feature = "libfuzzer")]
        [name, ref rest @ ..] if target(name).is_some() => {
            known(name).map(|target| libfuzzer::drive(target, rest))
        }
        _ => Err(usage()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let targets: Vec<String> =
        TARGETS.iter().map(|target| format!("  {:<11} {}", target.name, target.holds)).collect();
    format!(
        "fuzz run TARGET FILE…\nfuzz targets\nfuzz words\nfuzz seeds TARGET FOLDER\n\ntargets:\n{}",
        targets.join("\n")
    )
}

fn known(name: &str) -> Result<&'static Target, String> {
    target(name).ok_or_else(|| format!("there is no target {name:?}\n\n{}", usage()))
}

fn run_all(target: &Target, files: &[&str]) -> Result<(), String> {
    for file in files {
        let input = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        run(target, &input);
        println!("{file}: the target {} holds", target.name);
    }
    Ok(())
}

/// Writes the seeds that are not too long.
fn write_seeds(target: &Target, folder: &Path) -> Result<(), String> {
    for seed in seeds(target).iter().filter(|seed| seed.text.len() <= INPUT_BYTES_MAX) {
        let path = folder.join(&seed.name);
        std::fs::write(&path, &seed.text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
