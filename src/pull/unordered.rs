//! A list in no order that can be relied on: read in full, again and again, until a full reading brings no new record. Only
//! then is anything claimed.

use std::collections::HashSet;

use super::numbered::hand_on;
use super::page::fetch;
use super::{Event, Flow, PullError, Walk};
use crate::coverage::Span;
use crate::schema::Micros;

const MOST_PASSES: u32 = 5;

pub(super) async fn walk(
    walk: &Walk<'_>,
    caller: &mut impl AsyncFnMut(Event) -> anyhow::Result<Flow>,
) -> Result<(), PullError> {
    let mut seen = HashSet::new();
    let mut oldest: Option<Micros> = None;
    for _ in 0..MOST_PASSES {
        let before = seen.len();
        let mut number = 1;
        let mut told = 1;
        while let Some(page) = fetch(walk, number).await? {
            let outline = page.outline.clone();
            hand_on(page, caller).await?;
            seen.extend(outline.ids.iter().copied());
            told = outline.total_pages.unwrap_or(number);
            oldest = oldest.into_iter().chain(outline.oldest).min();
            if outline.is_last() {
                break;
            }
            if outline.rows == 0 {
                let total_pages = outline.total_pages.unwrap_or(number);
                return Err(PullError::Capped {
                    page: number,
                    total_pages,
                });
            }
            number += 1;
        }
        if number < told {
            return Err(PullError::Capped {
                page: number,
                total_pages: told,
            });
        }
        if seen.len() == before {
            if let Some(oldest) = oldest {
                caller(Event::Proven {
                    span: Span::new(oldest, Micros::MAX),
                    trusted: true,
                })
                .await?;
            }
            caller(Event::Ended { oldest }).await?;
            return Ok(());
        }
    }
    Err(PullError::Restless { passes: MOST_PASSES })
}
