//! What is known inside of the language's larger parts: enums, lists and `x => …`, functions and params, tests.

use crate::client::{Client, URI, completions};
use serde_json::json;
use std::fmt::Write as _;

const TEXT: &str = r#"// 💶
topology orders

enum Status { placed, paid, "in transit" }
type Line { sku: string, price: decimal(10,2), tags: [string] }
type Order { id: string, customer: string, status: Status, before: Status?, lines: [Line], at: timestamp }
param least: decimal(10,2) = 1.00
param first: Status = "placed"

fn total(lines: [Line], most: int) -> decimal(38,2) = sum(map(lines, line => line.price))
fn large(o: Order) -> bool = total(o.lines, 5) > least

source orders: Order = kafka("orders") key id time at

stream paid = orders
  |> filter f"💶 {id}" != "" and status == Status.paid and large(it)
  |> add { dear: filter(lines, line => line.price > least and line.sku != id), state: match status { placed | paid => 1, _ => 2 } }

stream lines = orders
  |> expand lines as line
  |> map { id, sku: line.sku, price: line.price }

table spent = orders
  |> group by customer
  |> aggregate { n: count(), total: sum(total(lines, 3)) }

sink paid -> kafka("paid")
sink lines -> kafka("lines")
sink spent -> kafka("spent")

test "💶 orders" for c in [{ price: 2.00 }, { price: 3.00 }] {
  orders <- { id: "o1", customer: "c1", status: "paid", before: null, lines: [{ sku: "a", price: c.price, tags: ["x"] }], at: @10:00 }
  expect paid == [ { id: "o1", status: "paid", .. } ]
  expect lines == [ { sku: "a", .. } ]
}
"#;

/// The text with `from` in place of `to`; the cursor is in it.
fn with(from: &str, to: &str) -> String {
    assert!(TEXT.contains(from), "{from} is not in the text");
    TEXT.replacen(from, to, 1)
}

/// With lines behind the last declaration.
fn and(lines: &str) -> String {
    format!("{TEXT}\n{lines}\n")
}

#[test]
fn the_text_is_right() {
    let messages = Client::open(URI, TEXT).diagnostics_of(URI);
    assert!(messages.is_empty(), "{messages:?}");
}

fn told(cases: &[(&str, String)]) -> String {
    let mut told = String::new();
    for (what, text) in cases {
        let line = text.lines().find(|line| line.contains('▮')).expect("a mark").trim();
        let _ = writeln!(told, "== {what}: {line}\n{}", completions(text, URI));
    }
    told
}

#[test]
fn completion_of_enums() {
    insta::assert_snapshot!(told(&[
        ("values behind the name", with("Status.paid", "Status.▮")),
        ("values where it is compared", with("status == Status.paid", "status == ▮")),
        ("the beginning of a value", with("status == Status.paid", "status == Status.pa▮")),
        ("values in a match", with("match status { placed |", "match status { ▮ |")),
        ("values that are left", with("placed | paid => 1", "placed | ▮ => 1")),
        ("the type", with("before: Status?", "before: St▮")),
        ("the text of a value, in a test", with("status: \"paid\", before", "status: ▮, before")),
    ]));
}

#[test]
fn completion_of_lists() {
    insta::assert_snapshot!(told(&[
        ("an element's fields", with("line => line.price > least", "line => line.▮")),
        ("in the body", with("line => line.price > least", "line => ▮")),
        ("behind an element", and("stream x = orders |> map { id, a: lines[0].▮ }")),
        ("behind an element that may be null", and("stream x = orders |> map { id, a: lines[0]?.▮ }")),
        ("an expanded element", with("sku: line.sku", "sku: line.▮")),
        ("the list that is expanded", with("expand lines as", "expand ▮ as")),
        ("a nested one", and("stream x = orders |> map { id, a: any(lines, l => any(l.tags, t => ▮)) }")),
    ]));
}

#[test]
fn completion_of_functions_and_params() {
    insta::assert_snapshot!(told(&[
        ("an argument's type", with("fn large(o: Order)", "fn large(o: ▮)")),
        ("in a body", with("total(o.lines, 5) > least", "▮ > least")),
        ("an argument's fields", with("total(o.lines, 5)", "total(o.▮, 5)")),
        ("in a call", with("total(o.lines, 5)", "total(▮, 5)")),
        ("the result's type", with("-> bool =", "-> ▮ =")),
        ("a param's type", with("param least: decimal(10,2)", "param least: ▮")),
        ("a param's value", with("= \"placed\"", "= ▮")),
    ]));
}

#[test]
fn completion_in_tests() {
    let row = "  orders <- { id: \"o1\", customer: \"c1\", status: \"paid\", before: null,";
    insta::assert_snapshot!(told(&[
        ("a step of a test", with("  expect lines", "  ▮\n  expect lines")),
        ("what is fed", with("  orders <-", "  ▮ <-")),
        (
            "a field of a row",
            with(row, "  orders <- { ▮: \"o1\", customer: \"c1\", status: \"paid\", before: null,")
        ),
        ("a field of a new row", with("  expect paid ==", "  orders <- { ▮ }\n  expect paid ==")),
        ("a field that is left", with("  expect paid ==", "  orders <- { id: \"a\", ▮ }\n  expect paid ==")),
        ("a field of an expected row", with("{ sku: \"a\", .. }", "{ ▮ }")),
        ("a value of a row", with("price: c.price", "price: ▮")),
        ("the row of the case", with("price: c.price", "price: c.▮")),
        ("what was set aside", with("  expect lines ==", "  expect errors of ▮ ==")),
        ("what is expected", with("  expect lines ==", "  expect ▮ ==")),
    ]));
}

#[test]
fn hover_and_definition_inside_of_them() {
    let mut client = Client::open(URI, TEXT);
    let file = (URI, TEXT);
    for (mark, further) in [
        ("enum Status", 7),
        ("{ placed, paid,", 3),
        ("Status.paid", 2),
        ("Status.paid", 8),
        ("{ placed | paid", 3),
        ("before: Status", 9),
        ("line => line.price >", 2),
        ("line.price > least", 1),
        ("line.price > least", 6),
        ("line.sku != id", 6),
        ("line => line.price))", 1),
        ("line.price))", 6),
        ("expand lines as", 8),
        ("expand lines as line", 17),
        ("sku: line.sku", 7),
        ("sku: line.sku", 11),
        ("fn total", 4),
        ("total(lines: [", 7),
        ("total(lines, 3)", 1),
        ("param least", 7),
        ("> least and", 3),
        ("large(it)", 1),
        ("for c in", 4),
        ("c.price, tags", 0),
        ("c.price, tags", 3),
        ("{ id: \"o1\"", 2),
        ("customer: \"c1\"", 2),
        ("status: \"paid\", ..", 2),
        ("status: \"paid\", before", 10),
        ("expect paid", 8),
        ("  expect paid", 3),
        ("{ sku: \"a\", .. }", 3),
    ] {
        client.ask_at("hover", file, mark, further, &json!({}));
        client.ask_at("definition", file, mark, further, &json!({}));
    }
    client.ask("symbols", "textDocument/documentSymbol", json!({ "textDocument": { "uri": URI } }));
    insta::assert_snapshot!(client.hear());
}
