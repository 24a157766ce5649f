//! TLS distribution (`-proto_dist inet_tls`): who the target is, and who we are to it.

use std::sync::Arc;

use tokio::{io, net::TcpStream};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, pem, pem::PemObject},
        server::VerifierBuilderError,
    },
};

mod verify;

use verify::{Nameless, Trust};

/// What is checked of the target's certificate. That it holds the key of its certificate is always checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerCheck {
    /// That one of the authorities signed it, it has not run out, and it is for this name or address.
    Name(String),
    /// The same without any name, as Erlang does for certificates that carry none: any node with a certificate of these
    /// authorities is taken for the target.
    Chain,
    /// That it is one of the certificates given as authorities, to the byte: for those that signed themselves.
    Pinned,
}

/// Our own certificate, for targets that ask for one.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// Certificates in PEM, ours first.
    pub certificates: &'a [u8],
    /// Its key in PEM.
    pub key: &'a [u8],
}

/// How to speak TLS with a target.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No PEM.
    #[error("cannot read the {what} as PEM: {source}")]
    Pem {
        /// Which of them.
        what: &'static str,
        /// Where it is wrong.
        source: pem::Error,
    },
    /// There must be something to check against.
    #[error("no certificate among the authorities: nothing could be verified")]
    NoAuthority,
    /// A name that cannot stand in a certificate.
    #[error("the server name is no name of a host: {0}")]
    Name(#[from] InvalidDnsNameError),
    /// The authorities cannot be used.
    #[error("the authorities cannot be used: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// A certificate or key that rustls does not take.
    #[error("a certificate or key cannot be used: {0}")]
    Rustls(#[from] tokio_rustls::rustls::Error),
}

impl Tls {
    /// Trusts these authorities (PEM), checks so, and shows this certificate where it is asked for one.
    pub fn new(authorities: &[u8], check: &ServerCheck, identity: Option<Identity<'_>>) -> Result<Self, TlsError> {
        let authorities = certificates(authorities, "authorities")?;
        if authorities.is_empty() {
            return Err(TlsError::NoAuthority);
        }
        // The provider is named here, so that it does not matter which one the process chose.
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match check {
            ServerCheck::Name(_) => builder.with_root_certificates(roots(authorities)?),
            ServerCheck::Chain => builder.dangerous().with_custom_certificate_verifier(Arc::new(Nameless {
                trust: Trust::Chain(roots(authorities)?),
                provider,
            })),
            ServerCheck::Pinned => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Nameless { trust: Trust::Pinned(authorities), provider })),
        };
        let mut config = match identity {
            Some(identity) => builder.with_client_auth_cert(
                certificates(identity.certificates, "certificate")?,
                PrivateKeyDer::from_pem_slice(identity.key).map_err(|source| TlsError::Pem { what: "key", source })?,
            )?,
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = matches!(check, ServerCheck::Name(_));
        let server = match check {
            ServerCheck::Name(name) => ServerName::try_from(name.clone())?,
            // It is neither checked nor sent.
            ServerCheck::Chain | ServerCheck::Pinned => ServerName::try_from("localhost")?,
        };
        Ok(Self { config: Arc::new(config), server })
    }

    /// Speaks TLS over an open connection.
    pub(crate) async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.clone()).connect(self.server.clone(), stream).await
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|source| TlsError::Pem { what, source })
}

fn roots(authorities: Vec<CertificateDer<'static>>) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority)?;
    }
    Ok(Arc::new(roots))
}

/// What a verifier needs of the provider.
type Provider = Arc<CryptoProvider>;
