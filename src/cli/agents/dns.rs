//! Agents by DNS: SRV records, or all addresses of a name.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use anyhow::Context as _;
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

use crate::cli::{PORT, Place};

/// A name is asked for again when its records are out of date, but no sooner and no later than this.
pub(super) const SOONEST: Duration = Duration::from_secs(10);
const LATEST: Duration = Duration::from_secs(60);

/// The port of DNS.
const DNS_PORT: u16 = 53;

/// A name in DNS that stands for agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// Its SRV records name hosts and ports.
    Srv(String),
    /// All its addresses, each with this port.
    Hosts(String, u16),
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no name; write _midair._tcp.DOMAIN (SRV) or NAME:PORT");
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?)),
            None => (text, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(is_name) || name.parse::<IpAddr>().is_ok() {
            return Err(wrong());
        }
        match (name.starts_with('_'), port) {
            (true, None) => Ok(Self::Srv(name.to_owned())),
            (true, Some(_)) => Err(format!("SRV records have ports of their own; write {name}")),
            (false, port) => Ok(Self::Hosts(name.to_owned(), port.unwrap_or(PORT))),
        }
    }
}

/// A server of DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(SocketAddr);

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT)));
        address.map(Self).map_err(|_| format!("{text:?} is no address of a server; write IP or IP:PORT"))
    }
}

impl Name {
    /// Where its agents are, in order, and for how long that holds.
    pub(super) async fn resolve(&self, server: Option<Server>) -> anyhow::Result<(Vec<Place>, Duration)> {
        let resolver = resolver(server)?;
        let (mut places, ttl_s) = match self {
            Self::Srv(name) => {
                let found = resolver.lookup(name.as_str(), RecordType::SRV).await;
                let found = found.map_err(|error| failed(name, "SRV records", &error))?;
                let srv = found.answers().iter().filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some((srv.target.to_utf8(), srv.port, record.ttl)),
                    _ => None,
                });
                let (places, ttls): (Vec<Place>, Vec<u32>) = srv
                    .map(|(host, port, ttl)| (Place::Tcp(format!("{}:{port}", host.trim_end_matches('.'))), ttl))
                    .unzip();
                (places, ttls.into_iter().min())
            }
            Self::Hosts(name, port) => {
                let found = resolver.lookup_ip(name.as_str()).await;
                let found = found.map_err(|error| failed(name, "addresses", &error))?;
                let places = found.iter().map(|ip| Place::Tcp(SocketAddr::new(ip, *port).to_string()));
                (places.collect(), found.as_lookup().answers().iter().map(|record| record.ttl).min())
            }
        };
        // Servers turn the order, so that all take another first; here each order is the same list.
        places.sort();
        places.dedup();
        anyhow::ensure!(!places.is_empty(), "DNS has no agents of the name {}", self.name());
        Ok((places, Duration::from_secs(ttl_s.unwrap_or(0).into()).clamp(SOONEST, LATEST)))
    }

    fn name(&self) -> &str {
        match self {
            Self::Srv(name) | Self::Hosts(name, _) => name,
        }
    }
}

fn failed(name: &str, what: &str, error: &NetError) -> anyhow::Error {
    if error.is_nx_domain() {
        return anyhow::anyhow!("DNS has no name {name}; check the spelling");
    }
    if error.is_no_records_found() {
        return anyhow::anyhow!("DNS has no {what} of the name {name}");
    }
    anyhow::anyhow!("cannot ask DNS for {name}: {error}")
}

/// What asks. It remembers nothing: who asks does so when what it was told is out of date.
fn resolver(server: Option<Server>) -> anyhow::Result<TokioResolver> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = match server {
        Some(Server(address)) => {
            let mut ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            ways.iter_mut().for_each(|way| way.port = address.port());
            let one = NameServerConfig::new(address.ip(), true, ways.into());
            Resolver::builder_with_config(ResolverConfig::from_parts(None, Vec::new(), vec![one]), provider)
        }
        None => Resolver::builder(provider).context("cannot tell which servers of DNS there are; see --dns-server")?,
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    // A host that has both is one agent.
    options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
    builder.build().context("cannot ask DNS")
}

#[cfg(test)]
mod tests;
