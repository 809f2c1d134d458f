//! Files with mistakes, and what is said of each: every file of `wrong/` and `warned/` has its snapshot, every code a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tidegate_dsl::diagnostic::{
    Diagnostic, codes, render, render_github, render_json, render_sarif, render_short,
};
use tidegate_dsl::{Compiled, Files, Options, SourceFile, Sources, compile_with};

struct Beside<'a>(&'a Path);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|_| "there is no such file".to_owned())
    }
}

fn compiled(dir: &Path, file: &SourceFile, params: &BTreeMap<String, String>) -> Compiled {
    compile_with(file, &Options { environment: &|_| None, params, files: &Beside(dir) })
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn read(dir: &Path, name: &str) -> SourceFile {
    SourceFile::new(name, std::fs::read_to_string(dir.join(name)).expect("read"))
}

/// The files of a folder beside this one, by name, compiled. Folders in it hold what they use.
fn files(name: &str) -> Vec<Compiled> {
    let dir = folder(name);
    let entries = std::fs::read_dir(&dir).expect("the folder is there").map(|entry| entry.expect("an entry"));
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.iter().map(|name| compiled(&dir, &read(&dir, name), &BTreeMap::new())).collect()
}

fn told(compiled: &Compiled) -> String {
    let (sources, diagnostics) = (&compiled.sources, &compiled.diagnostics);
    format!("{}----\n{}", render(sources, diagnostics), render_short(sources, diagnostics))
}

fn snapshot_name(compiled: &Compiled) -> String {
    compiled.sources.own().name.replace('.', "_")
}

#[test]
fn every_wrong_file_is_told_why() {
    let files = files("wrong");
    assert!(files.len() >= 150);
    assert!(files.iter().filter(|file| file.sources.own().is_yaml()).count() >= 40);
    let unseen: Vec<&str> = files
        .iter()
        .filter(|file| file.plan.is_some())
        .map(|file| file.sources.own().name.as_str())
        .collect();
    assert!(unseen.is_empty(), "wrong, and nobody saw it: {unseen:?}");
    for file in files {
        insta::assert_snapshot!(snapshot_name(&file), told(&file));
    }
}

#[test]
fn every_warned_file_is_told_why() {
    for file in files("warned") {
        let name = &file.sources.own().name;
        assert!(file.plan.is_some() && !file.diagnostics.is_empty(), "{name} has warnings alone");
        insta::assert_snapshot!(format!("warned_{}", snapshot_name(&file)), told(&file));
    }
}

#[test]
fn every_code_has_a_page_and_a_file_that_shows_it() {
    let shown: BTreeSet<_> = ["wrong", "warned"]
        .iter()
        .flat_map(|folder| files(folder))
        .flat_map(|file| file.diagnostics)
        .map(|diagnostic| diagnostic.code)
        .collect();
    let missing: Vec<String> = codes::ALL
        .iter()
        .filter(|(code, _)| !shown.contains(code))
        .map(|(code, _)| code.to_string())
        .collect();
    assert!(missing.is_empty(), "no file shows {missing:?}");
    assert!(shown.iter().all(|code| codes::page(*code).len() > 40));
}

/// An edit is worth having only if the finding is gone with it.
#[test]
fn edits_mend_what_they_are_given_for() {
    let mut mended = 0;
    for (folder_name, file) in ["wrong", "warned"]
        .iter()
        .flat_map(|folder| files(folder).into_iter().map(move |file| (*folder, file)))
    {
        let own = file.sources.own();
        for diagnostic in &file.diagnostics {
            let Some(edit) = diagnostic.edit(&file.sources) else { continue };
            // The files of `shared/` are wrong for those that use them.
            if file.sources.file_of(edit.span).0 > 0 {
                continue;
            }
            let mut text = own.text.clone();
            text.replace_range(own.range(edit.span), &edit.text);
            let mended_file = SourceFile::new(own.name.clone(), text.clone());
            let after = compiled(&folder(folder_name), &mended_file, &BTreeMap::new()).diagnostics;
            let still = |after: &Diagnostic| {
                after.code == diagnostic.code
                    && after.message == diagnostic.message
                    && after.labels == diagnostic.labels
            };
            assert!(!after.iter().any(still), "{}: {:?} mends nothing\n{text}", own.name, edit);
            mended += 1;
        }
    }
    assert!(mended >= 30, "{mended}");
}

/// What a mend of the syntax leaves is right, or has a mend of its own: nobody is led into a text that is worse.
#[test]
fn mends_of_the_syntax_lead_to_a_text_that_is_read() {
    let is_syntax = |diagnostic: &&Diagnostic| diagnostic.code == codes::SYNTAX;
    let (mut mended, mut worse) = (0, Vec::new());
    for file in files("wrong").into_iter().filter(|file| !file.sources.own().is_yaml()) {
        let name = file.sources.own().name.clone();
        let without = |file: &Compiled| {
            let syntax = file.diagnostics.iter().filter(is_syntax);
            syntax.filter(|diagnostic| diagnostic.edit(&file.sources).is_none()).count()
        };
        let (hopeless, mut now) = (without(&file), file);
        loop {
            let own = now.sources.own().text.clone();
            let edits = now.diagnostics.iter().filter(is_syntax).filter_map(|told| told.edit(&now.sources));
            let Some(edit) = edits.into_iter().find(|edit| now.sources.file_of(edit.span).0 == 0) else {
                break;
            };
            let mut text = own;
            text.replace_range(now.sources.own().range(edit.span), &edit.text);
            mended += 1;
            assert!(mended < 2000, "{name}: mends without end\n{text}");
            now = compiled(&folder("wrong"), &SourceFile::new(name.clone(), text), &BTreeMap::new());
        }
        let left = without(&now);
        let told = render(&now.sources, &now.diagnostics);
        if left > hopeless {
            worse.push(format!("{name}: {left} are left, and {hopeless} had no mend\n{told}"));
        }
    }
    assert!(worse.is_empty(), "{}", worse.join("\n"));
    assert!(mended >= 200, "{mended}");
}

#[test]
fn forms_for_machines() {
    let all: Vec<Compiled> =
        ["two_errors.tide", "yaml_unknown_field.yaml", "typo_filter.tide", "use_files.tide"]
            .iter()
            .map(|name| compiled(&folder("wrong"), &read(&folder("wrong"), name), &BTreeMap::new()))
            .collect();
    let join = |form: fn(&Sources, &[Diagnostic]) -> String| {
        all.iter().map(|file| form(&file.sources, &file.diagnostics)).collect::<String>()
    };
    let json = join(render_json);
    let count: usize = all.iter().map(|file| file.diagnostics.len()).sum();
    assert_eq!(json.lines().count(), count);
    for line in json.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        for key in ["file", "code", "severity", "message", "start", "end", "labels", "notes", "edits"] {
            assert!(!value[key].is_null(), "{key} is missing in {line}");
        }
    }
    insta::assert_snapshot!("form_json", json);
    insta::assert_snapshot!("form_github", join(render_github));
    let files: Vec<(&Sources, &[Diagnostic])> =
        all.iter().map(|file| (&file.sources, &file.diagnostics[..])).collect();
    let sarif = render_sarif(&files);
    insta::assert_snapshot!("form_sarif", sarif.split("\"rules\"").next().unwrap_or(&sarif));
    check_sarif(&serde_json::from_str(&sarif).expect("SARIF is JSON"), count);
}

/// What SARIF 2.1.0 requires of a log (sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30, 3.49, 3.55 to 3.57).
fn check_sarif(log: &serde_json::Value, results: usize) {
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().expect("rules");
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), rules.len(), "ids of rules are unique");
    assert!(rules.iter().all(|rule| rule["fullDescription"]["text"].is_string()));
    let all = runs[0]["results"].as_array().expect("results");
    assert_eq!(all.len(), results);
    for result in all {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].is_string());
        for location in result["locations"].as_array().expect("locations") {
            check_region(&location["physicalLocation"]["region"]);
            assert!(location["physicalLocation"]["artifactLocation"]["uri"].is_string());
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            for change in fix["artifactChanges"].as_array().expect("changes") {
                assert!(change["artifactLocation"]["uri"].is_string());
                for replacement in change["replacements"].as_array().expect("replacements") {
                    check_region(&replacement["deletedRegion"]);
                    assert!(replacement["insertedContent"]["text"].is_string());
                }
            }
        }
    }
}

fn check_region(region: &serde_json::Value) {
    let number = |key: &str| region[key].as_u64().unwrap_or(0);
    assert!(number("startLine") >= 1 && number("startColumn") >= 1 && number("endColumn") >= 1);
    assert!((number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")));
}

/// A file that only declares is right without a name, and nothing needs to read what it declares. One that runs something is not.
#[test]
fn a_file_for_others_to_use_is_right() {
    let dir = folder("right/shared");
    let library = compiled(&dir, &read(&dir, "payments.tide"), &BTreeMap::new());
    assert_eq!(render_short(&library.sources, &library.diagnostics), "");
    assert!(library.is_library && library.plan.is_none());
    let library = compiled(&dir, &read(&dir, "money.yaml"), &BTreeMap::new());
    assert_eq!(render_short(&library.sources, &library.diagnostics), "");
    assert!(library.is_library);
    let without = |more: &str| {
        let text = format!("source payments: {{ id: string }} = kafka(\"payments\")\n{more}");
        let file = compiled(&dir, &SourceFile::new("a.tide", text), &BTreeMap::new());
        assert!(!file.is_library);
        render_short(&file.sources, &file.diagnostics)
    };
    assert!(without("sink payments -> kafka(\"out\")\n").contains("T0205"));
    assert!(without("topology t\n").contains("T0204"));
    assert!(without("stream a = payments |> filter nothing == 1\n").contains("T0201"));
}

#[test]
fn params_that_are_given_wrongly_are_told() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/fraud");
    let given = |name: &str, value: &str| {
        let params = [(name.to_owned(), value.to_owned())].into();
        let compiled = compiled(&dir, &read(&dir, "topology.tide"), &params);
        render_short(&compiled.sources, &compiled.diagnostics)
    };
    assert_eq!(given("max_per_5m", "9"), "");
    insta::assert_snapshot!(format!("{}{}", given("max_per_5m", "many"), given("max_per_6m", "9")));
    // What was given stands in no file: the frame shows the option.
    let params = [("max_per_6m".to_owned(), "9".to_owned())].into();
    let compiled = compiled(&dir, &read(&dir, "topology.tide"), &params);
    insta::assert_snapshot!("param_unknown", render(&compiled.sources, &compiled.diagnostics));
}
