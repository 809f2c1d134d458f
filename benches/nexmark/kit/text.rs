//! Values as the queries' rows spell them.

const DAY_MS: i64 = 86_400_000;

/// `2023-11-14`
pub fn day(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}")
}

pub fn hour(ms: i64) -> i64 {
    ms.rem_euclid(DAY_MS) / 3_600_000
}

/// `22:13`
pub fn minute(ms: i64) -> String {
    format!("{:02}:{:02}", hour(ms), ms.rem_euclid(3_600_000) / 60_000)
}

/// RFC 3339 in UTC, with as many digits of a second as are needed, by threes.
pub fn time(ms: i64) -> String {
    let (second, rest) = (ms.rem_euclid(60_000) / 1_000, ms.rem_euclid(1_000));
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    format!("{}T{}:{second:02}{fraction}Z", day(ms), minute(ms))
}

/// A price in cents at 0.908 to one: exactly, with three digits behind the point.
pub fn converted(price: i64) -> String {
    let thousandths = price * 908;
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

/// The date of a day, counted from the epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(365);
    let begins = |year: i64| {
        let before = year - 1;
        365 * (year - 1970) + (before / 4 - before / 100 + before / 400)
            - (1969 / 4 - 1969 / 100 + 1969 / 400)
    };
    while begins(year) > days {
        year -= 1;
    }
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut left = days - begins(year);
    for (index, length) in lengths.into_iter().enumerate() {
        if left < length {
            return (year, index as i64 + 1, left + 1);
        }
        left -= length;
    }
    unreachable!("a year has no more days than its months")
}
