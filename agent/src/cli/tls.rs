//! Mutual TLS on the command line: three files, and who has which role.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use midair_tls::{Credentials, Files, Roles};

use crate::clock::Clock;

/// Mutual TLS for --listen and --join. Files are looked at again when they change.
#[derive(Args, Clone, Debug, Default)]
pub struct Tls {
    /// Authorities that sign the certificates of those who may connect, and of hubs, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// This agent's certificate, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Who is what (viewer, operator, hub), by names in certificates, first match first; as many as needed: --role
    /// 'spiffe://example.org/oncall/*=operator' --role '*.ops.example.org=viewer' [default: spiffe://midair/ROLE/NAME]
    #[arg(long = "role", value_name = "PATTERN=ROLE")]
    pub roles: Vec<String>,
}

impl Tls {
    /// The files, where they are named.
    ///
    /// # Errors
    /// Where some are named and some are missing.
    pub fn files(&self) -> anyhow::Result<Option<Files>> {
        match (&self.tls_ca, &self.tls_cert, &self.tls_key) {
            (Some(ca), Some(cert), Some(key)) => {
                Ok(Some(Files { ca: ca.clone(), cert: cert.clone(), key: key.clone() }))
            }
            (None, None, None) => Ok(None),
            _ => anyhow::bail!("TLS needs three files: --tls-ca, --tls-cert and --tls-key"),
        }
    }

    /// What they hold; `None`: no file is named.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub fn credentials(&self, clock: &Clock) -> anyhow::Result<Option<Arc<Credentials>>> {
        let Some(files) = self.files()? else { return Ok(None) };
        let roles = Roles::new(&self.roles).map_err(anyhow::Error::msg).context("--role")?;
        let credentials = Credentials::load(files, roles, clock.mono_us())?;
        let own = &credentials.current(clock.mono_us()).own;
        tracing::info!(name = own.name(), until_s = own.until_s, "TLS");
        Ok(Some(Arc::new(credentials)))
    }
}
