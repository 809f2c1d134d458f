//! The guide, as a reader follows it: in an empty folder for each page, the tests in its topologies are run, and its commands give what it shows.
//!
//! `GUIDE_UPDATE=1` writes what the commands give now into the pages; read the difference as a new user would.

#[path = "../dsl/tests/support/pages.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod pages;
mod support;

use pages::{Block, Page, pages};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{repository, tidegate};

/// Runs a line in the page's folder, with `tidegate` as a command; standard output and error as a terminal shows them.
fn shell(line: &str, dir: &Path) -> (bool, String) {
    let program = tidegate();
    let folder = program.parent().expect("the program lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {line}")])
        .current_dir(dir)
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("NO_COLOR", "1")
        .env_remove("TIDEGATE_BROKERS")
        .env_remove("TIDEGATE_DATA")
        .stdin(Stdio::null())
        .output()
        .expect("a shell can be started");
    (output.status.success(), String::from_utf8(output.stdout).expect("text"))
}

/// Commands of a block: each line that begins with `$ `, a `\` at its end going on in the next one.
fn play(block: &Block, dir: &Path) -> String {
    let mut shown = String::new();
    let mut lines = block.text.lines();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        shown.push_str(&format!("{line}\n"));
        while command.ends_with('\\') {
            let next = lines.next().expect("the command goes on");
            command.push_str(&format!("\n{next}"));
            shown.push_str(&format!("{next}\n"));
        }
        let (_, said) = shell(&command, dir);
        shown.push_str(&said);
        if !said.is_empty() && !said.ends_with('\n') {
            shown.push('\n');
        }
    }
    shown
}

fn has_test(block: &Block) -> bool {
    match block.language() {
        "tide" => block.text.lines().any(|line| line.starts_with("test \"")),
        "yaml" => block.text.lines().any(|line| line == "tests:"),
        _ => false,
    }
}

fn follow(page: &Page, guide: &Path) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut different = Vec::new();
    let mut text: Vec<String> = page.text.lines().map(str::to_owned).collect();
    // From the end, so that lines that are put in move nothing that is still to come.
    let mut updates = Vec::new();
    for block in &page.blocks {
        if let Some(name) = &block.file {
            std::fs::write(dir.path().join(name), block.topology(guide)).expect("the file can be written");
        }
        if has_test(block) && !block.is("other") && !block.is("wrong") && !block.is("refused") {
            let name = format!("line-{}.{}", block.line, block.language());
            std::fs::write(dir.path().join(&name), block.topology(guide)).expect("written");
            let (passed, said) = shell(&format!("tidegate test --accept {name}"), dir.path());
            if passed == block.is("fails") {
                different.push(format!("{}:{}: its tests\n{said}", page.name, block.line));
            }
            // The folder is that of a reader, who has no such file.
            std::fs::remove_file(dir.path().join(&name)).expect("removed");
            let _ =
                std::fs::remove_dir_all(dir.path().join("snapshots").join(format!("line-{}", block.line)));
            let _ = std::fs::remove_dir(dir.path().join("snapshots"));
        }
        if block.language() == "console" && !block.is("kafka") {
            let now = play(block, dir.path());
            if now != block.text {
                different
                    .push(format!("{}:{}: shows\n{}\nand gives\n{now}", page.name, block.line, block.text));
                updates.push((block.line - 1, block.text.lines().count(), now));
            }
        }
    }
    if std::env::var_os("GUIDE_UPDATE").is_some() {
        for (start, count, now) in updates.into_iter().rev() {
            text.splice(start..start + count, now.lines().map(str::to_owned));
        }
        std::fs::write(&page.path, text.join("\n") + "\n").expect("the page can be written");
    }
    different
}

#[test]
fn the_pages_can_be_followed() {
    let guide = repository("dsl/guide");
    let different: Vec<String> = pages(&guide).iter().flat_map(|page| follow(page, &guide)).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
