//! By which certificates agents are watched: named, in the environment, or where they usually are.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use midair_tls::{Acceptor, Connector, Credentials, Files, Roles};

use super::Place;
use crate::clock::Clock;

/// Certificates for agents that are reached by TCP. Files are looked at again when they change.
#[derive(Args, Clone, Debug, Default)]
pub struct TlsArgs {
    /// Authorities that sign the certificates of agents, PEM [default: ~/.config/midair/ca.pem].
    #[arg(long, value_name = "FILE", env = "MIDAIR_TLS_CA", hide_env = true)]
    tls_ca: Option<PathBuf>,

    /// Our certificate, PEM [default: ~/.config/midair/viewer.pem].
    #[arg(long, value_name = "FILE", env = "MIDAIR_TLS_CERT", hide_env = true)]
    tls_cert: Option<PathBuf>,

    /// Its key, PEM [default: ~/.config/midair/viewer-key.pem].
    #[arg(long, value_name = "FILE", env = "MIDAIR_TLS_KEY", hide_env = true)]
    tls_key: Option<PathBuf>,

    /// Which names in certificates are those of agents and hubs, and at a hub of viewers and operators: '*.chat.example.org=agent' [default:
    /// spiffe://midair/ROLE/NAME].
    #[arg(long = "tls-role", alias = "role", value_name = "PATTERN=ROLE")]
    tls_roles: Vec<String>,

    /// Connect by TCP without encryption and authentication.
    #[arg(long)]
    insecure: bool,
}

/// How TCP is spoken.
#[derive(Clone, Debug)]
pub enum Tcp {
    /// By mutual TLS.
    Tls(Connector),
    /// Without encryption and authentication, as was asked for.
    Insecure,
}

impl TlsArgs {
    /// How to speak with these places; of any but sockets it must be known.
    ///
    /// # Errors
    /// In words, where TCP is to be spoken and nothing vouches for who is there.
    pub fn tcp(&self, places: &[Place], clock: Clock) -> anyhow::Result<Tcp> {
        let address = places.iter().find_map(|place| match place {
            Place::Tcp(address) => Some(address),
            Place::Socket(_) => None,
        });
        let Some(address) = address.filter(|_| !self.insecure) else { return Ok(Tcp::Insecure) };
        let Some(files) = self.files(usual().as_deref())? else {
            anyhow::bail!(
                "TCP to {address} needs certificates: give --tls-ca, --tls-cert and --tls-key (`midair certs` makes some for \
                 trials), or add --insecure to watch it without encryption and authentication"
            );
        };
        let roles = Roles::new(&self.tls_roles).map_err(anyhow::Error::msg).context("--tls-role")?;
        let credentials = Credentials::load(files, roles, clock.now().0)?;
        Ok(Tcp::Tls(Connector::new(Arc::new(credentials))))
    }

    /// What takes connections by the same files; `None`: everybody may come, as was asked for.
    ///
    /// # Errors
    /// In words, where nothing vouches for who comes, or a file cannot be used.
    pub fn acceptor(&self, clock: &midair_agent::Clock) -> anyhow::Result<Option<Acceptor>> {
        if self.insecure {
            return Ok(None);
        }
        let Some(files) = self.files(None)? else {
            anyhow::bail!(
                "to listen needs certificates: give --tls-ca, --tls-cert and --tls-key (`midair certs` makes some for trials), \
                 or add --insecure to let everybody in, without encryption"
            );
        };
        let roles = Roles::new(&self.tls_roles).map_err(anyhow::Error::msg).context("--tls-role")?;
        Ok(Some(Acceptor::new(Arc::new(Credentials::load(files, roles, clock.mono_us())?))))
    }

    /// Those that are named; what is not is where it usually is.
    fn files(&self, usual: Option<&Path>) -> anyhow::Result<Option<Files>> {
        let named = [&self.tls_ca, &self.tls_cert, &self.tls_key];
        let usual = ["ca.pem", "viewer.pem", "viewer-key.pem"].map(|name| usual.map(|folder| folder.join(name)));
        let found = |n: usize| named[n].clone().or_else(|| usual[n].clone().filter(|path| path.exists()));
        match [found(0), found(1), found(2)] {
            [Some(ca), Some(cert), Some(key)] => Ok(Some(Files { ca, cert, key })),
            _ if named.iter().all(|named| named.is_none()) => Ok(None),
            _ => anyhow::bail!("TLS needs three files: --tls-ca, --tls-cert and --tls-key"),
        }
    }
}

/// Where a user's configuration of midair is.
fn usual() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("midair"))
}

#[cfg(test)]
mod tests;
