//! `midair certs`: a small authority for trials, and what stands in certificates.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use midair_tls::{
    Identity, Role, Roles,
    authority::{self, Wanted},
    identities, length,
};

use crate::{app, event::Stamp};

/// What is done with certificates.
#[derive(Clone, Debug, Subcommand)]
pub enum CertsCommand {
    /// Make an authority in a folder: ca.pem, and ca-key.pem, which is to stay there.
    Init {
        /// The folder.
        dir: PathBuf,
        /// Replace one that is there.
        #[arg(long)]
        force: bool,
    },
    /// Sign a certificate with it: NAME.pem and NAME-key.pem.
    Issue(IssueArgs),
    /// Say of certificates who it is, as what, until when, and who signed it.
    Show {
        /// PEM files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What is signed.
#[derive(Args, Clone, Debug)]
pub struct IssueArgs {
    /// The folder of the authority.
    dir: PathBuf,

    /// What it is: agent, viewer, operator or hub.
    #[arg(long)]
    role: Role,

    /// Its name, and that of its files.
    #[arg(long)]
    name: String,

    /// A host name or address under which it is reached; as many as needed.
    #[arg(long = "host", value_name = "DNS|IP")]
    hosts: Vec<String>,

    /// How many days it holds.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,

    /// Replace one that is there.
    #[arg(long)]
    force: bool,
}

impl CertsCommand {
    /// Does it; what to say of it.
    pub fn run(&self, now: Stamp) -> anyhow::Result<String> {
        let now_s = now.0 / 1_000_000;
        match self {
            Self::Init { dir, force } => {
                let made = authority::init(dir, *force, now_s)?;
                Ok(format!("made {} and {}; keep the key here", made.cert.display(), made.key.display()))
            }
            Self::Issue(args) => {
                let IssueArgs { role, name, hosts, days, .. } = args.clone();
                let made = authority::issue(&args.dir, &Wanted { role, name, hosts, days }, args.force, now_s)?;
                Ok(format!("made {} and {}", made.cert.display(), made.key.display()))
            }
            Self::Show { files } => {
                let mut said = String::new();
                for file in files {
                    match identities(file) {
                        Ok(all) => all.iter().try_for_each(|who| show(&mut said, file, who, now))?,
                        // Keys lie beside certificates; of one file alone it is an error.
                        Err(error) if files.len() > 1 => writeln!(said, "{error}")?,
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(said.trim_end().to_owned())
            }
        }
    }
}

fn show(said: &mut String, file: &Path, who: &Identity, now: Stamp) -> std::fmt::Result {
    let now_s = i64::try_from(now.0 / 1_000_000).unwrap_or(i64::MAX);
    let at = |seconds: i64| app::utc(Stamp(u64::try_from(seconds).unwrap_or(0) * 1_000_000));
    let role = match Roles::default().of(who) {
        Some(role) => role.to_string(),
        None if who.is_authority => "an authority, which signs others".to_owned(),
        None => "none by the usual map; name it with --role".to_owned(),
    };
    let left = match who.until_s - now_s {
        ..=0 => format!("ended {} ago", length(now_s - who.until_s)),
        _ if now_s < who.from_s => format!("holds only from {}", at(who.from_s)),
        left_s => format!("{} left", length(left_s)),
    };
    writeln!(said, "{}", file.display())?;
    writeln!(said, "  who    {}", who.name())?;
    let others: Vec<&str> = who.uris.iter().chain(&who.names).skip(1).map(String::as_str).collect();
    if !others.is_empty() {
        writeln!(said, "  also   {}", others.join(", "))?;
    }
    writeln!(said, "  role   {role}")?;
    writeln!(said, "  until  {}, {left}", at(who.until_s))?;
    writeln!(said, "  by     {}", who.issuer)
}
