//! Files that use one another: on the disk, open, and open with changes that are not saved.

use crate::client::{Client, completions_at};
use serde_json::{Value, json};
use std::fmt::Write as _;
use tempfile::TempDir;

/// No topology of its own, but a part of two.
const PARTS: &str = r#"// 💶
enum Status { placed, paid }
type Payment { id: string, card: string, amount: decimal(18,2), status: Status, at: timestamp }
param limit: int = 5
fn is_large(p: Payment) -> bool = p.amount > 100.00
source payments: Payment = kafka("payments") key card time at
stream large = payments
  |> filter is_large(it)
"#;

const MAIN: &str = r#"topology main
use "parts/payments.tide" { Payment, payments, large, limit }

fn card_of(p: Payment) -> string = f"💶 {p.card}"

stream many = payments
  |> rolling 5m by card { n: count() }
  |> filter n > limit and status == Status.paid
  |> map { card: card_of(it), amount }
stream both = merge payments, large
  |> map { card }

sink many -> kafka("many")
sink both -> kafka("both")
"#;

/// Uses the same part, and is not open.
const OTHER: &str = r#"topology: other
use:
  parts/payments.tide: [large]
streams:
  small:
    from: large
    steps:
      - map: { id: id, small: not is_large(it) }
sinks:
  small: { kafka: small }
"#;

struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("parts")).expect("a folder");
        let project = Project { folder };
        project.write("parts/payments.tide", PARTS);
        project.write("main.tide", MAIN);
        project.write("other.yaml", OTHER);
        project
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("it is written");
    }

    fn root(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    fn uri(&self, name: &str) -> String {
        format!("{}/{name}", self.root())
    }

    fn client(&self) -> Client {
        Client::in_folder(&self.root())
    }
}

#[test]
fn what_is_declared_in_a_used_file_is_known() {
    let project = Project::new();
    let main = project.uri("main.tide");
    let mut client = project.client();
    client.open_file(&main, MAIN);
    for (mark, further) in [
        ("parts/payments", 3),
        ("{ Payment, ", 3),
        ("payments, large, limit", 1),
        ("large, limit", 1),
        ("p: Payment", 4),
        ("p.card", 3),
        ("= payments\n", 3),
        ("n > limit", 5),
        ("Status.paid", 2),
        ("Status.paid", 8),
        ("map { card }", 7),
    ] {
        client.ask_at("hover", (&main, MAIN), mark, further, &json!({}));
        client.ask_at("definition", (&main, MAIN), mark, further, &json!({}));
    }
    insta::assert_snapshot!(client.hear());
}

#[test]
fn names_are_found_and_changed_in_all_files() {
    let project = Project::new();
    let (main, parts) = (project.uri("main.tide"), project.uri("parts/payments.tide"));
    let mut client = project.client();
    client.open_file(&main, MAIN);
    let with = json!({ "context": { "includeDeclaration": true } });
    let without = json!({ "context": { "includeDeclaration": false } });
    client.ask_at("references", (&main, MAIN), "payments, large, limit", 10, &with);
    client.ask_at("references", (&main, MAIN), "payments, large, limit", 10, &without);
    client.ask_at("prepareRename", (&main, MAIN), "payments, large, limit", 10, &json!({}));
    let name = |name: &str| json!({ "newName": name });
    client.ask_at("rename", (&main, MAIN), "payments, large, limit", 10, &name("big"));
    client.ask_at("rename", (&main, MAIN), "p: Payment", 4, &name("Zahlung"));
    // It is taken in a file that is not open, in the part, and here.
    client.ask_at("rename", (&main, MAIN), "payments, large, limit", 10, &name("small"));
    client.ask_at("rename", (&main, MAIN), "payments, large, limit", 10, &name("payments"));
    client.ask_at("rename", (&main, MAIN), "payments, large, limit", 10, &name("many"));
    // From the part itself, of which nothing is open but itself.
    client.close(&main);
    client.open_file(&parts, PARTS);
    client.ask_at("references", (&parts, PARTS), "is_large(p", 1, &with);
    client.ask_at("rename", (&parts, PARTS), "is_large(p", 1, &name("is_big"));
    insta::assert_snapshot!(client.hear());
}

#[test]
fn an_open_file_is_read_as_it_is_open() {
    let project = Project::new();
    let (main, parts) = (project.uri("main.tide"), project.uri("parts/payments.tide"));
    let mut client = project.client();
    client.open_file(&main, MAIN);
    // Nothing is wrong with the part, though it has no name of its own.
    client.open_file(&parts, PARTS);
    client.change(&parts, &PARTS.replace("card: string, ", "").replace("key card ", ""));
    client.ask_at("definition", (&main, MAIN), "status == Status", 1, &json!({}));
    // What is on the disk counts again.
    client.close(&parts);
    insta::assert_snapshot!(client.hear());
}

#[test]
fn a_used_file_has_diagnostics_of_its_own() {
    let project = Project::new();
    let (main, parts) = (project.uri("main.tide"), project.uri("parts/payments.tide"));
    let wrong = PARTS.replace("is_large(it)", "\"💶\" == id and amuont > 5.00");
    project.write("parts/payments.tide", &wrong);
    let mut client = project.client();
    client.open_file(&main, MAIN);
    client.open_file(&parts, &wrong);
    let range = json!({ "start": { "line": 7, "character": 0 }, "end": { "line": 8, "character": 0 } });
    let document = json!({ "uri": parts });
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    client.ask("a mend of the part", "textDocument/codeAction", params);
    client.close(&main);
    client.close(&parts);
    client.open_file(&main, MAIN);
    client.close(&main);
    insta::assert_snapshot!(client.hear());
}

#[test]
fn a_file_that_is_changed_on_the_disk_is_read_again() {
    let project = Project::new();
    let (main, parts) = (project.uri("main.tide"), project.uri("parts/payments.tide"));
    std::fs::remove_file(project.folder.path().join("parts/payments.tide")).expect("it was there");
    let mut client = project.client();
    client.open_file(&main, MAIN);
    let missing: Vec<Value> = client.diagnostics_of(&main);
    assert!(missing.iter().any(|diagnostic| diagnostic["code"] == "T0206"), "{missing:?}");
    project.write("parts/payments.tide", PARTS);
    let mut client = project.client();
    client.open_file(&main, &MAIN.replace("parts/", "part/"));
    client.change(&main, MAIN);
    client.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": parts, "type": 1 }] }));
    let after = client.diagnostics_of(&main);
    assert!(after.iter().all(|diagnostic| diagnostic["severity"] == 2), "{after:?}");
}

#[test]
fn completion_knows_used_files() {
    let project = Project::new();
    let main = project.uri("main.tide");
    let cases = [
        ("a file beside", MAIN.replace("parts/payments.tide", "▮")),
        ("a file below", MAIN.replace("parts/payments.tide", "parts/p▮ayments.tide")),
        ("names of a file", MAIN.replace("{ Payment, payments,", "{ Payment, ▮,")),
        ("a flow", MAIN.replace("merge payments, large", "merge payments, ▮")),
        ("a type", MAIN.replace("p: Payment", "p: ▮")),
        ("a field", MAIN.replace("p.card", "p.▮")),
        ("a key", MAIN.replace("by card", "by ▮")),
    ];
    let mut told = String::new();
    for (what, text) in cases {
        let _ = writeln!(told, "== {what}\n{}", completions_at(project.client(), &text, &main));
    }
    let other = project.uri("other.yaml");
    let text = OTHER.replace("[large]", "[large, ▮]");
    let _ =
        writeln!(told, "== names of a file, in YAML\n{}", completions_at(project.client(), &text, &other));
    insta::assert_snapshot!(told);
}
