//! What is too deep or too large is told, in both spellings, and never overflows the stack of a thread.

use tidegate_dsl::diagnostic::{Code, codes, render_short};
use tidegate_dsl::{Compiled, SourceFile, compile};

const TIDE: &str = "topology t
type P { id: string, n: int, flag: bool, at: timestamp }
source payments: P = kafka(\"payments\") key id time at
sink out -> kafka(\"out\")
";
const YAML: &str = "topology: t
types: { P: { id: string, n: int, flag: bool, at: timestamp } }
sources: { payments: { type: P, kafka: payments, key: id, time: at } }
sinks: { out: { kafka: out } }
";

fn tide(expression: &str) -> Compiled {
    let text = format!("{TIDE}stream out = payments |> filter {expression}\n");
    compile(&SourceFile::new("deep.tide", text), &|_| None)
}

fn yaml(expression: &str) -> Compiled {
    let expression = expression.replace(['\n', '\t'], " ");
    let text = format!(
        "{YAML}streams:\n  out:\n    from: payments\n    steps:\n      - filter: >\n          {expression}\n"
    );
    compile(&SourceFile::new("deep.yaml", text), &|_| None)
}

/// One error, and this one.
fn only(compiled: &Compiled, code: Code) {
    let told = render_short(&compiled.sources, &compiled.diagnostics);
    let errors: Vec<_> = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(compiled.plan.is_none(), "it was taken");
    assert!(errors.iter().any(|error| error.code == code), "{}", &told[..told.len().min(2000)]);
    assert!(errors.len() <= 2, "{}", &told[..told.len().min(2000)]);
}

#[test]
fn deep_expressions_are_refused() {
    const DEEP: usize = 20_000;
    let around =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP));
    let expressions = [
        around("(", "flag", ")"),
        around("not (", "flag", ")"),
        around("[", "flag", "]"),
        around("{ a: ", "flag", " }"),
        around("f(", "flag", ")"),
        around("if flag { ", "flag", " } else { flag }"),
        around("match flag { true => ", "flag", ", _ => flag }"),
        around("f\"{", "flag", "}\""),
        // An escaped quote makes strings end elsewhere for whoever counts them carelessly.
        around("f\"{\"\\\"\" + ", "flag", "}\""),
        format!("{}flag", "not ".repeat(DEEP)),
        format!("{}flag", "not\n\t".repeat(DEEP)),
        format!("n > {}1", "- ".repeat(DEEP)),
        format!("n > {}1", "-not ".repeat(DEEP)),
        format!("{} {{ flag }}", "if flag { flag } else ".repeat(DEEP)),
        format!("n > 1{}", " + 1".repeat(DEEP)),
        format!("flag{}", " or flag".repeat(DEEP)),
        format!("flag{}", " ?? flag".repeat(DEEP)),
        format!("n{}", " is null".repeat(DEEP)),
        format!("n{} == 1", " in [1]".repeat(DEEP)),
        around("any([1], x => ", "flag", ")"),
        format!("n{} == 1", "[0]".repeat(DEEP)),
        format!("(payments){} == 1", "?.a".repeat(DEEP)),
        // As deep by operators inside of brackets.
        format!("n > {}1{}", "(1 + 1 + 1 + 1 + 1 + 1 + ".repeat(60), ")".repeat(60)),
    ];
    for expression in &expressions {
        only(&tide(expression), codes::TOO_DEEP);
        only(&yaml(expression), codes::TOO_DEEP);
    }
}

#[test]
fn what_people_write_is_not_too_deep() {
    let brackets = format!("{}flag{}", "(".repeat(60), ")".repeat(60));
    let many = format!("flag{}", " or n == 1".repeat(60));
    let chain = format!("{} {{ flag }}", "if n == 1 { flag } else ".repeat(60));
    for expression in [brackets, many, chain] {
        for compiled in [tide(&expression), yaml(&expression)] {
            let told = render_short(&compiled.sources, &compiled.diagnostics);
            assert!(compiled.plan.is_some(), "{told}");
        }
    }
}

#[test]
fn deep_types_are_refused() {
    let record = format!("{}int{}", "{ a: ".repeat(5_000), " }".repeat(5_000));
    let text = format!("topology t\ntype A {{ a: {record} }}\n");
    only(&compile(&SourceFile::new("t.tide", text), &|_| None), codes::TOO_DEEP);
    let text = format!("topology: t\ntypes:\n  A:\n    a: '{record}'\n");
    only(&compile(&SourceFile::new("t.yaml", text), &|_| None), codes::TOO_DEEP);
    // Types that hold one another are deep without a bracket; so are their columns.
    let chain: String =
        (0..1_500).map(|number| format!("type T{number} {{ a: T{} }}\n", number + 1)).collect();
    let text = format!(
        "topology t\n{chain}type T1500 {{ a: int }}\nsource s: T0 = kafka(\"s\")\nsink s -> kafka(\"o\")\n"
    );
    only(&compile(&SourceFile::new("t.tide", text), &|_| None), codes::TOO_DEEP);
}

#[test]
fn what_grows_by_names_is_refused() {
    // Each type has the next one twice: a few lines that mean more columns than there are atoms.
    let types: String = (0..31)
        .map(|number| format!("type T{number} {{ a: T{next}, b: T{next} }}\n", next = number + 1))
        .collect();
    let text = format!(
        "topology t\n{types}type T31 {{ a: int }}\nsource s: T0 = kafka(\"s\")\nsink s -> kafka(\"o\")\n"
    );
    only(&compile(&SourceFile::new("t.tide", text), &|_| None), codes::TOO_LARGE);
    let functions: String =
        (0..1_000).map(|number| format!("fn f{number}(x: int) -> int = f{}(x)\n", number + 1)).collect();
    let text =
        format!("{TIDE}{functions}fn f1000(x: int) -> int = x\nstream out = payments |> filter f0(n) > 1\n");
    let compiled = compile(&SourceFile::new("t.tide", text), &|_| None);
    assert!(compiled.diagnostics.iter().any(|diagnostic| diagnostic.code == codes::TOO_LARGE));
    let steps = " |> filter flag".repeat(20_000);
    only(
        &compile(&SourceFile::new("t.tide", format!("{TIDE}stream out = payments{steps}\n")), &|_| None),
        codes::TOO_DEEP,
    );
}

#[test]
fn deep_yaml_is_refused() {
    let list = format!("topology: t\nstreams: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let map = format!("topology: t\nstreams: {}1{}\n", "{ a: ".repeat(50_000), " }".repeat(50_000));
    let dashes = format!("topology: t\nstreams:\n  {}1\n", "- ".repeat(50_000));
    let mut block = "topology: t\nstreams:\n".to_owned();
    for depth in 1..1_000 {
        block.push_str(&" ".repeat(depth));
        block.push_str("a:\n");
    }
    for text in [list, map, dashes, block] {
        let compiled = compile(&SourceFile::new("t.yaml", text), &|_| None);
        let told = render_short(&compiled.sources, &compiled.diagnostics);
        assert!(compiled.plan.is_none());
        assert!(told.lines().count() <= 2, "{told}");
    }
}

/// Aliases of aliases: a few lines that mean billions of values.
#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "topology: t\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 9].join(", ")));
    }
    let compiled = compile(&SourceFile::new("t.yaml", text), &|_| None);
    assert!(compiled.plan.is_none());
}

#[test]
fn large_files_are_refused() {
    let comment = "// A line that says nothing.\n".repeat(60_000);
    only(&compile(&SourceFile::new("t.tide", format!("{TIDE}{comment}")), &|_| None), codes::TOO_LARGE);
    let comment = comment.replace("//", "#");
    only(&compile(&SourceFile::new("t.yaml", format!("{YAML}{comment}")), &|_| None), codes::TOO_LARGE);
    let types: String = (0..2_001).map(|number| format!("type T{number} {{ a: int }}\n")).collect();
    only(&compile(&SourceFile::new("t.tide", format!("topology t\n{types}")), &|_| None), codes::TOO_LARGE);
    let types: String = (0..2_001).map(|number| format!("  T{number}: {{ a: int }}\n")).collect();
    only(
        &compile(&SourceFile::new("t.yaml", format!("topology: t\ntypes:\n{types}")), &|_| None),
        codes::TOO_LARGE,
    );
}
