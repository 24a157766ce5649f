//! Agents that are not named one by one: a file names them, one address a line, or DNS does; and either may change.

mod dns;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{Place, TlsArgs, places};
use crate::{clock::Clock, feed::live::News};

use dns::{Name, Server};

/// The file is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What stands in the way is said again so often.
const REMIND_EVERY: Duration = Duration::from_secs(60);

/// Where agents are listed.
#[derive(Args, Clone, Debug, Default)]
pub struct Listed {
    /// Watch the agents that this file names, one address a line; it is read again when it changes.
    #[arg(long, value_name = "FILE", conflicts_with = "hosts")]
    pub agents_file: Option<PathBuf>,

    /// Watch the agents that DNS knows by this name, and ask again: _midair._tcp.chat.example.org (SRV: hosts and ports), or
    /// chat.default.svc:7070 (A or AAAA: all its addresses, as of a headless service in Kubernetes).
    #[arg(long, value_name = "NAME[:PORT]", conflicts_with_all = ["hosts", "agents_file"])]
    pub dns: Option<Name>,

    /// Ask this server, instead of those of the system.
    #[arg(long, value_name = "IP[:PORT]", env = "MIDAIR_DNS_SERVER", hide_env = true)]
    pub dns_server: Option<Server>,
}

impl Listed {
    /// Whether agents are listed anywhere.
    pub fn is_given(&self) -> bool {
        self.agents_file.is_some() || self.dns.is_some()
    }

    /// Who is listed now; nobody where no list is named.
    ///
    /// # Errors
    /// In words, where that cannot be told.
    pub async fn read(&self) -> anyhow::Result<Vec<Place>> {
        self.look().await.map(|(places, _)| places)
    }

    /// Tells of each later list, as it changes from this one. Must be called on a tokio runtime.
    ///
    /// A list that cannot be had or understood changes nothing, and that is said. Each is asked anew how TCP is to be spoken
    /// with it.
    pub fn follow(&self, first: Vec<Place>, tls: &TlsArgs, clock: Clock, news: mpsc::Sender<News>) {
        if self.is_given() {
            let follower = Follower { listed: self.clone(), tls: tls.clone(), clock, last: first, trouble: None, news };
            tokio::spawn(follower.run());
        }
    }

    /// Who is listed, and how long to wait before the next look.
    async fn look(&self) -> anyhow::Result<(Vec<Place>, Duration)> {
        match (&self.agents_file, &self.dns) {
            (Some(file), _) => Ok((read(file)?, LOOK_EVERY)),
            (None, Some(name)) => name.resolve(self.dns_server).await,
            (None, None) => Ok((Vec::new(), REMIND_EVERY)),
        }
    }

    /// How long to wait after a look that failed.
    fn patience(&self) -> Duration {
        if self.agents_file.is_some() { LOOK_EVERY } else { dns::SOONEST }
    }
}

/// Follows a list.
struct Follower {
    listed: Listed,
    tls: TlsArgs,
    clock: Clock,
    last: Vec<Place>,
    /// What stands in the way, since how many looks, and when it was said.
    trouble: Option<(String, u32, Instant)>,
    news: mpsc::Sender<News>,
}

impl Follower {
    async fn run(mut self) {
        // At once: it may have changed since it was read.
        let mut wait = Duration::ZERO;
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.news.closed() => return,
            }
            let looked = self.listed.look().await;
            wait = looked.as_ref().map_or(self.listed.patience(), |(_, wait)| *wait);
            let told = match looked.and_then(|(places, _)| self.targets(places)) {
                Ok(news) => {
                    self.trouble = None;
                    news
                }
                Err(error) => self.troubled(format!("{error:#}")),
            };
            if let Some(told) = told
                && self.news.send(told).await.is_err()
            {
                return;
            }
        }
    }

    /// What is told of a list; nothing where it is the one before.
    fn targets(&mut self, places: Vec<Place>) -> anyhow::Result<Option<News>> {
        if places == self.last {
            return Ok(None);
        }
        let tcp = self.tls.tcp(&places, self.clock)?;
        self.last.clone_from(&places);
        Ok(Some(News::All(places.into_iter().map(|place| place.target(&tcp, self.clock)).collect())))
    }

    /// What is told of a trouble: once it has lasted for two looks, for whoever writes a file may not have finished; and then
    /// now and again.
    fn troubled(&mut self, words: String) -> Option<News> {
        let now = Instant::now();
        let (n_looks, said) = match self.trouble.take() {
            Some((_, n_looks, said)) => (n_looks + 1, said),
            None => (1, now),
        };
        let is_due = n_looks == 2 || now.duration_since(said) >= REMIND_EVERY;
        self.trouble = Some((words.clone(), n_looks, if is_due { now } else { said }));
        if n_looks == 1 || !is_due {
            return None;
        }
        tracing::warn!("the list of agents stays as it was: {words}");
        Some(News::Trouble(format!("{words}; the list of agents stays as it was").into()))
    }
}

/// The places that a file names, in order, each once.
pub fn read(file: &Path) -> anyhow::Result<Vec<Place>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    parse(&text).with_context(|| format!("in {}", file.display()))
}

/// Writes the addresses of agents into a file: whole or not at all, for others may be reading it.
pub fn write(file: &Path, addresses: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let lines: String = addresses.map(|address| address + "\n").collect();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", file.display());
    // Readable for others as any file is, as far as the umask lets it be.
    let mode = fs::Permissions::from_mode(0o666);
    let mut whole = tempfile::Builder::new().permissions(mode).tempfile_in(folder).with_context(cannot)?;
    whole.write_all(lines.as_bytes()).with_context(cannot)?;
    whole.persist(file).with_context(cannot)?;
    Ok(())
}

fn parse(text: &str) -> anyhow::Result<Vec<Place>> {
    let words = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    anyhow::ensure!(!words.is_empty(), "no agent is named; write one address a line");
    places(words.iter())
}

#[cfg(test)]
mod tests;
