//! `midair mark`: a mark from a script, and what became of it, in words.

use anyhow::Context as _;
use clap::Args;

use super::{Place, TlsArgs, places};
use crate::{app, event::Stamp, feed::live::Put};

/// Which mark, and where.
#[derive(Args, Clone, Debug)]
pub struct MarkArgs {
    /// What to write on the time line.
    #[arg(value_parser = text)]
    pub text: String,

    /// Agents to put it on, as those to watch; none: this host's.
    #[arg(value_name = "HOST[:PORT]")]
    pub hosts: Vec<String>,

    /// Only on nodes with this label.
    #[arg(long, value_name = "LABEL=VALUE", value_parser = group)]
    pub group: Option<(String, String)>,

    /// When that was: 10m (ago), 14:03, 14:03:27, 2026-11-23 14:03 (UTC); now, unless said.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,

    /// How agents are reached by TCP.
    #[command(flatten)]
    pub tls: TlsArgs,
}

/// The longest note, bytes: agents take none that is longer.
const TEXT_BYTES: usize = 500;

impl MarkArgs {
    /// The places named, in order, each once; none: this host.
    pub fn places(&self) -> anyhow::Result<Vec<Place>> {
        places(self.hosts.iter())
    }

    /// How long ago that was which the mark is about, microseconds.
    pub fn ago_us(&self, now: Stamp) -> anyhow::Result<u64> {
        let at = self.at.as_deref().map(|at| app::before(at, now)).transpose().map_err(anyhow::Error::msg)?;
        if let Some(at) = at.filter(|at| *at > now) {
            anyhow::bail!("{} has not been yet; a mark is about what was", app::utc(at));
        }
        Ok(at.map_or(0, |at| now.since_us(at)))
    }

    /// What became of it, in words.
    ///
    /// # Errors
    /// When an agent has not taken it that should, or there was none to take it.
    pub fn outcome(&self, put: &[(std::sync::Arc<str>, Put)]) -> anyhow::Result<String> {
        let taken: Vec<&str> = put
            .iter()
            .filter_map(|(_, put)| if let Put::Taken(name) = put { Some(name.as_str()) } else { None })
            .collect();
        let failed: Vec<String> = put
            .iter()
            .filter_map(|(address, put)| match put {
                Put::Failed(why) => Some(format!("cannot put a mark on {address}: {why}")),
                Put::Taken(_) | Put::NotOfGroup(_) => None,
            })
            .collect();
        let words = match &taken[..] {
            [] => "no node has taken it".to_owned(),
            [one] => format!("1 node has taken it: {one}"),
            _ => format!("{} nodes have taken it: {}", taken.len(), taken.join(", ")),
        };
        let words = printable(&words);
        if !failed.is_empty() {
            anyhow::bail!("{words}\n{}", failed.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n"));
        }
        if taken.is_empty() {
            let (key, value) = self.group.as_ref().context(words)?;
            anyhow::bail!("no node has taken it: none of {} has the label {key}={value}", put.len());
        }
        Ok(words)
    }
}

/// What others say is data: control characters never reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn text(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.len() {
        0 => Err("a mark needs a text; write what you saw".to_owned()),
        n if n > TEXT_BYTES => Err(format!("a mark holds at most {TEXT_BYTES} bytes, this one has {n}; shorten it")),
        _ => Ok(text.to_owned()),
    }
}

fn group(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is no label; write LABEL=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}
