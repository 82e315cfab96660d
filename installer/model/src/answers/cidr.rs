//! Networks in CIDR notation (RFC 4632, RFC 4291 §2.3), as policies and source ranges name them.

use std::net::IpAddr;

/// What is wrong with a network in CIDR notation; none if it is one.
pub fn flaw(text: &str) -> Option<String> {
    let Some((address, length)) = text.split_once('/') else {
        return Some(match text.parse::<IpAddr>() {
            Ok(address) => format!("`{text}` is an address; a network has a length, as in {address}/{}", bits(address)),
            Err(_) => format!("`{text}` is not a network, as in 10.0.0.0/8"),
        });
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return Some(format!("`{text}` does not begin with an address, as in 10.0.0.0/8"));
    };
    let bits = bits(address);
    let Some(length) = length.parse::<u32>().ok().filter(|parsed| *parsed <= bits && parsed.to_string() == length) else {
        return Some(format!("`{text}` has a length that is not 0 to {bits}"));
    };
    let network = network(address, length);
    (network != address).then(|| format!("`{text}` has bits set beyond its length; did you mean {network}/{length}?"))
}

const fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn network(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => IpAddr::V4((u32::from(address) & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into()),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_families_pass() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.1/32", "::/0", "fd00::/8", "2001:db8::1/128"] {
            assert_eq!(flaw(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_network_is_told_in_its_own_words() {
        let told = |text: &str| flaw(text).unwrap();
        assert_eq!(told("10.0.0.5/8"), "`10.0.0.5/8` has bits set beyond its length; did you mean 10.0.0.0/8?");
        assert_eq!(told("10.0.0.5"), "`10.0.0.5` is an address; a network has a length, as in 10.0.0.5/32");
        assert_eq!(told("10.0.0.0/33"), "`10.0.0.0/33` has a length that is not 0 to 32");
        assert_eq!(told("10.0.0.0/+8"), "`10.0.0.0/+8` has a length that is not 0 to 32");
        assert_eq!(told("office"), "`office` is not a network, as in 10.0.0.0/8");
        assert_eq!(told("fd00::1/8"), "`fd00::1/8` has bits set beyond its length; did you mean fd00::/8?");
    }
}
