//! Whom a certificate names, and until when.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A certificate that ends within so many seconds is spoken of: 14 days.
pub const SOON_S: i64 = 14 * 86_400;

/// Names that a certificate may carry; more are not looked at.
const NAMES_MAX: usize = 64;

/// Whom a certificate names. What it says was checked only if it came with a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// URIs among its alternative names: SPIFFE ids.
    pub uris: Vec<String>,
    /// DNS names (in small letters) and addresses among them.
    pub names: Vec<String>,
    /// The common name of its subject: for words alone, it gives no role.
    pub common_name: Option<String>,
    /// Who signed it, as it says.
    pub issuer: String,
    /// True of a certificate that may sign others.
    pub is_authority: bool,
    /// From when it holds, seconds since 1970.
    pub from_s: i64,
    /// Until when it holds, seconds since 1970.
    pub until_s: i64,
}

impl Identity {
    /// Reads a certificate; `None` where it is damaged.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let mut identity = Self {
            common_name: read.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(clean),
            issuer: clean(&read.issuer().to_string()),
            is_authority: read.is_ca(),
            from_s: read.validity().not_before.timestamp(),
            until_s: read.validity().not_after.timestamp(),
            ..Self::default()
        };
        if let Some(names) = read.subject_alternative_name().ok()? {
            for name in names.value.general_names.iter().take(NAMES_MAX) {
                identity.add(name);
            }
        }
        Some(identity)
    }

    fn add(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::URI(uri) if is_plain(uri) => self.uris.push((*uri).to_owned()),
            GeneralName::DNSName(name) if is_plain(name) => self.names.push(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) => self.names.extend(address(bytes).map(|address| address.to_string())),
            // Other kinds name nobody whom a role is given to.
            _ => {}
        }
    }

    /// What to call it: its first URI, else its first name, else its common name.
    pub fn name(&self) -> &str {
        let first = self.uris.first().or(self.names.first()).or(self.common_name.as_ref());
        first.map_or("a certificate without a name", String::as_str)
    }

    /// In words, where it ends soon or has ended: "ends in 3 d".
    pub fn ends_soon(&self, now_s: i64) -> Option<String> {
        let left_s = self.until_s - now_s;
        match left_s {
            ..=0 => Some(format!("ended {} ago", length(-left_s))),
            1..SOON_S => Some(format!("ends in {}", length(left_s))),
            SOON_S.. => None,
        }
    }
}

/// A length of time in one unit: "3 d".
pub fn length(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} d", seconds / 86_400),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes).map(|bytes| IpAddr::from(Ipv6Addr::from(bytes)));
    // Another length is no address.
    v4.or_else(|_| v6()).ok()
}

/// A name in which nothing is hidden: whoever reads it in a log reads what was compared.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
