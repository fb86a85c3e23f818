//! What goes wrong on the way of an answer, and when: scripted by rules or drawn from a seed. Pure decisions;
//! the server carries them out. Apart from the switches, which are the service's ordinary behaviour.

use std::collections::HashMap;
use std::time::Duration;

use super::chance::{Purpose, mix, number};

/// One thing that goes wrong with one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another answer in place of the true one.
    Status {
        code: u16,
        retry_after: Option<RetryAfter>,
        body: String,
    },
    /// A page of HTML with status 200.
    HtmlWith200,
    /// A complete answer of HTTP whose JSON ends in the middle.
    TruncatedJson,
    /// Half of the announced body, then the connection is closed.
    CutConnection,
    /// The connection is reset before a byte of the answer.
    Reset,
    /// Half of the body, this long nothing, then the rest.
    Stall(Duration),
    /// 302 to this absolute URL.
    RedirectTo(String),
    /// 401 now and for every later request.
    KeyRevoked,
}

/// The header `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Seconds(u64),
    /// An HTTP date this long after the simulator's clock.
    Date(Duration),
}

/// Which requests a rule means. Requests are numbered from 1 over all paths, in the order of their arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    Request(u64),
    From(u64),
    Page(usize),
    /// Path and query contain this text.
    Target(String),
    /// The true answer would hold the row of this id.
    Row(String),
    Always,
}

/// A fault for the requests that `when` means, at most `times` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub when: When,
    pub fault: Fault,
    pub times: u32,
}

/// Rules first, in order; then what a seed draws.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan {
    rules: Vec<Rule>,
    drawn: Option<Drawn>,
}

#[derive(Debug, Clone)]
struct Drawn {
    seed: u64,
    per_mille: u64,
    most_in_a_row: u32,
    faults: Vec<Fault>,
    asked: HashMap<String, Asked>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    times: u64,
    failed_in_a_row: u32,
}

/// A request as a plan sees it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub number: u64,
    pub target: &'a str,
    pub page: usize,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> FaultPlan {
        FaultPlan::default()
    }

    /// One fault, once, at one request.
    pub fn once(when: When, fault: Fault) -> FaultPlan {
        FaultPlan::none().with(Rule { when, fault, times: 1 })
    }

    /// One fault for every request that `when` means.
    pub fn always(when: When, fault: Fault) -> FaultPlan {
        FaultPlan::none().with(Rule {
            when,
            fault,
            times: u32::MAX,
        })
    }

    /// Adds a rule after those there are.
    pub fn with(mut self, rule: Rule) -> FaultPlan {
        self.rules.push(rule);
        self
    }

    /// Faults that a retrying client survives without waiting long, for `per_mille` of the requests; the same target
    /// fails at most three times in a row. The draw depends on the target and how often it was asked, so that requests in
    /// flight side by side do not change it.
    pub fn transient(seed: u64, per_mille: u64) -> FaultPlan {
        let zero = Some(RetryAfter::Seconds(0));
        let status = |code, retry_after| Fault::Status {
            code,
            retry_after,
            body: detail("try again later"),
        };
        let faults = vec![
            status(429, zero),
            status(500, None),
            status(502, None),
            status(503, zero),
            Fault::TruncatedJson,
            Fault::CutConnection,
            Fault::Reset,
            Fault::Stall(Duration::from_millis(30)),
        ];
        FaultPlan::drawn(seed, per_mille, faults)
    }

    /// As [`FaultPlan::transient`], with these faults.
    pub fn drawn(seed: u64, per_mille: u64, faults: Vec<Fault>) -> FaultPlan {
        let drawn = Drawn {
            seed,
            per_mille,
            most_in_a_row: 3,
            faults,
            asked: HashMap::new(),
        };
        FaultPlan {
            rules: Vec::new(),
            drawn: Some(drawn),
        }
    }

    /// How often in a row drawn faults may hit one target.
    pub fn at_most_in_a_row(mut self, most: u32) -> FaultPlan {
        if let Some(drawn) = &mut self.drawn {
            drawn.most_in_a_row = most;
        }
        self
    }

    /// What goes wrong with this request; uses up rules.
    pub fn decide(&mut self, arrival: Arrival<'_>) -> Option<Fault> {
        let rule = self
            .rules
            .iter_mut()
            .find(|rule| rule.times > 0 && rule.when.means(arrival));
        if let Some(rule) = rule {
            rule.times -= 1;
            return Some(rule.fault.clone());
        }
        self.drawn.as_mut()?.decide(arrival.target)
    }

    /// Whether any rule means rows, so that answers must be looked into.
    pub fn minds_rows(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.when, When::Row(_)))
    }

    /// What goes wrong with an answer that holds these rows; uses up rules.
    pub fn decide_rows(&mut self, ids: &[String]) -> Option<Fault> {
        let means = |rule: &Rule| matches!(&rule.when, When::Row(id) if ids.contains(id));
        let rule = self.rules.iter_mut().find(|rule| rule.times > 0 && means(rule))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }
}

impl When {
    fn means(&self, arrival: Arrival<'_>) -> bool {
        match self {
            When::Request(number) => arrival.number == *number,
            When::From(number) => arrival.number >= *number,
            When::Page(page) => arrival.page == *page,
            When::Target(text) => arrival.target.contains(text.as_str()),
            When::Row(_) => false,
            When::Always => true,
        }
    }
}

impl Drawn {
    fn decide(&mut self, target: &str) -> Option<Fault> {
        let asked = self.asked.entry(target.to_owned()).or_default();
        asked.times += 1;
        let place = target
            .bytes()
            .fold(asked.times, |place, byte| mix(place, u64::from(byte)));
        let draw = number(self.seed, Purpose::Fault, place);
        if draw % 1000 >= self.per_mille || asked.failed_in_a_row >= self.most_in_a_row || self.faults.is_empty() {
            asked.failed_in_a_row = 0;
            return None;
        }
        asked.failed_in_a_row += 1;
        let choice = usize::try_from((draw / 1000) % 1_000_000).unwrap_or_default();
        Some(self.faults[choice % self.faults.len()].clone())
    }
}

/// An error body as the service writes it.
pub fn detail(text: &str) -> String {
    serde_json::json!({ "detail": text }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(plan: &mut FaultPlan, number: u64, target: &str) -> Option<Fault> {
        plan.decide(Arrival {
            number,
            target,
            page: 1,
        })
    }

    #[test]
    fn rules_are_used_up_in_order() {
        let mut plan = FaultPlan::once(When::Request(2), Fault::Reset).with(Rule {
            when: When::Target("b".to_owned()),
            fault: Fault::HtmlWith200,
            times: 2,
        });
        assert_eq!(ask(&mut plan, 1, "a"), None);
        assert_eq!(ask(&mut plan, 2, "b"), Some(Fault::Reset));
        assert_eq!(ask(&mut plan, 3, "b"), Some(Fault::HtmlWith200));
        assert_eq!(ask(&mut plan, 4, "b"), Some(Fault::HtmlWith200));
        assert_eq!(ask(&mut plan, 5, "b"), None);
    }

    #[test]
    fn drawn_faults_repeat_with_the_seed_and_end() {
        let run = |seed| {
            let mut plan = FaultPlan::transient(seed, 600);
            (1..200).map(|number| ask(&mut plan, number, "a")).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let mut in_a_row = 0;
        for fault in run(7) {
            in_a_row = if fault.is_some() { in_a_row + 1 } else { 0 };
            assert!(in_a_row <= 3);
        }
        assert!(run(7).iter().flatten().count() > 50);
    }
}
