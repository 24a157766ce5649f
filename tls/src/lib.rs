//! Mutual TLS: who is at the other end of a connection, and what they may do.
//!
//! [`Credentials`] are three PEM files, looked at again when they change. An [`Acceptor`] takes connections, a
//! [`Connector`] makes them; both tell the [`Identity`] of the other end, and [`Roles`] say what it may do. TLS 1.3 alone, no
//! resumption: each connection shows a certificate that holds at that moment.

mod accept;
#[cfg(feature = "authority")]
pub mod authority;
mod connect;
mod credentials;
mod identity;
mod material;
mod refusal;
mod role;
mod verify;
mod waiting;

pub use accept::{Accepted, Acceptor, HANDSHAKE_WITHIN, N_HANDSHAKES, Unaccepted};
pub use connect::{Connected, Connector, Failure};
pub use credentials::{Credentials, Files, LOOK_EVERY};
pub use identity::{Identity, SOON_S, length};
pub use material::{Material, TlsError, identities};
pub use refusal::refused;
pub use role::{Role, Roles};
pub use waiting::{Place, Waiting};
