//! Where the grammar stopped, and what it would have taken there.

use super::{Rule, expected};
use crate::format::token::Token;
use pest::error::{Error, ErrorVariant, InputLocation};

pub(crate) struct Stop {
    /// The first token that does not fit; behind the last one if more is needed.
    pub(super) index: usize,
    /// What fits, as a person calls it, in order.
    pub(super) expected: Vec<String>,
}

impl Stop {
    /// The error says where the grammar's last rule began; signs are no rules, so it may have come further than that.
    pub(super) fn find(rule: Rule, source: &str, tokens: &[Token], error: &Error<Rule>) -> Stop {
        let told = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let index = |at: usize| tokens.iter().position(|token| token.end > at).unwrap_or(tokens.len());
        let furthest = expected::furthest(rule, source).map(|(at, taken)| (index(at), taken));
        let (index, mut expected) = match (furthest, &error.variant) {
            (Some((further, taken)), _) if further > index(told) => {
                (further, taken.iter().filter_map(|taken| sign_or_word(taken)).collect())
            }
            (further, ErrorVariant::ParsingError { positives, .. }) => {
                let mut fits: Vec<String> = positives.iter().filter_map(|rule| human(*rule)).collect();
                // Behind an expression its brackets may close, too.
                let here = further.filter(|(further, _)| *further == index(told));
                let taken = here.into_iter().flat_map(|(_, taken)| taken);
                let ends = taken.filter(|taken| matches!(taken.as_str(), "," | ")" | "]" | "}"));
                fits.extend(ends.map(|taken| format!("`{taken}`")));
                (index(told), fits)
            }
            (_, ErrorVariant::CustomError { .. }) => (index(told), Vec::new()),
        };
        if rule != Rule::unit {
            for text in expected.iter_mut().filter(|text| *text == END) {
                *text = "the end of the text".to_owned();
            }
        }
        expected.sort();
        expected.dedup();
        // A value may begin in many ways: one word says them all.
        if expected.iter().any(|text| text == VALUE) {
            expected.retain(|text| !VALUES.contains(&text.as_str()));
        }
        Stop { index, expected }
    }
}

fn sign_or_word(taken: &str) -> Option<String> {
    const SIGNS: [&str; 11] = [",", "(", ")", "[", "]", "{", "}", "=", ":", "->", "=>"];
    if taken == "==" || taken == "<-" || SIGNS.contains(&taken) {
        return Some(format!("`{taken}`"));
    }
    expected::is_word(taken).then(|| word(taken))
}

fn word(word: &str) -> String {
    match word {
        "kafka" | "embedded" => "`kafka(\"…\")`".to_owned(),
        "and" | "or" | "is" | "between" | "in" => "an operator".to_owned(),
        "if" | "match" | "not" | "null" | "true" | "false" => VALUE.to_owned(),
        word => format!("`{word}`"),
    }
}

const END: &str = "the end of the declaration";
const VALUE: &str = "an expression";
/// What is an expression too.
const VALUES: [&str; 7] = [
    "a list `[ … ]`",
    "a name",
    "a string",
    "a number",
    "a length of time such as `10m`",
    "a time such as `@10:00`",
    "a record `{ … }`",
];

/// What a person calls a rule. None: it says nothing beside the others.
fn human(rule: Rule) -> Option<String> {
    let name = format!("{rule:?}");
    if let Some(keyword) = name.strip_prefix("k_") {
        return Some(word(keyword));
    }
    Some(
        match rule {
            Rule::ident | Rule::path | Rule::value_path => "a name",
            Rule::plain_string | Rule::inner_string => "a string",
            Rule::duration => "a length of time such as `10m`",
            Rule::timestamp => "a time such as `@10:00`",
            Rule::number | Rule::int => "a number",
            Rule::type_expr | Rule::type_base | Rule::record_type | Rule::decimal_type | Rule::array_type => {
                "a type"
            }
            Rule::expr
            | Rule::call
            | Rule::if_expr
            | Rule::match_expr
            | Rule::format_string
            | Rule::boolean
            | Rule::null
            | Rule::not_op
            | Rule::minus_op => VALUE,
            Rule::list_literal => "a list `[ … ]`",
            Rule::map_literal | Rule::map_entry => return None,
            Rule::lambda | Rule::lambda_names => "`x => …`",
            // They stand behind every expression, and say nothing beside the others.
            Rule::index | Rule::field_access | Rule::optional_mark => return None,
            Rule::variant => "a name",
            Rule::record => "a record `{ … }`",
            Rule::topic_ref => "a topic such as `kafka(\"payments\")`",
            Rule::step => "a step",
            Rule::assignments => "`{ name: … }`",
            Rule::assignment | Rule::field | Rule::entry | Rule::field_decl => "a field",
            Rule::EOI => END,
            Rule::nullable_mark => "`?`",
            Rule::source_clause | Rule::key_clause | Rule::time_clause | Rule::malformed_clause => {
                "`key`, `time` or `malformed ->`"
            }
            Rule::table_clause | Rule::history_clause | Rule::ttl_clause => {
                "`key`, `history`, `ttl`, `time` or `malformed ->`"
            }
            Rule::tumbling => "`tumbling`",
            Rule::hopping => "`hopping`",
            Rule::pipeline_input => "a stream's name",
            _ => return None,
        }
        .to_owned(),
    )
}
