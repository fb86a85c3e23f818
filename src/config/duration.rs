//! Durations as people write them: `5m`, `24h`, `1h30m`. Its own file because the configuration's format knows no durations.

use std::time::Duration;

/// Longer than any wait or delay can mean.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// Reads whole numbers, each with its unit of `ms`, `s`, `m`, `h` or `d`. `None` for anything else and for over ten years.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.chars().peekable();
    rest.peek()?;
    while rest.peek().is_some() {
        let number: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
        let unit: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_lowercase)).collect();
        let milliseconds = match unit.as_str() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let part = number.parse::<u64>().ok()?.checked_mul(milliseconds)?;
        total = total.checked_add(Duration::from_millis(part))?;
    }
    (total <= LONGEST).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_units() {
        let cases = [
            ("0s", Some(0)),
            ("250ms", Some(250)),
            ("60s", Some(60_000)),
            ("5m", Some(300_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("1h30m", Some(5_400_000)),
            ("3650d", Some(315_360_000_000)),
            ("3651d", None),
            ("99999999999999999999d", None),
            ("", None),
            ("5", None),
            ("m", None),
            ("5 m", None),
            ("-5m", None),
            ("1.5h", None),
            ("5w", None),
            ("5M", None),
            ("5é", None),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse(text), milliseconds.map(Duration::from_millis), "{text}");
        }
    }
}
