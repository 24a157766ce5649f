//! Why two ends do not come together, in words that end "cannot reach agent NAME: ...".

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use crate::{identity::length, verify::Refusal};

/// What TLS has against a connection, seen from the end that dialled; `None`: nothing, the connection itself failed.
pub fn refused(error: &io::Error) -> Option<String> {
    let words = match error.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "it does not speak TLS; was it started with --insecure?".to_owned()
        }
        Error::NoCertificatesPresented => "it shows no certificate".to_owned(),
        other => format!("TLS with it fails: {other}"),
    };
    Some(words)
}

fn of_certificate(error: &CertificateError) -> String {
    let seconds = |from: u64, to: u64| length(i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX));
    match error {
        CertificateError::ExpiredContext { time, not_after } => {
            format!("its certificate ended {} ago; give it a new one", seconds(not_after.as_secs(), time.as_secs()))
        }
        CertificateError::Expired => "its certificate has ended; give it a new one".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "its certificate holds only in {}; are both clocks right?",
            seconds(time.as_secs(), not_before.as_secs())
        ),
        CertificateError::NotValidYet => "its certificate does not hold yet; are both clocks right?".to_owned(),
        // An authority of the same name, with another key, signed it in the second case.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "no authority that is known here has signed its certificate; see --tls-ca".to_owned()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not one to answer with; it should be an agent's".to_owned()
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.to_string(),
            None => format!("its certificate cannot be used: {other}"),
        },
        other => format!("its certificate cannot be used: {other}"),
    }
}

/// What the other end says of ours.
fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateExpired => {
            "it says that our certificate has ended or does not hold yet; see --tls-cert, and both clocks".to_owned()
        }
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            "it does not know the authority that signed our certificate; see --tls-cert and the agent's --tls-ca"
                .to_owned()
        }
        AlertDescription::CertificateRequired => "it asks for a certificate; see --tls-cert".to_owned(),
        AlertDescription::UnsupportedCertificate => {
            "it says that our certificate is not one to look with; see --tls-cert".to_owned()
        }
        AlertDescription::ProtocolVersion => "it does not speak TLS 1.3".to_owned(),
        other => format!("it does not take our certificate or our TLS ({other:?}); its log says why"),
    }
}
