//! A hidden Erlang node: what it takes to ask a live VM, with nothing installed on it.
//!
//! [`connect()`] finds the node ([`epmd`] or a port), shakes hands ([`handshake`], over TCP or [`tls`]) and hands out a
//! [`Connection`]: calls with a deadline, and linked helpers that die with the connection. [`retry`] says when to come
//! again. What arrives is [`term`]s, decoded with bounds on depth and size: a peer may send anything.
//!
//! ```no_run
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! use midair_beam::{Address, Cookie, Mfa, Options, connect};
//!
//! let options = Options::new(Cookie::from_env("MIDAIR_COOKIE")?);
//! let address = Address::Epmd { epmd: "127.0.0.1:4369".into(), name: "rabbit".into() };
//! let node = connect(&address, &options).await?;
//! let memory = node.call(Mfa::new("erlang", "memory"), vec![], std::time::Duration::from_secs(5)).await?;
//! println!("{} has {:?} bytes", node.agreed().peer, memory.get("total"));
//! # Ok(())
//! # }
//! ```
//!
//! Each atom that a VM sees for the first time stays in it for ever, so [`Atom`]s for sending are made of literals alone.

pub mod connect;
pub mod connection;
pub mod cookie;
pub mod epmd;
pub mod handshake;
pub mod retry;
pub mod term;
pub mod tls;
pub mod watch;

pub use connect::{Address, ConnectError, Options, connect};
pub use connection::{CallError, Connection, Ended, Helper, HelperEnded, Limits, Mfa, SpawnOptions};
pub use cookie::{Cookie, CookieError};
pub use handshake::{HandshakeError, LocalName};
pub use retry::{Backoff, Trouble};
pub use term::{Atom, DecodeError, Pid, Term};
pub use tls::{ServerCheck, Tls, TlsError};
