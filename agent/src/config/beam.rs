//! What the BEAM source is told: cookies, addresses, TLS. Names of files travel to the process that reads them; what is in
//! them does not.

use std::path::PathBuf;

/// The variable that holds a cookie for all VMs.
pub const COOKIE_VARIABLE: &str = "MIDAIR_COOKIE";

/// How Erlang VMs are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BeamConfig {
    /// File with the cookie of every VM that has no other; `None`: each VM's own.
    pub cookie_file: Option<PathBuf>,
    /// Files with cookies, by node name.
    pub cookies: Vec<(String, PathBuf)>,
    /// Where nodes listen that are not found by themselves: node name and `host:port`.
    pub addresses: Vec<(String, String)>,
    /// The name under which we connect; `None`: one that the VM gives us.
    pub own_name: Option<String>,
    /// File with the authorities of VMs that speak TLS, PEM.
    pub tls_authorities: Option<PathBuf>,
    /// File with our own certificate for these, PEM.
    pub tls_certificate: Option<PathBuf>,
    /// File with its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// CPU time that a sweep may use inside of a VM, per mille of one core; `None`: as the sweep thinks right.
    pub vm_budget_milli: Option<u32>,
    /// Processes and ports that run for so many milliseconds without a break are told, where nobody else has the VM's system
    /// monitor; `None`: not asked for, since it costs a busy VM up to 12 % of its time.
    pub long_schedule_ms: Option<u32>,
}

impl BeamConfig {
    /// The file with the cookie of a node, where one is named for it or for all.
    pub fn cookie_file_of(&self, node: &str) -> Option<&PathBuf> {
        let own = self.cookies.iter().find(|(name, _)| name == node).map(|(_, path)| path);
        own.or(self.cookie_file.as_ref())
    }

    /// Where a node listens, where that is said.
    pub fn address_of(&self, node: &str) -> Option<&str> {
        self.addresses.iter().find(|(name, _)| name == node).map(|(_, address)| address.as_str())
    }
}
