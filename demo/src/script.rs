//! What happens when: out of the seed, or one incident alone.

use crate::{
    chance,
    scenario::{FADES_S, Incident, Moment, Scenario},
};

/// The first incident begins so many seconds after the beginning.
const FIRST_S: f64 = 25.0;

/// Where one is chosen it begins so many seconds after the beginning: time to see how things are when all is well.
const CHOSEN_S: f64 = 8.0;

/// Where all are, each begins so many seconds after the one before.
const APART_S: f64 = 15.0;

/// From one onset to the next: at least this, and at most as much again, seconds.
const PAUSE_S: f64 = 60.0;

/// None on a schedule lasts longer, seconds.
const LONGEST_S: f64 = 420.0;

/// So many incidents are planned: a day of them.
const N_PLANNED: usize = 1_000;

/// What is to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// A new incident every minute or two.
    #[default]
    Schedule,
    /// Nothing.
    Healthy,
    /// One, for as long as it is watched.
    One(Scenario),
    /// All, one after the other, each for as long as it is watched.
    All,
}

/// The incidents, in order of their onsets.
#[derive(Clone, Debug)]
pub struct Script {
    incidents: Vec<Incident>,
    /// Those that leave something behind.
    lasting: Vec<Incident>,
}

impl Plan {
    /// What a word means: `healthy`, `all`, or the name of an incident.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "healthy" => Some(Self::Healthy),
            "all" => Some(Self::All),
            _ => Scenario::named(word).map(Self::One),
        }
    }
}

impl Script {
    /// What is planned, out of a seed.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let endless = |scenario, onset_s| Incident { scenario, onset_s, length_s: f64::INFINITY, seed };
        let incidents = match plan {
            Plan::Healthy => Vec::new(),
            Plan::One(scenario) => vec![endless(scenario, CHOSEN_S)],
            Plan::All => {
                let onset = |n: usize| CHOSEN_S + APART_S * n as f64;
                let each =
                    |(n, scenario)| Incident { seed: chance::mix(seed, [n as u64, 70]), ..endless(scenario, onset(n)) };
                Scenario::ALL.into_iter().enumerate().map(each).collect()
            }
            Plan::Schedule => schedule(seed),
        };
        let lasting = incidents.iter().filter(|incident| incident.scenario == Scenario::Mailbox).copied().collect();
        Self { incidents, lasting }
    }

    /// What is over at a moment and has left something behind.
    pub fn left_by(&self, at_s: f64) -> impl Iterator<Item = &Incident> {
        let is_over = move |incident: &&Incident| incident.onset_s <= at_s && incident.moment(at_s).is_none();
        self.lasting.iter().take_while(move |incident| incident.onset_s <= at_s).filter(is_over)
    }

    /// All of them.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// What happens at a moment, the oldest first.
    pub fn at(&self, at_s: f64) -> impl Iterator<Item = (&Incident, Moment)> {
        // What began longer ago than any lasts is over.
        let is_over = |incident: &Incident| incident.onset_s + incident.length_s.max(LONGEST_S) + FADES_S < at_s;
        let from = self.incidents.partition_point(is_over);
        let begun = self.incidents.get(from..).unwrap_or_default();
        let begun = begun.iter().take_while(move |incident| incident.onset_s <= at_s);
        begun.filter_map(move |incident| Some((incident, incident.moment(at_s)?)))
    }
}

/// Each once before any comes again.
fn schedule(seed: u64) -> Vec<Incident> {
    let (mut incidents, mut onset_s) = (Vec::with_capacity(N_PLANNED), FIRST_S);
    for n in 0..N_PLANNED {
        let (round, place) = (n / Scenario::ALL.len(), n % Scenario::ALL.len());
        let mut order = Scenario::ALL;
        order.sort_by_key(|scenario| chance::mix(seed, [round as u64, 80 + *scenario as u64]));
        let (scenario, own) = (order[place], chance::mix(seed, [n as u64, 81 << 8]));
        incidents.push(Incident { scenario, onset_s, length_s: scenario.length_s(), seed: own });
        onset_s += PAUSE_S * (1.0 + chance::share(own, [0, 82]));
    }
    incidents
}
