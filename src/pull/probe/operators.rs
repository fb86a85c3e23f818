//! Which of the operators a list might have compare times. Apart from the other questions because none is documented, so that
//! each has to be tried.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::dates::{Sense, Split};
use super::numbered::{AGAIN, Inquiry, Reply};
use super::{Dates, Told};
use crate::pull::PullError;
use crate::schema::format_time;
use crate::source::DateOperators;
use crate::source::secoda::{DATE_OPERATORS, RANGE_OPERATORS};

impl Inquiry<'_> {
    /// Tries operators until two are found that complement each other.
    pub(super) async fn dates(&mut self, told: &mut Told<'_>) -> Result<Dates, PullError> {
        const QUESTION: &str = "date operators";
        let first = self.first.outline.clone();
        let Some(split) = Split::of(&first) else {
            told.note(
                QUESTION,
                "cannot be told: fewer than three different times are shown",
                AGAIN,
            );
            return Ok(Dates::Untold);
        };
        let moment = json!(format_time(split.moment));
        let range = json!([
            format_time(split.moment),
            format_time(first.newest.unwrap_or(split.moment))
        ]);
        let operators = DATE_OPERATORS.iter().map(|name| (*name, &moment));
        let operators = operators.chain(RANGE_OPERATORS.iter().map(|name| (*name, &range)));
        let mut tried: Vec<(&str, Sense)> = Vec::new();
        for (operator, value) in operators {
            let sense = self.sense(&split, operator, value).await?;
            tried.push((operator, sense));
            if let Some(found) = complementing(&tried, self.list.key) {
                let inclusive = if found.is_before_inclusive { "at or " } else { "" };
                let finding = format!(
                    "`{}` gives the rows {inclusive}before a moment of {}, `{}` the others",
                    found.before, found.field, found.at_or_after
                );
                told.ok(QUESTION, finding);
                return Ok(Dates::By(found));
            }
        }
        let is_unclear = tried.iter().any(|(_, sense)| *sense == Sense::Unclear);
        let finding = format!("none that sync can use: {}", in_groups(&tried));
        if is_unclear {
            told.note(QUESTION, finding, AGAIN);
            return Ok(Dates::Untold);
        }
        told.ok(QUESTION, finding);
        Ok(Dates::Never)
    }

    async fn sense(&self, split: &Split<'_>, operator: &str, value: &Value) -> Result<Sense, PullError> {
        let condition = json!({ "operator": operator, "field": self.list.key, "value": value });
        let filter = json!({ "operator": "and", "operands": [condition] }).to_string();
        let reply = self
            .list
            .ask(&[("sort", &self.newest_first), ("filter", &filter)], 1)
            .await?;
        Ok(match reply {
            Reply::Page(page) => split.sense(&page.outline, self.lengths.is_exact()),
            Reply::LastAgain => Sense::Unclear,
            Reply::Denied(error) => Sense::Refused(error.status.unwrap_or_default()),
        })
    }
}

/// The first two of those tried that give the rows on either side of a moment.
fn complementing(tried: &[(&str, Sense)], field: &str) -> Option<DateOperators> {
    let is_single = |name: &str| DATE_OPERATORS.contains(&name);
    let find = |is_side: fn(Sense) -> bool| tried.iter().find(|(name, sense)| is_single(name) && is_side(*sense));
    let ((before, sense), (after, _)) = find(Sense::is_before).zip(find(Sense::is_after))?;
    Some(DateOperators {
        field: field.to_owned(),
        before: (*before).to_owned(),
        is_before_inclusive: *sense == Sense::AtOrBefore,
        at_or_after: (*after).to_owned(),
    })
}

/// The operators by what they did: `refused (400): lt, gte; …`.
fn in_groups(tried: &[(&str, Sense)]) -> String {
    let mut groups: Vec<(Cow<'static, str>, Vec<&str>)> = Vec::new();
    for (operator, sense) in tried {
        let what: Cow<'static, str> = match sense {
            Sense::Refused(status) => format!("refused ({status})").into(),
            Sense::Nothing => "answered with nothing".into(),
            Sense::Ignored => "ignored, everything comes".into(),
            Sense::Unclear => "unclear".into(),
            _ => "works alone".into(),
        };
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, operators)) => operators.push(operator),
            None => groups.push((what, vec![operator])),
        }
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(what, names)| format!("{what}: {}", names.join(", ")))
        .collect();
    groups.join("; ")
}
