//! What happens in a workspace: who does what to which kind of thing, how often, and how the product words it.
//! Data in `acts.json`, apart from the drawing and the rendering that read it. The vendor publishes no values of
//! `activity_type`; these are the simulator's own.

use serde::Deserialize;

use super::cast::{Kind, Who};

const ACTS: &str = include_str!("acts.json");

/// One sort of activity.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub activity_type: &'static str,
    pub who: Who,
    pub target: Kind,
    /// Its share of what is drawn; 0 for the steps of an automation.
    pub weight: u32,
    /// Text with `*bold*` parts; a bold part may be a slot in braces.
    pub text: &'static str,
    /// What else it touched, and at most how many of it.
    #[serde(default)]
    pub touches: Option<(Kind, usize)>,
    #[serde(default)]
    pub trace: Trace,
    /// Whether it makes a version of the resource.
    #[serde(default)]
    pub is_versioned: bool,
}

/// What `metadata` tells of an act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// Often null, sometimes the surface it came from.
    #[default]
    Surface,
    /// The address it came from.
    Address,
    /// The job, its state and how long it took.
    Job,
}

impl Act {
    /// Whether its steps follow as rows of their own with it as `parent_id`.
    pub fn is_parent(&self) -> bool {
        self.activity_type == "automation_triggered"
    }
}

/// All acts, and the drawing of them by weight.
#[derive(Debug)]
pub struct Repertoire {
    pub acts: Vec<Act>,
    /// Running totals of the weights.
    totals: Vec<u32>,
    steps: Vec<u16>,
}

impl Repertoire {
    /// Reads the acts that are part of the program.
    pub fn load() -> Repertoire {
        let acts: Vec<Act> = serde_json::from_str(ACTS).expect("acts.json is part of the program");
        let totals = acts.iter().scan(0, |total, act| {
            *total += act.weight;
            Some(*total)
        });
        let totals = totals.collect();
        let steps = (0u16..).zip(&acts).filter(|(_, act)| act.weight == 0);
        let steps = steps.map(|(place, _)| place).collect();
        Repertoire { acts, totals, steps }
    }

    /// The place of an act that stands for itself.
    pub fn draw(&self, rng: &mut fastrand::Rng) -> u16 {
        let point = rng.u32(0..self.totals.last().copied().unwrap_or(1));
        let place = self.totals.partition_point(|total| *total <= point);
        u16::try_from(place).unwrap_or_default()
    }

    /// The place of a step of an automation.
    pub fn step(&self, rng: &mut fastrand::Rng) -> u16 {
        self.steps[rng.usize(0..self.steps.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weighted_act_is_drawn_and_no_step_is() {
        let repertoire = Repertoire::load();
        let mut rng = fastrand::Rng::with_seed(3);
        let mut seen = vec![false; repertoire.acts.len()];
        for _ in 0..60_000 {
            seen[usize::from(repertoire.draw(&mut rng))] = true;
        }
        for (act, seen) in repertoire.acts.iter().zip(seen) {
            assert_eq!(act.weight > 0, seen, "{} {:?}", act.activity_type, act.target);
        }
        let step = &repertoire.acts[usize::from(repertoire.step(&mut rng))];
        assert_eq!(step.who, Who::Automation);
    }
}
