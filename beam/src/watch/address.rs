//! Addresses of sockets, as VMs have them and as people write them.

use std::net::{Ipv4Addr, SocketAddr};

use crate::term::Term;

/// Of `{IpAddress, Port}` (`inet`), `{local, Path}`, or `#{addr, port}` (`socket`).
pub(crate) fn host_and_port(socket: &Term) -> Option<String> {
    let (host, port) = match socket {
        Term::Map(_) if socket.get("path").is_some() => return socket.get("path")?.to_text(),
        Term::Map(_) => (socket.get("addr")?, socket.get("port")?),
        _ => {
            let [host, port] = socket.as_tuple()? else { return None };
            (host, port)
        }
    };
    if host.as_atom() == Some("local") {
        return port.to_text();
    }
    let port = u16::try_from(port.as_count()?).ok()?; // A number that is no port.
    let words = host.as_tuple()?.iter().map(|word| u16::try_from(word.as_count()?).ok()); // Nor part of an address.
    match words.collect::<Option<Vec<u16>>>()?[..] {
        [a, b, c, d] => Some(SocketAddr::from((Ipv4Addr::from(bytes([a, b, c, d])?), port)).to_string()),
        [a, b, c, d, e, f, g, h] => Some(SocketAddr::from(([a, b, c, d, e, f, g, h], port)).to_string()),
        _ => None,
    }
}

fn bytes(words: [u16; 4]) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    for (byte, word) in bytes.iter_mut().zip(words) {
        *byte = u8::try_from(word).ok()?; // No part of an address.
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
