//! Jars of Java programs that the tests need: Maven fetches them once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The classpath of a project that has nothing but dependencies. Panics with what is missing where it cannot be had.
pub fn classpath(what: &str, pom: &Path) -> String {
    let project = fs::read_to_string(pom).expect("the project's pom.xml can be read");
    fs::create_dir_all(cache_dir()).expect("the target directory can be written");
    let kept = cache_dir().join(format!("{}.classpath", what.replace(' ', "-")));
    // Two that begin at once fetch them once.
    let lock = fs::File::create(kept.with_extension("lock")).expect("the target directory can be written");
    lock.lock().expect("a file can be locked");
    if let Ok(text) = fs::read_to_string(&kept)
        && let Some((jars, of)) = text.split_once('\n')
        && of == project
        && jars.split(':').all(|jar| Path::new(jar).is_file())
    {
        return jars.to_owned();
    }
    eprintln!("fetching {what} with Maven");
    let made = kept.with_extension(format!("{}.new", std::process::id()));
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(pom)
        .arg("dependency:build-classpath")
        .arg(format!("-Dmdep.outputFile={}", made.display()))
        .output()
        .expect("mvn can be started: install Maven");
    assert!(
        output.status.success(),
        "Maven could not fetch {what}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let jars = fs::read_to_string(&made).expect("Maven has written the list of jars").trim().to_owned();
    // With the project that it is of: another version is fetched anew.
    fs::write(&made, format!("{jars}\n{project}")).expect("the list of jars can be written");
    fs::rename(&made, &kept).expect("the list of jars is kept");
    jars
}

/// Beside what Cargo builds: tests run from `<target>/release/deps`.
fn cache_dir() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|dir| dir.join("release").is_dir());
    target.map_or_else(std::env::temp_dir, Path::to_owned).join("tidegate-tests")
}
