//! A whole conversation with the server, message by message.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use tidegate_lsp::serve;

const URI: &str = "file:///work/z%C3%BCrich.tide";

/// Wide characters stand before what is asked for: positions count UTF-16 units.
const TIDE: &str = r#"topology zürich_free
"#;

const TEXT: &str = r#"// Zahlungen 💶 in Zürich
topology zurich

param größe: int = 5
param limit: int = 5
type Payment { id: string, card: string, amount: decimal(18,2), merchant: { country: string }, at: timestamp }
type Alert { /* 💶 */ card: string, detail: string }

fn alert(p: Payment, detail: string) -> Alert = { card: p.card, detail }

source payments: Payment = kafka("payments")
  key card
  time at, out_of_order 10s

table blocklist: { card: string, reason: string } = kafka("blocklist") key card

stream velocity = payments
  |> rolling 5m by card { n: count(), volume: sum(amount) }   // „💶“ je Karte
  |> filter f"💶💶 {n}" != "" and n > limit
  |> map alert(it, f"💶 {n} × {volume}")

stream blocked = payments
  |> join blocklist by card
  |> map { card, detail: upper(blocklist.reason) }

stream alerts = merge velocity, blocked
  |> dedupe by card within 10m

sink alerts -> kafka("alerts", key: card)

test "💶 blocked" {
  blocklist <- { card: "c1", reason: "stolen" }
  payments <- { id: "p1", card: "c1", amount: 1.00, merchant: { country: "CH" }, at: @10:00 }
  expect alerts == [ { detail: "STOLEN", .. } ]
}
"#;
