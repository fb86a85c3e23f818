//! Where to ask, as whom and how patiently, and the connection made of it. Separate from the client because whatever of this
//! cannot work is a matter of the configuration, found before anything is sent.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Certificate, Proxy, redirect};
use url::{Host, Url};

use super::redaction::Redaction;
use super::wire::innermost;
use crate::source::{Auth, Limits, Secret, Source};

/// Where to ask, as whom, and how patiently.
#[derive(Clone)]
pub struct Settings {
    /// Scheme, host and port are pinned; its path is put before every path asked for.
    pub base_url: Url,
    pub auth: Auth,
    /// The file that keeps a refresh token the service has replaced; without one, it is forgotten with the client.
    pub credentials: Option<PathBuf>,
    pub limits: Limits,
    /// Certificate authorities trusted beside those of the system.
    pub ca_pem: Option<Vec<u8>>,
    /// Without one, the system's; to loopback, one only for https, and only where it is given here.
    pub proxy: Option<String>,
    /// The most a body may hold once it is unpacked.
    pub max_body_bytes: usize,
}

impl Settings {
    pub fn new(base_url: Url, auth: Auth) -> Self {
        Self {
            base_url,
            auth,
            credentials: None,
            limits: Limits::default(),
            ca_pem: None,
            proxy: None,
            max_body_bytes: 64 * 1024 * 1024,
        }
    }

    pub fn of(source: &Source) -> Self {
        Self {
            credentials: source.credentials.clone(),
            limits: source.limits.clone(),
            ca_pem: source.ca_pem.clone(),
            proxy: source.proxy.clone(),
            ..Self::new(source.base_url.clone(), source.auth.clone())
        }
    }

    /// Everything in them that must not be shown.
    pub(super) fn redaction(&self) -> Redaction {
        let proxy = self.proxy.as_deref().and_then(|text| Url::parse(text).ok());
        let password = proxy.as_ref().and_then(Url::password);
        let secrets = self.auth.secrets();
        Redaction::new(secrets.into_iter().map(Secret::expose).chain(password))
    }
}

/// The proxy and the address may hold a password.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("host", &self.base_url.host_str())
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Settings with which no request can be sent; always a matter of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("plain http to {host}, which is not this machine")]
    PlainHttp { host: String },
    #[error("base_url is not an http address with a host and without user, query and fragment")]
    BaseUrl,
    #[error("the token is empty or has characters that no header can hold")]
    Token,
    #[error("ca_file holds no readable certificate in PEM: {detail}")]
    Certificate { detail: String },
    #[error("proxy is not an address of a proxy, such as http://proxy.example:3128")]
    Proxy,
    #[error("no client could be made for {host}: {detail}")]
    Client { host: String, detail: String },
}

impl SettingsError {
    /// What the reader can do about it: one lower-case line without a full stop.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::PlainHttp { .. } => "the token would travel unencrypted: use https",
            Self::BaseUrl => "name scheme, host and, if need be, port and path only, such as https://service.example",
            Self::Token => "check the variable, file or command the token comes from, also for line breaks",
            Self::Certificate { .. } => {
                "ca_file is the text file of a certificate authority, with lines BEGIN CERTIFICATE and END CERTIFICATE"
            }
            Self::Proxy => "http:// and https:// proxies are supported",
            Self::Client { .. } => {
                "this machine may lack its list of certificate authorities: install ca-certificates, or set ca_file"
            }
        }
    }
}

pub(super) fn check_address(url: &Url) -> Result<(), SettingsError> {
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(SettingsError::BaseUrl);
    }
    if url.scheme() == "http" && !is_loopback(url) {
        return Err(SettingsError::PlainHttp { host: host_of(url) });
    }
    Ok(())
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Redirects are followed by hand, and nothing is tried again below the policy of this module. An address
/// without encryption is on this machine: no proxy leads there, and no certificate authorities are needed.
pub(super) fn connector(settings: &Settings) -> Result<reqwest::Client, SettingsError> {
    let limits = &settings.limits;
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("trailhouse/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(limits.timeout.min(Duration::from_secs(10)))
        .pool_max_idle_per_host(limits.max_in_flight);
    let proxy = settings
        .proxy
        .as_deref()
        .map(|proxy| proxy_at(proxy).ok_or(SettingsError::Proxy));
    match proxy.transpose()? {
        Some(proxy) if settings.base_url.scheme() == "https" => builder = builder.proxy(proxy),
        _ if is_loopback(&settings.base_url) => builder = builder.no_proxy(),
        _ => {}
    }
    if settings.base_url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    } else if let Some(pem) = &settings.ca_pem {
        let unusable = |detail: String| SettingsError::Certificate { detail };
        let authorities = Certificate::from_pem_bundle(pem).map_err(|error| unusable(innermost(&error)))?;
        if authorities.is_empty() {
            return Err(unusable("it has none".to_owned()));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(|error| SettingsError::Client {
        host: host_of(&settings.base_url),
        detail: innermost(&error),
    })
}

/// The reason of a refusal is not kept, for it may hold the password.
fn proxy_at(address: &str) -> Option<Proxy> {
    let url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    Proxy::all(url).ok()
}
