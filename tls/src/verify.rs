//! Who may answer who dials: signed by an authority, in date, an agent or a hub, and the one that was dialled.

use std::{fmt, sync::Arc};

use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use crate::{identity::Identity, role::Roles};

/// A check of whoever answers.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) roles: Arc<Roles>,
}

/// A refusal of our own, in words.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        CertificateError::Other(OtherError(Arc::new(refusal))).into()
    }
}

impl Answering {
    fn check_name(&self, parsed: &ParsedCertificate<'_>, name: &ServerName<'_>, who: &Identity) -> Result<(), Error> {
        let Some(role) = self.roles.of(who) else {
            return Err(Refusal(format!(
                "it is {}, which has no role here; it should be an agent or a hub",
                who.name()
            ))
            .into());
        };
        if !role.answers() {
            return Err(
                Refusal(format!("it is {}, whose role is {role}; it should be an agent or a hub", who.name())).into()
            );
        }
        // An id that is an agent's names it, wherever it runs.
        if self.roles.of_uris(who).is_some_and(crate::role::Role::answers) {
            return Ok(());
        }
        verify_server_name(parsed, name).map_err(|error| match error {
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Refusal(format!("its certificate is for {}, not for {}", names(who), name.to_str())).into(),
            other => other,
        })
    }
}

fn names(who: &Identity) -> String {
    if who.names.is_empty() { who.name().to_owned() } else { who.names.join(", ") }
}

impl ServerCertVerifier for Answering {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let parsed = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, intermediates, now, algorithms)?;
        let who = Identity::of(certificate).ok_or(CertificateError::BadEncoding)?;
        self.check_name(&parsed, name, &who)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
