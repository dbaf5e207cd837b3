//! Addresses that strangers name: which are called, over real connections.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use comms_http::{AllowList, GuardedTransport, Lookup, Request, ReqwestTransport, Transport, is_public};
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Addresses that nobody may be sent to, separated by spaces.
const CLOSED: &str = "\
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254 \
    168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1 \
    192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 \
    255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 \
    64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:53aa:64c:0:0:f5ff:fffe \
    2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1";

/// Their neighbours in the public internet.
const OPEN: &str = "\
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.17 \
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 \
    198.20.0.0 223.255.255.255 2606:4700:4700::1111 2001:4860:4860::8888 2001:200::1 2003::1 64:ff9b::8.8.8.8 \
    ::ffff:8.8.8.8";

#[test]
fn only_addresses_of_the_public_internet_are_public() {
    for address in CLOSED.split_whitespace() {
        assert!(!is_public(address.parse().unwrap()), "{address} is public");
    }
    for address in OPEN.split_whitespace() {
        assert!(is_public(address.parse().unwrap()), "{address} is not public");
    }
}

proptest! {
    #[test]
    fn an_address_within_another_is_no_way_around(bits: u32, tail: u128) {
        let inner = Ipv4Addr::from(bits);
        prop_assert_eq!(is_public(inner.to_ipv6_mapped().into()), is_public(inner.into()));
        let [a, b, c, d] = inner.octets().map(u16::from);
        let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a << 8 | b, c << 8 | d);
        prop_assert_eq!(is_public(translated.into()), is_public(inner.into()));
        let outside = Ipv6Addr::from(tail);
        let global = tail >> 125 == 1;
        let embeds = outside.to_ipv4_mapped().is_some() || outside.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
        prop_assert!(global || embeds || !is_public(outside.into()));
    }

    #[test]
    fn whatever_is_closed_stays_so_in_every_spelling_of_a_url(bits: u32) {
        let address = Ipv4Addr::from(bits);
        let none = AllowList::default();
        for spelling in [format!("https://{address}/"), format!("https://{bits}/"), format!("https://0x{bits:x}/")] {
            let url = spelling.parse().unwrap();
            prop_assert_eq!(none.check(&url).is_ok(), is_public(address.into()), "{}", spelling);
        }
    }
}

#[test]
fn an_address_is_https_without_credentials_unless_its_host_is_on_the_list() {
    let list = AllowList::parse(["hooks.internal", "10.0.0.0/24", "192.168.7.7", "fd00::/8"]).unwrap();
    let cases = [
        ("https://example.com/in", true),
        ("http://example.com/in", false),
        ("http://hooks.internal/in", true),
        ("http://HOOKS.internal.:8080/in", true),
        ("http://more.hooks.internal/in", false),
        ("https://10.0.0.9/in", true),
        ("http://10.0.0.9/in", true),
        ("https://10.0.1.9/in", false),
        ("http://[::ffff:10.0.0.9]/in", true),
        ("https://192.168.7.7/", true),
        ("https://192.168.7.8/", false),
        ("https://[fd00::7]/", true),
        ("https://[fe80::7]/", false),
        ("https://user:word@example.com/", false),
        ("https://user@hooks.internal/", false),
        ("ftp://example.com/", false),
        ("file:///etc/passwd", false),
        ("data:text/plain,hola", false),
    ];
    for (url, right) in cases {
        let checked = list.check(&url.parse().unwrap());
        assert_eq!(checked.is_ok(), right, "{url}: {checked:?}");
        if let Err(error) = checked {
            assert_eq!(error.field_name(), Some("url"), "{url}");
        }
    }
    for bad in ["", "10.0.0.0/99", "https://example.com", "*.example.com", "a b", "host:80"] {
        assert!(AllowList::parse([bad]).is_err(), "{bad:?}");
    }
}

/// A name server of the test: answers in turn, and repeats its last answer.
#[derive(Debug)]
struct Names(Vec<Vec<IpAddr>>, AtomicUsize);

impl Lookup for Names {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let found = self.0[turn].iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(async move { Ok(found) })
    }
}

/// Answers every request, and closes its connection so that each one resolves the name anew.
async fn server(answer: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nOK";

fn transport(allow: &[&str], names: Vec<Vec<IpAddr>>) -> GuardedTransport {
    // Makes ring the provider of the process.
    ReqwestTransport::ring().unwrap();
    let lookup = Arc::new(Names(names, AtomicUsize::new(0)));
    GuardedTransport::new(reqwest::Client::builder(), AllowList::parse(allow).unwrap(), lookup).unwrap()
}

async fn post(transport: &GuardedTransport, url: String) -> Result<StatusCode, String> {
    let request = Request::new(Method::POST, url.parse().unwrap());
    transport.execute(request).await.map(|response| response.status).map_err(|error| error.message().to_owned())
}

#[tokio::test]
async fn a_name_that_means_a_closed_address_is_not_called() {
    let port = server(OK).await;
    let local = vec![vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]];
    let guarded = transport(&[], local.clone());
    let refused = post(&guarded, format!("https://inside.example:{port}/")).await;
    assert_eq!(refused.unwrap_err(), "the address is not one of the public internet");
    // The same server answers where its name, or its network, is on the list.
    for list in [&["inside.example"][..], &["inside.example", "192.0.2.0/24"]] {
        let guarded = transport(list, local.clone());
        assert_eq!(post(&guarded, format!("http://inside.example:{port}/")).await, Ok(StatusCode::OK));
    }
    let guarded = transport(&["127.0.0.0/8"], local);
    assert_eq!(post(&guarded, format!("http://127.0.0.1:{port}/")).await, Ok(StatusCode::OK));
    let plain = post(&guarded, format!("http://inside.example:{port}/")).await;
    assert_eq!(plain.unwrap_err(), "the address is not https");
}

#[tokio::test]
async fn every_attempt_looks_again_and_connects_to_what_was_looked_at() {
    let port = server(OK).await;
    let (listed, other): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap());
    // The first answer may be called, later ones may not: as with a name that is bound anew.
    let guarded = transport(&["127.0.0.1"], vec![vec![listed], vec![other]]);
    let url = format!("https://rebound.example:{port}/");
    // The first one reached the server, which does not speak TLS.
    assert_eq!(post(&guarded, url.clone()).await.unwrap_err(), "no connection to the provider");
    assert_eq!(post(&guarded, url).await.unwrap_err(), "the address is not one of the public internet");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let moved =
        server("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let port = moved.await;
    let guarded = transport(&["127.0.0.1"], vec![vec![]]);
    let status = post(&guarded, format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(status, Ok(StatusCode::TEMPORARY_REDIRECT));
}
