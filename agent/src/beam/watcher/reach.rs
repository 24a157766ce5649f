//! From an OS process to a connection to its VM.

use std::{fs, time::Duration};

use midair_beam::{
    Address, Connection, LocalName, Options, ServerCheck, Tls, Trouble, connect, tls::Identity, watch::Vm,
};

use super::{
    cookie,
    place::{self, Arguments, Finder, Unfound},
};
use crate::{beam::said::Target, config::BeamConfig};

/// For each step of connecting, and for the first question.
const WITHIN: Duration = Duration::from_secs(7);

/// A VM that has let us in.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) connection: Connection,
    pub(super) vm: Vm,
    pub(super) found_by: &'static str,
}

/// Why a VM was not reached.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) trouble: Trouble,
    pub(super) why: String,
    /// Whether it was started so that nobody can.
    pub(super) is_undistributed: bool,
}

/// What an operator sees of a VM that nobody can ask.
const UNDISTRIBUTED: &str = "not distributed (no -sname or -name): seen from outside alone";

/// Finds the VM of an OS process and connects to it.
pub(super) async fn reach(
    target: &Target,
    config: &BeamConfig,
    finder: &mut Finder,
    now_us: u64,
) -> Result<Reached, Failed> {
    let failed = |trouble, why| Failed { trouble, why, is_undistributed: false };
    let absent = |why: String| failed(Trouble::Absent, why);
    let args = Arguments::of(target.pid);
    let place = finder.find(&args, config, now_us).await.map_err(|why| match why {
        Unfound::Other(why) => absent(why),
        Unfound::Undistributed => Failed { is_undistributed: true, ..absent(UNDISTRIBUTED.into()) },
    })?;
    let cookie = cookie::find(target.pid, place.name.as_deref(), &args, config).map_err(absent)?;
    let mut options = Options::new(cookie);
    options.within = WITHIN;
    options.name = config.own_name.clone().map_or(LocalName::Dynamic, LocalName::Static);
    if args.is_tls() {
        options.tls = Some(tls(config).map_err(absent)?);
    }
    let mut first: Option<String> = None;
    for address in place.addresses {
        match connect(&Address::Direct(address), &options).await {
            Ok(connection) => return greet(connection, target, place.found_by).await.map_err(absent),
            Err(error) => {
                // Only one that nobody answers at may be the wrong one. Of those the likeliest says why.
                if error.trouble() != Trouble::Absent {
                    return Err(failed(error.trouble(), error.to_string()));
                }
                first.get_or_insert(error.to_string());
            }
        }
    }
    let why = first.unwrap_or_else(|| "it listens nowhere".into());
    Err(absent(match place.foreign {
        Some(host) => format!("{why}; the host of its name, {host}, is no address of this host and is not dialled"),
        None => why,
    }))
}

/// What it says it is, and whether that is the VM that was meant.
async fn greet(connection: Connection, target: &Target, found_by: &'static str) -> Result<Reached, String> {
    let vm = Vm::read(&connection, WITHIN).await.map_err(|error| error.to_string())?;
    if let (Some(said), Some(meant)) = (vm.os_pid, place::own_pid(target.pid))
        && said != meant
    {
        return Err(format!("another VM answers for it: {}, whose OS process is {said} and not {meant}", vm.name));
    }
    if let Some(seconds) = vm.tick_time_s {
        // Who ticks as seldom as the VM expects is not held for gone, and holds it for gone in time.
        connection.set_tick_time(Duration::from_secs(seconds)).await.map_err(|ended| ended.to_string())?;
    }
    Ok(Reached { connection, vm, found_by })
}

/// Certificates of nodes carry no host names mostly: what is checked is who signed them, as Erlang does.
fn tls(config: &BeamConfig) -> Result<Tls, String> {
    let wanted = "it speaks TLS: say --vm-tls-ca with the authorities of its certificate";
    let authorities = config.tls_authorities.as_ref().ok_or(wanted)?;
    let read =
        |path: &std::path::PathBuf| fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let authorities = read(authorities)?;
    let own = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => Some((read(certificate)?, read(key)?)),
        (None, None) => None,
        _ => return Err("a certificate of our own needs both --vm-tls-cert and --vm-tls-key".into()),
    };
    let identity = own.as_ref().map(|(certificates, key)| Identity { certificates, key });
    Tls::new(&authorities, &ServerCheck::Chain, identity).map_err(|error| error.to_string())
}
