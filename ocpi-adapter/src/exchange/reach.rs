//! Which addresses partners may have.
//!
//! Partners tell us where to call them. Without a check they could have us call machines of our own network, so the
//! address that a name resolves to is looked at where the connection is made: a name that changes its mind does not
//! help.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Which addresses partners may have. The default is public ones only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Private addresses too: loopback, RFC 1918, RFC 6598 (carriers), unique local ones. Link-local ones, among them
    /// those where clouds keep their secrets (169.254.169.254), never by this.
    pub private: bool,
    /// These networks too, whatever they are.
    pub networks: Vec<IpNet>,
    /// These hosts too, wherever they are.
    pub hosts: Vec<String>,
    /// Requests go through the proxy that the environment names (`HTTPS_PROXY`). It resolves names itself: see that it
    /// refuses internal addresses.
    pub through_proxy: bool,
}

/// An address that a partner may not have.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{host} is at {address}, which is not a public address: allow it in the reach of the platform if it may be")]
pub(crate) struct Forbidden {
    host: String,
    address: IpAddr,
}

impl Reach {
    /// Returns what our own address implies: who is on loopback has partners there, who is at an address that only an
    /// internal network knows has them in it, and all others have them in public.
    pub fn implied_by(public_url: &Url) -> Self {
        let address = match public_url.host() {
            Some(Host::Domain("localhost")) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            // A name without a dot means something in its own network only.
            Some(Host::Domain(name)) => return Self { private: !name.contains('.'), ..Self::default() },
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            None => None,
        };
        match address {
            Some(address) if address.is_loopback() => {
                let loopback = [(IpAddr::V4(Ipv4Addr::LOCALHOST), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)];
                let networks = loopback.iter().filter_map(|(address, bits)| IpNet::new(*address, *bits).ok());
                Self { networks: networks.map(|network| network.trunc()).collect(), ..Self::default() }
            }
            Some(address) => Self { private: kind(address) == Kind::Private, ..Self::default() },
            None => Self::default(),
        }
    }

    /// Refuses an address that is written as a number and may not be called. Names are looked at when they resolve.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        let host = url.host_str().unwrap_or_default();
        if self.allows(host, address) { Ok(()) } else { Err(Forbidden { host: host.to_owned(), address }) }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        let address = plain(address);
        match kind(address) {
            Kind::Public => true,
            Kind::Private if self.private => true,
            Kind::Private | Kind::Special => {
                self.networks.iter().any(|network| network.contains(&address))
                    || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Special,
}

/// Returns the address that is meant, where an address of IPv6 stands for one of IPv4 (mapped, compatible, NAT64,
/// 6to4).
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let pair = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => pair(high, low),
        _ => address,
    }
}

fn kind(address: IpAddr) -> Kind {
    match plain(address) {
        IpAddr::V4(address) => match address.octets() {
            [10 | 127, ..] | [192, 168, ..] => Kind::Private,
            [172, second, ..] if second & 0xf0 == 16 => Kind::Private,
            [100, second, ..] if second & 0xc0 == 64 => Kind::Private,
            // This network, link-local, protocol assignments, documentation, benchmarks, multicast, reserved.
            // Last, a public one where a cloud keeps its secrets.
            [0 | 224.., ..]
            | [169, 254, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [168, 63, 129, 16] => Kind::Special,
            _ => Kind::Public,
        },
        IpAddr::V6(address) => match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Private,
            // The address of a cloud's secrets is among the unique local ones.
            [0xfd00, 0x0ec2, ..] => Kind::Special,
            [first, ..] if first & 0xfe00 == 0xfc00 => Kind::Private,
            // Global unicast, without Teredo and documentation; everything else is special.
            [0x2001, 0 | 0xdb8, ..] | [0x3fff, ..] => Kind::Special,
            [first, ..] if first & 0xe000 == 0x2000 => Kind::Public,
            _ => Kind::Special,
        },
    }
}

/// Resolves names to the addresses that may be called.
pub(super) struct Resolver(pub Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|address| reach.allows(host, address.ip())).collect();
            match found.first() {
                Some(first) if allowed.is_empty() => {
                    Err(Forbidden { host: host.to_owned(), address: first.ip() }.into())
                }
                _ => Ok::<Addrs, _>(Box::new(allowed.into_iter())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use url::Url;

    use super::{Kind, Reach, kind};

    #[test]
    fn only_public_addresses_are_public_however_they_are_written() {
        let kind = |text: &str| kind(text.parse::<IpAddr>().unwrap());
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert_eq!(kind(public), Kind::Public, "{public}");
        }
        for private in ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::1"] {
            assert_eq!(kind(private), Kind::Private, "{private}");
        }
        for private in ["100.64.0.1", "fd12::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"] {
            assert_eq!(kind(private), Kind::Private, "{private}");
        }
        for special in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"] {
            assert_eq!(kind(special), Kind::Special, "{special}");
        }
        for special in ["::", "fe80::1", "ff02::1", "fd00:ec2::254", "2001:db8::1", "2001::1", "::ffff:169.254.169.254"]
        {
            assert_eq!(kind(special), Kind::Special, "{special}");
        }
    }

    #[test]
    fn numbers_in_disguise_are_the_addresses_that_they_mean() {
        let public = Reach::default();
        for disguised in ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://[::ffff:7f00:1]/"] {
            assert!(public.check(&Url::parse(disguised).unwrap()).is_err(), "{disguised}");
        }
    }

    #[test]
    fn our_own_address_says_where_partners_may_be() {
        let implied = |text: &str| Reach::implied_by(&Url::parse(text).unwrap());
        let may = |reach: &Reach, text: &str| reach.check(&Url::parse(text).unwrap()).is_ok();
        for loopback in [implied("http://127.0.0.1:80"), implied("http://localhost"), implied("http://[::1]/x")] {
            assert!(may(&loopback, "http://127.0.0.1:9/x") && may(&loopback, "http://[::1]"));
            assert!(!may(&loopback, "http://10.0.0.1") && !may(&loopback, "http://169.254.169.254"));
        }
        for internal in [implied("http://10.1.2.3/ocpi"), implied("http://headroom:8080/ocpi")] {
            assert!(may(&internal, "http://192.168.0.1") && !may(&internal, "http://169.254.169.254"));
        }
        assert_eq!(implied("https://charge.example/ocpi"), Reach::default());
        let all = Reach { networks: vec!["169.254.0.0/16".parse().unwrap()], ..Reach::default() };
        assert!(may(&all, "http://169.254.169.254") && !may(&all, "http://10.0.0.1"));
        let host = Reach { hosts: vec!["10.0.0.1".to_owned()], ..Reach::default() };
        assert!(may(&host, "http://10.0.0.1") && !may(&host, "http://10.0.0.2"));
    }
}
