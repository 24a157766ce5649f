//! What three PEM files hold, checked and ready for connections.

use std::{fs, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore, ServerConfig,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier},
    version::TLS13,
};

use crate::{credentials::Files, identity::Identity, role::Roles, verify::Answering};

/// A file is not read beyond so many bytes: bundles of authorities are a tenth of it.
const FILE_BYTES: u64 = 4 << 20;

/// What gRPC speaks (RFC 9113).
const ALPN: &[u8] = b"h2";

/// Why files cannot be used, and which.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It is not there, or we may not read it.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no PEM, or another.
    #[error("{file} holds no {what} in PEM; is it the right file?")]
    Pem {
        /// Which.
        file: String,
        /// What it should hold.
        what: &'static str,
    },
    /// An authority that cannot be used.
    #[error("{file} holds an authority that cannot be used: {source}")]
    Authority {
        /// Which.
        file: String,
        /// Why.
        source: rustls::Error,
    },
    /// Certificate and key are no pair.
    #[error("{key} is not the key of {cert}")]
    Pair {
        /// The certificate's file.
        cert: String,
        /// The key's file.
        key: String,
    },
    /// A certificate or a key of a kind that is not spoken here.
    #[error("{file} cannot be used: {source}")]
    Unusable {
        /// Which.
        file: String,
        /// Why.
        source: rustls::Error,
    },
    /// No check of certificates can be made of these authorities.
    #[error("{file} cannot be used: {source}")]
    Verifier {
        /// Which.
        file: String,
        /// Why.
        source: VerifierBuilderError,
    },
}

/// What the files held when they were last read.
#[derive(Debug)]
pub struct Material {
    /// Whom our own certificate names.
    pub own: Identity,
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
}

impl Material {
    /// Reads and checks the files.
    pub(crate) fn read(files: &Files, roles: &Arc<Roles>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(roots(&files.ca)?);
        let chain = certificates(&files.cert)?;
        let damaged = || TlsError::Pem { file: shown(&files.cert), what: "certificate that can be read" };
        let own = chain.first().and_then(Identity::of).ok_or_else(damaged)?;
        let key = PrivateKeyDer::from_pem_slice(&content(&files.key)?)
            .map_err(|_| TlsError::Pem { file: shown(&files.key), what: "private key" })?;
        let server = server(files, &roots, &provider, chain.clone(), key.clone_key())?;
        let client = client(files, roots, provider, chain, key, roles)?;
        Ok(Self { own, server: Arc::new(server), client: Arc::new(client) })
    }
}

/// The certificates of a PEM file, ours to show; keys and whatever else stands there are passed over.
pub fn identities(file: &Path) -> Result<Vec<Identity>, TlsError> {
    let damaged = || TlsError::Pem { file: shown(file), what: "certificate that can be read" };
    certificates(file)?.iter().map(|certificate| Identity::of(certificate).ok_or_else(damaged)).collect()
}

fn server(
    files: &Files,
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .build()
        .map_err(|source| TlsError::Verifier { file: shown(&files.ca), source })?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])
        .map_err(|source| TlsError::Unusable { file: shown(&files.cert), source })?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|source| of_pair(files, source))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Who comes again shows a certificate again: one that has ended meanwhile lets nobody in.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn client(
    files: &Files,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roles: &Arc<Roles>,
) -> Result<ClientConfig, TlsError> {
    let answering = Answering { roots, provider: Arc::clone(&provider), roles: Arc::clone(roles) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|source| TlsError::Unusable { file: shown(&files.cert), source })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(answering))
        .with_client_auth_cert(chain, key)
        .map_err(|source| of_pair(files, source))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn of_pair(files: &Files, source: rustls::Error) -> TlsError {
    match source {
        rustls::Error::InconsistentKeys(_) => TlsError::Pair { cert: shown(&files.cert), key: shown(&files.key) },
        source => TlsError::Unusable { file: shown(&files.key), source },
    }
}

fn roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(file)? {
        roots.add(authority).map_err(|source| TlsError::Authority { file: shown(file), source })?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Pem { file: shown(file), what: "certificate" };
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(&content(file)?).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

fn content(file: &Path) -> Result<Vec<u8>, TlsError> {
    let read = fs::metadata(file).and_then(|found| {
        let is_file = found.is_file() && found.len() <= FILE_BYTES;
        if is_file { fs::read(file) } else { Err(std::io::Error::other("it is no file of a few kilobytes")) }
    });
    read.map_err(|source| TlsError::Read { file: shown(file), source })
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
