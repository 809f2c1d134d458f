//! `tidegate test --watch`, as a person works with it: files are edited while it runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path, arguments: &[&str]) -> Watching {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["test", "--watch"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tidegate can be started");
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).take_while(|line| send.send(line.clone()).is_ok()).count()
        });
        Watching { child, lines }
    }

    /// All that it says until it waits again.
    fn round(&self) -> String {
        let mut said = String::new();
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it is silent after {said}"));
            said.push_str(&format!("{line}\n"));
            if line.starts_with("watching ") {
                return said;
            }
        }
    }

    fn interrupt(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill can be started");
        assert!(sent.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_each_file_runs_the_tests_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    let topology = |expected: u32| {
        format!(
            "topology t\nuse \"types.tide\" {{ E }}\nsource s: E = embedded(\"s\") key id\nstream o = s |> filter n > 1\nsink o -> embedded(\"o\")\n\
             test \"large ones\" {{\n  s <- file(\"in.ndjson\")\n  expect o == [ {{ id: \"b\", n: {expected} }} ]\n  snapshot o\n}}\n"
        )
    };
    write("types.tide", "topology types\ntype E { id: string, n: int }\n");
    write("in.ndjson", "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\",\"n\":2}\n");
    write("t.tide", &topology(2));
    let mut watching = Watching::start(dir.path(), &["t.tide"]);
    assert!(watching.round().contains("there is no snapshot yet"));
    let kept = "{\"id\":\"b\",\"n\":2}\n";
    std::fs::create_dir_all(dir.path().join("snapshots/t")).expect("made");
    write("snapshots/t/large-ones.o.ndjson", kept);
    let passed = "ok    large ones\n1 passed, 0 failed\nwatching 4 files; Ctrl-C ends\n";
    assert_eq!(watching.round(), format!("\nsnapshots/t/large-ones.o.ndjson has changed\n{passed}"));
    write("t.tide", &topology(33));
    let said = watching.round();
    assert!(said.starts_with("\nt.tide has changed\nFAIL  large ones\n"), "{said}");
    write("in.ndjson", "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\",\"n\":33}\n");
    let said = watching.round();
    assert!(said.starts_with("\nin.ndjson has changed\nFAIL  large ones\n"), "{said}");
    assert!(said.contains("the snapshot snapshots/t/large-ones.o.ndjson differs"), "{said}");
    // A file that cannot be read for a while is no end, and neither is one with an error.
    write("types.tide", "topology types\ntype F { id: string, n: int }\n");
    assert!(watching.round().starts_with("\ntypes.tide has changed\nwatching"));
    std::fs::remove_file(dir.path().join("types.tide")).expect("removed");
    assert!(watching.round().starts_with("\ntypes.tide has changed\nwatching"));
    // Two at once are one round.
    write("types.tide", "topology types\ntype E { id: string, n: int }\n");
    write("in.ndjson", "{\"id\":\"b\",\"n\":2}\n");
    assert!(watching.round().contains("types.tide ha"));
    write("t.tide", &topology(2));
    assert_eq!(watching.round(), format!("\nt.tide has changed\n{passed}"));
    assert_eq!(watching.interrupt(), Some(0));
}

/// What `--accept` writes itself is no change.
#[test]
fn accepted_snapshots_start_no_new_round() {
    let dir = tempfile::tempdir().expect("a folder");
    let topology = "topology t\nsource s: { id: string } = embedded(\"s\") key id\nstream o = s |> filter id != \"\"\nsink o -> embedded(\"o\")\ntest \"t\" {\n  s <- { id: \"a\" }\n  snapshot o\n}\n";
    std::fs::write(dir.path().join("t.tide"), topology).expect("written");
    let mut watching = Watching::start(dir.path(), &["t.tide", "--accept"]);
    assert!(watching.round().contains("kept snapshots/t/t.o.ndjson"));
    assert!(watching.lines.recv_timeout(Duration::from_millis(1_000)).is_err(), "it runs again by itself");
    assert_eq!(watching.interrupt(), Some(0));
}
