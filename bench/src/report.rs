//! Figures, the targets they are held to, and how both are written down.

use std::{fs, path::Path, time::Instant};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{Result, machine};

/// On which side of the goal a figure is to be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) => value >= goal,
            Self::AtMost(goal) => value <= goal,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtLeast(goal) => format!(">= {}", figure(goal)),
            Self::AtMost(goal) => format!("<= {}", figure(goal)),
        }
    }
}

/// A figure with how far the rounds lay apart.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// Of the rounds; not a number where there were none.
    pub fn of(rounds: &[f64]) -> Self {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
        let (low, high) = (at(sorted.len().saturating_sub(1) / 2), at(sorted.len() / 2));
        Self {
            median: f64::midpoint(low, high),
            least: at(0),
            most: at(sorted.len().saturating_sub(1)),
        }
    }

    /// A figure that is what it is.
    pub const fn exact(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }

    /// Of the ratios within each round.
    pub fn of_ratios(above: &[f64], below: &[f64]) -> Self {
        let ratios: Vec<f64> =
            above.iter().zip(below).map(|(above, below)| above / below).collect();
        Self::of(&ratios)
    }

    fn json(self) -> Value {
        json!({ "median": self.median, "least": self.least, "most": self.most })
    }
}

struct Target {
    id: &'static str,
    what: String,
    goal: Goal,
    found: Spread,
}

/// What a run found.
pub struct Report {
    begun: Instant,
    about: Value,
    figures: Vec<Value>,
    targets: Vec<Target>,
}

impl Report {
    /// Notes what it is taken on.
    pub fn begin(busy: bool) -> Result<Self> {
        let cpu = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let about = json!({
            "begun_at": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            "cpu": model,
            "cores": cores,
            "kernel": kernel.trim(),
            "load_before": machine::load()?,
            "busy": busy,
        });
        Ok(Self { begun: Instant::now(), about, figures: Vec::new(), targets: Vec::new() })
    }

    /// Says how far it has come.
    pub fn say(&self, words: &str) {
        println!("[{:4} s] {words}", self.begun.elapsed().as_secs());
    }

    /// A figure that is held to nothing.
    pub fn figure(&mut self, part: &str, what: &str, unit: &str, found: Spread) {
        self.say(&format!(
            "{part}: {what}: {} {unit}  ({} to {})",
            figure(found.median),
            figure(found.least),
            figure(found.most)
        ));
        let mut value = found.json();
        value["part"] = part.into();
        value["what"] = what.into();
        value["unit"] = unit.into();
        self.figures.push(value);
    }

    /// A figure that is held to a goal.
    pub fn target(&mut self, id: &'static str, what: &str, goal: Goal, found: Spread) {
        self.targets.push(Target { id, what: what.to_owned(), goal, found });
    }

    /// Prints the targets, keeps everything as JSON, and says whether all of them are met.
    pub fn finish(mut self, dir: &Path) -> Result<bool> {
        self.targets.sort_by_key(|target| {
            target.id.trim_start_matches('P').parse::<u32>().unwrap_or(u32::MAX)
        });
        println!();
        println!("{:<4} {:<66} {:>9} {:>9}  {:<19} ", "", "target", "goal", "found", "spread");
        for Target { id, what, goal, found } in &self.targets {
            let met = if goal.is_met(found.median) { "met" } else { "MISSED" };
            let spread = format!("{} to {}", figure(found.least), figure(found.most));
            println!(
                "{id:<4} {what:<66} {:>9} {:>9}  {spread:<19} {met}",
                goal.words(),
                figure(found.median)
            );
        }
        let targets: Vec<Value> = self
            .targets
            .iter()
            .map(|Target { id, what, goal, found }| {
                let mut value = found.json();
                value["id"] = (*id).into();
                value["what"] = what.as_str().into();
                value["goal"] = goal.words().into();
                value["met"] = goal.is_met(found.median).into();
                value
            })
            .collect();
        self.about["seconds"] = self.begun.elapsed().as_secs().into();
        self.about["load_after"] = machine::load()?.into();
        let all = json!({ "about": self.about, "targets": targets, "figures": self.figures });
        let file = dir.join(format!("{}.json", Utc::now().format("%Y-%m-%dT%H%M%S")));
        fs::write(&file, serde_json::to_string_pretty(&all)?)?;
        println!("\n{}", file.display());
        Ok(self.targets.iter().all(|target| target.goal.is_met(target.found.median)))
    }
}

/// Three digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
