//! Addresses and networks (functions as in "Kubernetes IP address library" and "Kubernetes CIDR library", Kubernetes 1.30, which are
//! Go's `netip` without zones and without IPv4 written as IPv6).

use std::any::Any;
use std::net::{IpAddr, Ipv6Addr};

use cel::common::types::{CelBool, CelInt, CelString, Type};
use cel::common::value::{StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};
use ipnet::IpNet;

use super::library::refused;

static IP: Type = Type::new_unspecified_type("net.IP");
static CIDR: Type = Type::new_unspecified_type("net.CIDR");

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address(IpAddr);

/// An address with the length of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network(IpNet);

/// A value that is copied as it is.
macro_rules! plain {
    ($value:ident, $type:ident) => {
        impl Val for $value {
            fn get_type(&self) -> &Type {
                &$type
            }

            fn cel_type() -> &'static Type {
                &$type
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref::<Self>() == Some(self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(*self)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $value {}
    };
}

plain!(Address, IP);
plain!(Network, CIDR);

fn address(text: &str) -> Option<IpAddr> {
    let is_mapped = |address: &Ipv6Addr| address.to_ipv4_mapped().is_some();
    text.parse::<IpAddr>().ok().filter(|address| !matches!(address, IpAddr::V6(six) if is_mapped(six)))
}

fn network(text: &str) -> Option<IpNet> {
    let (before, length) = text.split_once('/')?;
    let is_plain = length == "0" || !length.starts_with('0') && length.bytes().all(|letter| letter.is_ascii_digit());
    address(before).filter(|_| is_plain).and_then(|address| IpNet::new(address, length.parse().ok()?).ok())
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(IP.to_owned())?;
    env.add_type(CIDR.to_owned())?;
    add_overload!(env, fn ip: (CelString<'_>) -> Result<Address>)?;
    add_overload!(env, fn is_ip: (CelString<'_>) -> CelBool, name = "isIP")?;
    add_overload!(env, fn is_canonical: (CelString<'_>) -> Result<CelBool>, name = "ip.isCanonical")?;
    add_overload!(env, fn address_text: (Address) -> CelString<'_>, name = "string", id = "ip_to_string")?;
    add_member_overload!(env, fn family: (Address) -> CelInt)?;
    add_member_overload!(env, fn is_unspecified: (Address) -> CelBool)?;
    add_member_overload!(env, fn is_loopback: (Address) -> CelBool)?;
    add_member_overload!(env, fn is_link_local_multicast: (Address) -> CelBool)?;
    add_member_overload!(env, fn is_link_local_unicast: (Address) -> CelBool)?;
    add_member_overload!(env, fn is_global_unicast: (Address) -> CelBool)?;
    add_overload!(env, fn cidr: (CelString<'_>) -> Result<Network>)?;
    add_overload!(env, fn is_cidr: (CelString<'_>) -> CelBool, name = "isCIDR")?;
    add_overload!(env, fn network_text: (Network) -> CelString<'_>, name = "string", id = "cidr_to_string")?;
    add_member_overload!(env, fn contains_ip: (Network, Address) -> CelBool, name = "containsIP")?;
    add_member_overload!(env, fn contains_ip_text: (Network, CelString<'_>) -> Result<CelBool>, name = "containsIP")?;
    add_member_overload!(env, fn contains_cidr: (Network, Network) -> CelBool, name = "containsCIDR")?;
    add_member_overload!(env, fn contains_cidr_text: (Network, CelString<'_>) -> Result<CelBool>, name = "containsCIDR")?;
    add_member_overload!(env, fn network_ip: (Network) -> Address, name = "ip")?;
    add_member_overload!(env, fn masked: (Network) -> Network)?;
    add_member_overload!(env, fn prefix_length: (Network) -> CelInt)?;
    Ok(())
}

fn ip(text: &CelString<'_>) -> Result<Address, ExecutionError> {
    address(text.inner()).map(Address).ok_or_else(|| refused("ip", "the text is no address"))
}

fn is_ip(text: &CelString<'_>) -> CelBool {
    address(text.inner()).is_some().into()
}

fn is_canonical(text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    ip(text).map(|address| (address.0.to_string() == text.inner()).into())
}

fn address_text(address: &Address) -> CelString<'static> {
    address.0.to_string().into()
}

fn family(address: &Address) -> CelInt {
    (if address.0.is_ipv4() { 4 } else { 6 }).into()
}

fn is_unspecified(address: &Address) -> CelBool {
    address.0.is_unspecified().into()
}

fn is_loopback(address: &Address) -> CelBool {
    address.0.is_loopback().into()
}

fn is_link_local_multicast(address: &Address) -> CelBool {
    match address.0 {
        IpAddr::V4(four) => four.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    }
    .into()
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

fn is_link_local_unicast(address: &Address) -> CelBool {
    is_link_local(address.0).into()
}

/// Private networks count as global, as in Go.
fn is_global_unicast(address: &Address) -> CelBool {
    let is_broadcast = matches!(address.0, IpAddr::V4(four) if four.is_broadcast());
    (!is_broadcast && !address.0.is_unspecified() && !address.0.is_loopback() && !address.0.is_multicast() && !is_link_local(address.0)).into()
}

fn cidr(text: &CelString<'_>) -> Result<Network, ExecutionError> {
    network(text.inner()).map(Network).ok_or_else(|| refused("cidr", "the text is no network"))
}

fn is_cidr(text: &CelString<'_>) -> CelBool {
    network(text.inner()).is_some().into()
}

fn network_text(network: &Network) -> CelString<'static> {
    network.0.to_string().into()
}

fn contains_ip(network: &Network, address: &Address) -> CelBool {
    network.0.contains(&address.0).into()
}

fn contains_ip_text(network: &Network, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    address(text.inner()).map(|address| network.0.contains(&address).into()).ok_or_else(|| refused("containsIP", "the text is no address"))
}

fn contains_cidr(network: &Network, other: &Network) -> CelBool {
    network.0.contains(&other.0).into()
}

fn contains_cidr_text(outer: &Network, text: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    network(text.inner()).map(|other| outer.0.contains(&other).into()).ok_or_else(|| refused("containsCIDR", "the text is no network"))
}

fn network_ip(network: &Network) -> Address {
    Address(network.0.addr())
}

fn masked(network: &Network) -> Network {
    Network(network.0.trunc())
}

fn prefix_length(network: &Network) -> CelInt {
    i64::from(network.0.prefix_len()).into()
}
