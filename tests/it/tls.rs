//! A service behind a private certificate authority, and one that is reached through a proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use trailhouse::http::{Client, HttpErrorKind, Settings};
use trailhouse::source::{Auth, Limits, Secret};

use crate::environment::{Home, Service, TOKEN};

/// Signed the server's certificate, of localhost and 127.0.0.1; its own key is gone. Both are valid until 2120.
const AUTHORITY: &str = include_str!("tls/authority.pem");
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key");

/// Ends TLS on a port of its own, and passes what is inside on to the simulator.
fn encrypted(runtime: &Runtime, service: &Service) -> SocketAddr {
    let plain = service.running.base_url();
    let plain: SocketAddr = plain.trim_start_matches("http://").parse().expect("an address");
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key fits the certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate goes away.
                let mut inside = acceptor.accept(stream).await.ok()?;
                let mut service = TcpStream::connect(plain).await.ok()?;
                copy_bidirectional(&mut inside, &mut service).await.ok()
            });
        }
    });
    address
}

/// A proxy, and the heads of the requests it was sent. With a status, it refuses them all.
fn proxy(runtime: &Runtime, refusal: Option<&'static str>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("an address");
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    runtime.spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    head.push(char::from(client.read_u8().await.ok()?));
                }
                let target = head.split(' ').nth(1).map(str::to_owned)?;
                seen.lock().expect("no panic").push(head);
                let answer = format!("HTTP/1.1 {}\r\n\r\n", refusal.unwrap_or("200 OK"));
                client.write_all(answer.as_bytes()).await.ok()?;
                if refusal.is_some() {
                    return None;
                }
                let mut server = TcpStream::connect(target).await.ok()?;
                copy_bidirectional(&mut client, &mut server).await.ok()
            });
        }
    });
    (address, heads)
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let runtime = Runtime::new().expect("threads");
    let service = Service::of(7, 300);
    for host in ["127.0.0.1", "localhost"] {
        let home = Home::new();
        home.write("corp.pem", AUTHORITY);
        let address = format!("https://{host}:{}", encrypted(&runtime, &service).port());
        home.configure(&address, "");
        let refused = home.run(&["sync"]);
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("certificate not accepted") && refused.stderr.contains("ca_file"),
            "{}",
            refused.stderr
        );
        home.configure(&address, "ca_file = \"corp.pem\"");
        home.ok(&["sync", "--dir", host]);
        let rows = home.ok(&[
            "query",
            "--dir",
            host,
            "select count(*) as n from events",
            "--format",
            "csv",
        ]);
        assert_eq!(rows.stdout, "n\n300\n");
    }
}

#[test]
fn a_proxy_carries_what_it_cannot_read() {
    let runtime = Runtime::new().expect("threads");
    let service = Service::of(7, 300);
    let address = format!("https://localhost:{}", encrypted(&runtime, &service).port());
    let (proxy, heads) = proxy(&runtime, None);
    let home = Home::new();
    home.write("corp.pem", AUTHORITY);
    home.configure(&address, &format!("ca_file = \"corp.pem\"\nproxy = \"http://{proxy}\""));
    home.ok(&["sync"]);
    assert_eq!(home.number("select count(*) from events"), 300);
    let heads = heads.lock().expect("no panic");
    assert!(!heads.is_empty(), "the proxy was not used");
    for head in heads.iter() {
        assert!(
            head.starts_with(&format!(
                "CONNECT {} HTTP/1.1\r\n",
                address.trim_start_matches("https://")
            )),
            "{head}"
        );
        assert!(
            !head.contains(TOKEN) && !head.to_lowercase().contains("authorization"),
            "{head}"
        );
    }
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    let runtime = Runtime::new().expect("threads");
    let (proxy, heads) = proxy(&runtime, Some("407 hunter22 is wrong"));
    let settings = Settings {
        proxy: Some(format!("http://me:hunter22@{proxy}")),
        limits: Limits {
            attempts: 1,
            ..Limits::default()
        },
        ..Settings::new(
            "https://localhost:9".parse().expect("an address"),
            Auth::Bearer(Secret::new(TOKEN.to_owned())),
        )
    };
    let error = runtime.block_on(async { Client::new(settings).expect("a client").get("/", &[]).await });
    let error = error.expect_err("the proxy refuses");
    assert_eq!(error.kind, HttpErrorKind::Connection);
    // In base64, "me:hunter22" is "bWU6aHVudGVyMjI=".
    assert!(heads.lock().expect("no panic")[0].contains("bWU6aHVudGVyMjI="));
    let printed = format!("{error} {error:?}");
    assert!(
        !printed.contains("hunter22") && !printed.contains("aHVudGVy"),
        "{printed}"
    );
}
