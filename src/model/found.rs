//! What was found wrong in the cluster, looked at once a second: so that it is known what has just ended, and who is worth a
//! closer look.

use super::{
    Model,
    finding::{self, Finding, Subject, Topic},
    words::Part,
};
use crate::event::{NodeId, Stamp};

/// Findings are looked for so often, microseconds.
const EVERY_US: u64 = 1_000_000;

/// What has ended is told for so long, microseconds, ...
const ENDED_US: u64 = 10_000_000;

/// ... where it has lasted so long ...
const LASTED_US: u64 = 3_000_000;

/// ... and was so bad, per mille; so many at most, the worst.
const WORTH_SAYING: u32 = 300;
const N_ENDED: usize = 4;

/// Nodes that are looked at closely for what was found on them, and for how long at least, microseconds.
pub const N_SUSPECTS: usize = 4;
const SUSPECT_US: u64 = 30_000_000;

/// What was found, and what of it has just ended. Models of which the same is known are equal, whatever was looked at in the
/// seconds before: a seek tells of those what is needed, and not all.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// When time passed last.
    pub(super) ticked: Option<Stamp>,
    /// When this program was held up last, and for how long, microseconds.
    pub held_up: Option<(Stamp, u64)>,
    /// When it was looked for last.
    at: Stamp,
    now: Vec<Finding>,
    /// Since when each is known.
    since: Vec<(Subject, Stamp)>,
    ended: Vec<(Finding, Stamp)>,
    suspects: Vec<(NodeId, Stamp)>,
}

impl PartialEq for Found {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Found {
    /// What was found at the last look, if that is of now.
    pub fn current(&self, now: Stamp) -> Option<&[Finding]> {
        (now.since_us(self.at) < EVERY_US && self.at.0 > 0).then_some(&self.now[..])
    }

    /// What has just ended, on all nodes or on one, with how long ago, the worst first.
    pub fn ended(&self, node: Option<&NodeId>, now: Stamp) -> Vec<Finding> {
        let is_shown = |(finding, at): &&(Finding, Stamp)| {
            now.since_us(*at) < ENDED_US && node.is_none_or(|node| finding.subject.node == *node)
        };
        let told = |(finding, at): &(Finding, Stamp)| {
            let mut finding = finding.clone();
            finding.severity = midair_vitals::Severity::default();
            finding.parts.insert(0, Part::Words(" ago: "));
            finding.parts.insert(0, Part::Time(now.since_us(*at)));
            finding.parts.insert(0, Part::Words("ended "));
            finding
        };
        self.ended.iter().filter(is_shown).map(told).collect()
    }

    /// The nodes that are worth a closer look.
    pub fn suspects(&self) -> impl Iterator<Item = &NodeId> {
        self.suspects.iter().map(|(node, _)| node)
    }

    fn take(&mut self, found: Vec<Finding>, now: Stamp) {
        self.suspect(&found, now);
        let is_same = |a: &Subject, b: &Subject| a == b;
        let since = |subject: &Subject| {
            self.since.iter().find(|(known, _)| is_same(known, subject)).map_or(now, |(_, since)| *since)
        };
        let is_over = |finding: &&Finding| {
            let is_known = finding.severity.per_mille() >= WORTH_SAYING && is_of_one(&finding.subject.topic);
            let lasted = now.since_us(since(&finding.subject)) >= LASTED_US;
            // What is said in other words, or ranks behind others of the kind, has not ended.
            let goes_on = |one: &Finding| one.subject.node == finding.subject.node && one.vital == finding.vital;
            is_known && lasted && !found.iter().any(goes_on)
        };
        let over: Vec<(Finding, Stamp)> = self.now.iter().filter(is_over).map(|one| (one.clone(), now)).collect();
        self.since = found.iter().map(|finding| (finding.subject.clone(), since(&finding.subject))).collect();
        self.ended.retain(|(finding, at)| {
            let is_back = found.iter().any(|one| is_same(&one.subject, &finding.subject));
            now.since_us(*at) < ENDED_US && !is_back
        });
        self.ended.extend(over);
        self.ended.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
        self.ended.truncate(N_ENDED);
        (self.now, self.at) = (found, now);
    }

    /// The nodes of the worst findings: what they tell the cluster may be of victims, and the cause stands in what they
    /// tell who looks at them. One stays for a while, so that it is not told anew each second.
    fn suspect(&mut self, found: &[Finding], now: Stamp) {
        let mut first: Vec<&NodeId> = Vec::new();
        // Of a node that is not heard nothing more is to be had, and of the notices nothing is to be explained.
        let told = found.iter().filter(|one| one.severity.per_mille() >= WORTH_SAYING && is_of_one(&one.subject.topic));
        for finding in told.filter(|one| one.subject.topic != Topic::Presence) {
            if first.len() < N_SUSPECTS && !first.contains(&&finding.subject.node) {
                first.push(&finding.subject.node);
            }
        }
        self.suspects.retain(|(node, at)| first.contains(&node) || now.since_us(*at) < SUSPECT_US);
        for node in first {
            let has_room = self.suspects.len() < N_SUSPECTS;
            match self.suspects.iter_mut().find(|(known, _)| known == node) {
                Some((_, at)) => *at = now,
                None if has_room => self.suspects.push((node.clone(), now)),
                None => {}
            }
        }
    }
}

/// Whether it is of its node, and of no others together with it.
fn is_of_one(topic: &Topic) -> bool {
    !matches!(
        topic,
        Topic::Silent
            | Topic::Several(_)
            | Topic::Peers(_)
            | Topic::Group(..)
            | Topic::Certificate
            | Topic::Lost
            | Topic::Dashboard
    )
}

impl Model {
    /// Looks for what is wrong, where it is time for that. Who only folds events in is spared it.
    pub fn look_for_findings(&mut self) {
        let now = self.now;
        if now.since_us(self.found.at) >= EVERY_US || self.found.at.0 == 0 {
            let found = finding::findings(self, None, now);
            self.found.take(found, now);
        }
    }
}

#[cfg(test)]
mod tests;
