//! Internet addresses, in the one spelling that both snapshot and stream are brought to.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

/// Drops the full mask that a snapshot adds to a host (`192.168.0.1/32`, `::1/128`) and the stream does not.
pub(super) fn without_host_mask(text: Cow<'_, str>) -> Cow<'_, str> {
    let mask = if text.contains(':') { "/128" } else { "/32" };
    match text.strip_suffix(mask) {
        Some(host) => Cow::Owned(host.to_owned()),
        None => text,
    }
}

/// An `inet` as the stream spells it: the host's own bits stay, a full mask goes.
pub(super) fn inet(text: &str) -> Option<String> {
    let (address, bits) = parse(text)?;
    let host = spell(address);
    Some(if bits == full(address) {
        host
    } else {
        format!("{host}/{bits}")
    })
}

/// A `cidr` as the server spells it: always with its mask, and no bit beyond it.
pub(super) fn cidr(text: &str) -> Option<String> {
    let (address, bits) = parse(text)?;
    let number = match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let beyond_mask = number.checked_shl(bits).unwrap_or(0);
    (beyond_mask == 0).then(|| format!("{}/{bits}", spell(address)))
}

/// The address and its mask; a full one where none is given. Postgres' short forms (`10.1`) are not read.
fn parse(text: &str) -> Option<(IpAddr, u32)> {
    let text = text.trim_ascii();
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits = match bits {
        Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok()?,
        Some(_) => return None,
        None => full(address),
    };
    (bits <= full(address)).then_some((address, bits))
}

fn full(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn spell(address: IpAddr) -> String {
    match address {
        // `::1.2.3.4`: Postgres writes the last 32 bits of an IPv4-compatible address with dots, std does so for `::ffff:` only.
        IpAddr::V6(v6) if matches!(v6.segments(), [0, 0, 0, 0, 0, 0, high, _] if high != 0) => {
            let last = Ipv6Addr::from_bits(v6.to_bits() | 0xffff << 32);
            last.to_string().replace("::ffff:", "::")
        }
        other => other.to_string(),
    }
}
