//! A small authority for trials: a folder with its certificate and key, from which others are signed.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};

use crate::role::Role;

/// How long the authority itself holds, days: ten years.
pub const AUTHORITY_DAYS: u32 = 3_650;

/// Clocks differ: what is signed now holds since an hour ago.
const EARLIER_S: u64 = 3_600;

/// The authority's files in its folder.
const CA: &str = "ca.pem";
const CA_KEY: &str = "ca-key.pem";

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// It would be lost.
    #[error("{} is there already; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// A file or folder.
    #[error("cannot {what} {}: {source}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A name that would be a path, or no part of an id.
    #[error("{0:?} is no name; take letters, digits, dot, dash and underscore, at most 64")]
    Name(String),
    /// What cannot stand in a certificate, or an authority that cannot be read.
    #[error("{what}: {source}")]
    Certificate {
        /// What was tried.
        what: String,
        /// Why not.
        source: rcgen::Error,
    },
}

/// What is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is.
    pub role: Role,
    /// Its name: spiffe://midair/ROLE/NAME.
    pub name: String,
    /// Host names and addresses under which it is reached, if any.
    pub hosts: Vec<String>,
    /// How many days it holds.
    pub days: u32,
}

/// Files that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The certificate.
    pub cert: PathBuf,
    /// Its key, readable by its owner alone.
    pub key: PathBuf,
}

/// Makes an authority in a folder. `now_s`: seconds since 1970.
pub fn init(folder: &Path, is_forced: bool, now_s: u64) -> Result<Made, AuthorityError> {
    let made = Made { cert: folder.join(CA), key: folder.join(CA_KEY) };
    room_for(&made, is_forced)?;
    let mut params = dated(AUTHORITY_DAYS, now_s);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let cannot = |source| AuthorityError::Certificate { what: "cannot make an authority".into(), source };
    let key = KeyPair::generate().map_err(cannot)?;
    // Two of one name would be taken for each other until a signature is checked.
    let id: String = params.key_identifier(&key).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("midair trial authority {id}"));
    let certificate = params.self_signed(&key).map_err(cannot)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| AuthorityError::File {
        what: "make",
        path: folder.to_owned(),
        source,
    })?;
    write(&made, &certificate.pem(), &key.serialize_pem(), is_forced)?;
    Ok(made)
}

/// Signs a certificate with the authority of a folder, into that folder. `now_s`: seconds since 1970.
pub fn issue(folder: &Path, wanted: &Wanted, is_forced: bool, now_s: u64) -> Result<Made, AuthorityError> {
    let name = &wanted.name;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || name == "ca" || !name.chars().all(is_name) {
        return Err(AuthorityError::Name(name.clone()));
    }
    let made = Made { cert: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}-key.pem")) };
    room_for(&made, is_forced)?;
    let authority = authority(folder)?;
    let cannot = |source| AuthorityError::Certificate { what: format!("cannot sign {name}"), source };
    let mut params = dated(wanted.days, now_s);
    params.distinguished_name.push(DnType::CommonName, name.as_str());
    // Hosts may be given as names and as addresses.
    params.subject_alt_names = CertificateParams::new(wanted.hosts.clone()).map_err(cannot)?.subject_alt_names;
    let id = format!("spiffe://midair/{}/{name}", wanted.role);
    params.subject_alt_names.insert(0, SanType::URI(id.as_str().try_into().map_err(cannot)?));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = uses(wanted.role);
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(cannot)?;
    let certificate = params.signed_by(&key, &authority).map_err(cannot)?;
    write(&made, &certificate.pem(), &key.serialize_pem(), is_forced)?;
    Ok(made)
}

/// Who only looks cannot answer. An agent dials as well: a hub, at which it calls in.
fn uses(role: Role) -> Vec<ExtendedKeyUsagePurpose> {
    match role {
        Role::Viewer | Role::Operator => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Role::Agent | Role::Hub => vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
    }
}

fn dated(days: u32, now_s: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now_s.saturating_sub(EARLIER_S));
    params.not_after = epoch + Duration::from_secs(now_s) + Duration::from_secs(u64::from(days) * 86_400);
    // The default name of rcgen says nothing.
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
}

fn authority(folder: &Path) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|source| AuthorityError::File { what: "read", path: path.to_owned(), source })
    };
    let (cert, key) = (read(&folder.join(CA))?, read(&folder.join(CA_KEY))?);
    let what = || format!("{} holds no authority that can sign", folder.display());
    let key = KeyPair::from_pem(&key).map_err(|source| AuthorityError::Certificate { what: what(), source })?;
    Issuer::from_ca_cert_pem(&cert, key).map_err(|source| AuthorityError::Certificate { what: what(), source })
}

fn room_for(made: &Made, is_forced: bool) -> Result<(), AuthorityError> {
    let taken = [&made.cert, &made.key].into_iter().find(|path| path.symlink_metadata().is_ok());
    match taken {
        Some(path) if !is_forced => Err(AuthorityError::Exists(path.clone())),
        Some(_) | None => Ok(()),
    }
}

fn write(made: &Made, cert: &str, key: &str, is_forced: bool) -> Result<(), AuthorityError> {
    write_one(&made.key, key, 0o600, is_forced)?;
    write_one(&made.cert, cert, 0o644, is_forced)
}

/// Whole or not at all: one that is in use is replaced in one step, and one that has come meanwhile is not.
fn write_one(path: &Path, content: &str, mode: u32, is_forced: bool) -> Result<(), AuthorityError> {
    let failed = |source| AuthorityError::File { what: "write", path: path.to_owned(), source };
    let beside = path.with_extension(format!("pem.{}", std::process::id()));
    let target = if is_forced { beside.as_path() } else { path };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(target).map_err(failed)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    if is_forced { fs::rename(&beside, path).map_err(failed) } else { Ok(()) }
}
