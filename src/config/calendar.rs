//! The working hours that `[calendar]` names. Its own file because nothing else of a configuration is a time of day.

use jiff::civil::Date;

use super::document::Section;
use super::fault::{ConfigError, shown, suggestion};
use crate::warehouse::Calendar;

pub(super) const KEYS: &[&str] = &["hours", "days", "holidays"];
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FORM: &str = "write them as \"09:00-17:00\"; 24:00 is the end of the day";

/// Reads the table `calendar` of the root; what it does not say is 9:00 to 17:00, Monday to Friday, without holidays.
pub(super) fn read(root: &Section<'_>) -> Result<Option<Calendar>, ConfigError> {
    let Some(section) = root.table("calendar")? else {
        return Ok(None);
    };
    section.check_keys(KEYS)?;
    let text = section.text("hours")?.unwrap_or("09:00-17:00");
    let Some((begins_at, ends_at)) = hours(text) else {
        let fault = section.fault("hours", &format!("`{}` are no hours of a day", shown(text, 40)));
        return Err(fault.hinted(FORM));
    };
    Ok(Some(Calendar {
        begins_at: begins_at.to_owned(),
        ends_at: ends_at.to_owned(),
        days: days(&section)?,
        holidays: holidays(&section)?,
    }))
}

fn hours(text: &str) -> Option<(&str, &str)> {
    let (begins_at, ends_at) = text.split_once('-')?;
    let (begins_at, ends_at) = (begins_at.trim(), ends_at.trim());
    (minute(begins_at)? < minute(ends_at)?).then_some((begins_at, ends_at))
}

/// The minute of the day of `09:30`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5)?;
    let number = |digits: &str| {
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse::<u16>().ok())?
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= 24 * 60).then_some(at)
}

fn days(section: &Section<'_>) -> Result<Vec<u8>, ConfigError> {
    let Some(names) = section.texts("days")? else {
        return Ok((1..=5).collect());
    };
    let mut days = Vec::new();
    for name in names {
        let found = (1..).zip(DAYS).find(|(_, known)| known.eq_ignore_ascii_case(name));
        let Some((day, _)) = found else {
            let fault = section.fault("days", &format!("unknown day `{}`", shown(name, 40)));
            return Err(fault.hinted(suggestion(name, "days", DAYS)));
        };
        days.push(day);
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

fn holidays(section: &Section<'_>) -> Result<Vec<String>, ConfigError> {
    let mut holidays = Vec::new();
    for text in section.texts("holidays")?.unwrap_or_default() {
        match text.parse::<Date>() {
            Ok(date) if text.len() == 10 => holidays.push(date.to_string()),
            _ => {
                let fault = section.fault("holidays", &format!("`{}` is not a date", shown(text, 40)));
                return Err(fault.hinted("write it as \"2026-12-25\""));
            }
        }
    }
    holidays.sort_unstable();
    holidays.dedup();
    Ok(holidays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_of_one_day_and_in_order() {
        let cases = [
            ("09:00-17:00", Some(("09:00", "17:00"))),
            ("00:00 - 24:00", Some(("00:00", "24:00"))),
            ("17:00-09:00", None),
            ("09:00-09:00", None),
            ("9:00-17:00", None),
            ("09:60-17:00", None),
            ("09:00-24:01", None),
            ("09:00-+7:00", None),
            ("09:00", None),
        ];
        for (text, expected) in cases {
            assert_eq!(hours(text), expected, "{text}");
        }
    }
}
