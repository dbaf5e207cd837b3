//! Requests to addresses that strangers name: never to what is not public, unless it is on a list.
//!
//! The address is checked after the name was resolved, and the connection is made to the address that was checked: a name that
//! means another address a moment later gains nothing.

use std::{
    collections::BTreeSet,
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{Error, ErrorKind, Outcome, Request, ReqwestTransport, Response, Result, Transport};

/// Networks of IPv4 that are nobody's in the public internet, by first address and length, and what for.
const CLOSED_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared by carriers
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's own service, at a public address
    ([169, 254, 0, 0], 16),   // link-local, the clouds' metadata
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // relays of 6to4
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved
    ([255, 255, 255, 255], 32),
];

/// Networks within IPv6's public 2000::/3 that are closed all the same.
const CLOSED_V6: [([u16; 3], u32); 4] = [
    ([0x2001, 0, 0], 23),     // protocol assignments, Teredo
    ([0x2001, 0xdb8, 0], 32), // documentation
    ([0x2002, 0, 0], 16),     // 6to4: holds any IPv4 address
    ([0x3fff, 0, 0], 20),     // documentation
];

/// Whether an address is one of the public internet: not of a private, local, shared, documentation or multicast network, nor one
/// that leads to such.
///
/// ```
/// use comms_http::is_public;
///
/// assert!(is_public("1.1.1.1".parse()?));
/// for closed in ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00:ec2::254"] {
///     assert!(!is_public(closed.parse()?), "{closed}");
/// }
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !CLOSED_V4.iter().any(|(first, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == u32::from(Ipv4Addr::from(*first))
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    if [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [high, low] = [g, h].map(u16::to_be_bytes);
        return is_public_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1]));
    }
    let bits = u128::from(address);
    let in_net = |(first, length): &([u16; 3], u32)| {
        let first = u128::from(Ipv6Addr::new(first[0], first[1], first[2], 0, 0, 0, 0, 0));
        bits & (u128::MAX << (128 - length)) == first
    };
    a & 0xe000 == 0x2000 && !CLOSED_V6.iter().any(in_net)
}

/// What may be called although it is not public: hosts by name, and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    hosts: BTreeSet<String>,
    networks: Vec<IpNet>,
}

impl AllowList {
    /// Reads a list of names (`hooks.internal`), addresses (`10.0.0.7`) and networks (`10.0.0.0/24`).
    ///
    /// # Errors
    /// `Config` with the entry that is none of these.
    pub fn parse<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut list = Self::default();
        for entry in entries {
            let entry = entry.as_ref().trim();
            if let Ok(network) = entry.parse::<IpNet>() {
                list.networks.push(network);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                list.networks.push(address.into());
            } else {
                match Host::parse(entry) {
                    Ok(Host::Domain(name)) if !entry.contains(['*', '/', ':']) => list.hosts.insert(plain(&name)),
                    _ => return Err(Error::config(format!("{entry:?} is no host, address or network"))),
                };
            }
        }
        Ok(list)
    }

    /// Whether this address may be called: public, or in a network of the list.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.holds(address)
    }

    /// Looks at an address before anything is resolved: `https`, or `http` to what is on the list; no user and password; an IP
    /// address in the place of a name only where it may be called.
    ///
    /// # Errors
    /// `InvalidRequest` on the field `url`, with the reason.
    pub fn check(&self, url: &Url) -> Result<()> {
        let refused = |why: &str| Err(Error::invalid(why).field("url"));
        let (listed, permitted) = match url.host() {
            Some(Host::Domain(name)) => (self.names(name), true),
            Some(Host::Ipv4(address)) => (self.holds(address.into()), self.permits(address.into())),
            Some(Host::Ipv6(address)) => (self.holds(address.into()), self.permits(address.into())),
            None => return refused("the address has no host"),
        };
        match url.scheme() {
            "https" => {}
            "http" if listed => {}
            "http" => return refused("the address is not https"),
            _ => return refused("the address is neither https nor http"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("the address holds a user or a password");
        }
        if permitted { Ok(()) } else { refused(NOT_PUBLIC) }
    }

    fn names(&self, host: &str) -> bool {
        self.hosts.contains(&plain(host))
    }

    fn holds(&self, address: IpAddr) -> bool {
        // The list says 10.0.0.0/8, and ::ffff:10.0.0.1 is in it.
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

const NOT_PUBLIC: &str = "the address is not one of the public internet";

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_lowercase()
}

/// Finds the addresses of a name.
pub trait Lookup: fmt::Debug + Send + Sync + 'static {
    /// The addresses of `host`; their ports do not matter.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    }
}

/// A transport for addresses that strangers name: connects to public addresses and those of the list, directly (whatever proxy
/// the environment names), and follows no redirect.
#[derive(Clone, Debug)]
pub struct GuardedTransport {
    inner: ReqwestTransport,
    allow: Arc<AllowList>,
}

impl GuardedTransport {
    /// Over a client of yours. Its resolver, proxy and redirect policy are replaced.
    ///
    /// # Errors
    /// `Config` where the client cannot be built.
    pub fn new(client: reqwest::ClientBuilder, allow: AllowList, lookup: Arc<dyn Lookup>) -> Result<Self> {
        let allow = Arc::new(allow);
        let client = client
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Guard { allow: Arc::clone(&allow), lookup }))
            .build()
            .map_err(|error| Error::config("the HTTP client cannot be built").source(error))?;
        Ok(Self { inner: ReqwestTransport::new(client), allow })
    }

    /// A ready client, as [`ReqwestTransport::ring`].
    ///
    /// # Errors
    /// `Config` where the platform's trust store cannot be read.
    #[cfg(feature = "rustls-ring")]
    pub fn ring(allow: AllowList) -> Result<Self> {
        Self::new(ReqwestTransport::ring_builder(), allow, Arc::new(SystemLookup))
    }

    /// The list.
    #[must_use]
    pub fn allow(&self) -> &AllowList {
        &self.allow
    }
}

#[async_trait]
impl Transport for GuardedTransport {
    async fn execute(&self, request: Request) -> Result<Response> {
        self.allow.check(&request.url)?;
        self.inner.execute(request).await.map_err(|error| if refused(&error) { forbidden(error) } else { error })
    }
}

fn refused(error: &Error) -> bool {
    let mut cause = StdError::source(error);
    while let Some(one) = cause {
        if one.is::<Refused>() {
            return true;
        }
        cause = one.source();
    }
    false
}

fn forbidden(error: Error) -> Error {
    Error::new(ErrorKind::InvalidRequest, Outcome::NotSent, NOT_PUBLIC).field("url").source(error)
}

/// The resolver of the client: gives only addresses that may be called.
struct Guard {
    allow: Arc<AllowList>,
    lookup: Arc<dyn Lookup>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (allow, host) = (Arc::clone(&self.allow), name.as_str().to_owned());
        let found = self.lookup.lookup(host.clone());
        Box::pin(async move {
            let found = found.await?;
            let listed = allow.names(&host);
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|one| listed || allow.permits(one.ip())).collect();
            if permitted.is_empty() {
                return Err(Box::new(Refused) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// No address of the name may be called.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_PUBLIC)
    }
}

impl StdError for Refused {}
