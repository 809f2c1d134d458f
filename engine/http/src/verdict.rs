//! What an answer means for the row that was sent.

use std::time::Duration;
use tidegate_model::time::days_from_civil;

/// So much of an answer's body is kept to tell why.
pub const BODY_BYTES_MAX: usize = 500;

/// What came of one attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    Status {
        code: u16,
        /// `Retry-After`, as it was written.
        retry_after: Option<String>,
        /// The first bytes of it.
        body: String,
    },
    /// No connection, no answer in time, or a connection that broke.
    None { why: String },
    /// The request cannot be made at all.
    Impossible { why: String },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Taken,
    /// It may be taken later, and not before `wait` has passed.
    Again {
        why: String,
        wait: Option<Duration>,
    },
    /// It would be answered the same again.
    Refused {
        code: String,
        why: String,
    },
}

/// `unix_seconds`: now, for a `Retry-After` that is a date.
pub fn verdict(answer: Answer, unix_seconds: i64) -> Verdict {
    match answer {
        Answer::None { why } => Verdict::Again { why, wait: None },
        Answer::Impossible { why } => Verdict::Refused { code: "http_request".to_owned(), why },
        Answer::Status { code: 200..=299, .. } => Verdict::Taken,
        Answer::Status { code: code @ (408 | 425 | 429 | 500..=599), retry_after, body } => {
            let wait = retry_after.and_then(|text| retry_after_of(&text, unix_seconds));
            Verdict::Again { why: told(code, &body), wait }
        }
        Answer::Status { code, body, .. } => {
            Verdict::Refused { code: format!("http_{code}"), why: told(code, &body) }
        }
    }
}

fn told(code: u16, body: &str) -> String {
    let name = match code {
        300..=399 => " (a redirect, which is not followed)",
        400 => " Bad Request",
        401 => " Unauthorized",
        403 => " Forbidden",
        404 => " Not Found",
        408 => " Request Timeout",
        409 => " Conflict",
        413 => " Content Too Large",
        415 => " Unsupported Media Type",
        422 => " Unprocessable Content",
        429 => " Too Many Requests",
        500 => " Internal Server Error",
        502 => " Bad Gateway",
        503 => " Service Unavailable",
        504 => " Gateway Timeout",
        _ => "",
    };
    let body = body.trim();
    if body.is_empty() { format!("answered {code}{name}") } else { format!("answered {code}{name}: {body}") }
}

/// Seconds, or a date as `Sun, 06 Nov 1994 08:49:37 GMT`. Nothing of another form, and a day at most.
fn retry_after_of(text: &str, unix_seconds: i64) -> Option<Duration> {
    const MOST: Duration = Duration::from_secs(24 * 3600);
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::from_secs(u64::try_from(date(text)? - unix_seconds).unwrap_or(0)),
    };
    Some(wait.min(MOST))
}

fn date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_once(", ")?.1.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as u32 + 1;
    let clock: Vec<i64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hour, minute, second] = clock[..] else { return None };
    let (year, day): (i64, u32) = (year.parse().ok()?, day.parse().ok()?);
    let fits = (1970..10_000).contains(&year)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    fits.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, retry_after: Option<&str>, body: &str) -> Verdict {
        let retry_after = retry_after.map(str::to_owned);
        verdict(Answer::Status { code, retry_after, body: body.to_owned() }, 784_111_777)
    }

    #[test]
    fn what_may_get_better_is_tried_again() {
        for code in [200, 201, 204] {
            assert_eq!(status(code, None, ""), Verdict::Taken, "{code}");
        }
        for code in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(matches!(status(code, None, ""), Verdict::Again { wait: None, .. }), "{code}");
        }
        for code in [301, 307, 400, 401, 404, 409, 410, 422] {
            assert!(matches!(status(code, None, ""), Verdict::Refused { .. }), "{code}");
        }
        assert!(matches!(verdict(Answer::None { why: "refused".into() }, 0), Verdict::Again { .. }));
    }

    #[test]
    fn a_refusal_tells_status_and_body() {
        let Verdict::Refused { code, why } = status(400, None, "{\"error\":\"no such customer\"}\n") else {
            panic!("it is refused")
        };
        assert_eq!(code, "http_400");
        assert_eq!(why, "answered 400 Bad Request: {\"error\":\"no such customer\"}");
    }

    /// The date is that of RFC 9110, 784111777 seconds after 1970.
    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |text: &str| match status(503, Some(text), "") {
            Verdict::Again { wait, .. } => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999"), Some(86_400));
        for wrong in [
            "",
            "soon",
            "-1",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(wait(wrong), None, "{wrong}");
        }
    }
}
