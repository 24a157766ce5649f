//! A file that names agents: one address a line, comments after `#`.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use tokio::{sync::mpsc, time::interval};

use super::{Place, TlsArgs, places};
use crate::{clock::Clock, feed::live::Target};

/// The file is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The lists that a file holds as it changes; none without one. Must be called on a tokio runtime.
///
/// A list that cannot be read or understood changes nothing: whoever writes it may not have finished. Each is asked anew how
/// TCP is to be spoken with it.
pub fn lists(file: Option<PathBuf>, tls: &TlsArgs, clock: Clock) -> mpsc::Receiver<Vec<Target>> {
    // The last list counts: a reader that is behind is waited for.
    let (sender, lists) = mpsc::channel(1);
    if let Some(file) = file {
        tokio::spawn(follow(file, (tls.clone(), clock), sender));
    }
    lists
}

async fn follow(file: PathBuf, (tls, clock): (TlsArgs, Clock), lists: mpsc::Sender<Vec<Target>>) {
    let mut before = written(&file);
    let mut looks = interval(LOOK_EVERY);
    while !lists.is_closed() {
        looks.tick().await;
        let now = written(&file);
        if now.is_none() || now == before {
            continue;
        }
        let targets = read(&file).and_then(|places| {
            let tcp = tls.tcp(&places, clock)?;
            Ok(places.into_iter().map(|place| place.target(&tcp, clock)).collect())
        });
        match targets {
            Ok(targets) => {
                before = now;
                if lists.send(targets).await.is_err() {
                    return;
                }
            }
            Err(error) => tracing::warn!("the list of agents stays as it was: {error:#}"),
        }
    }
}

/// When a file was written, and how long it is: one that is put in its place is another one, too.
fn written(file: &Path) -> Option<(SystemTime, u64, u64)> {
    let found = file.metadata().ok()?;
    Some((found.modified().ok()?, found.len(), found.ino()))
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
