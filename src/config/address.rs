//! Where a source's service is reached: a region, an own domain or subdomain, or any address. Its own file because this is what keeps a
//! token from being sent in the clear or to a place its owner did not mean.

use url::{Host, Url};

use super::document::Section;
use super::fault::{ConfigError, shown, suggestion};
use crate::source::Service;

const KEYS: [&str; 4] = ["region", "domain", "subdomain", "base_url"];
/// Where the accounts of Zendesk have their subdomains.
const ABOVE_SUBDOMAINS: &str = "zendesk.com";

/// The base address of a source; its path is `/`. Without any of the keys, that of the service's first region.
pub(super) fn base_url(section: &Section<'_>, service: &Service) -> Result<Url, ConfigError> {
    let given: Vec<&str> = KEYS.into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` exclude each other");
        return Err(section
            .fault_of_table(second, &message)
            .hinted(format!("keep one of {}", given.join(" and "))));
    }
    if let Some(text) = section.text("base_url")? {
        return own_address(section, text);
    }
    if let Some(domain) = section.text("domain")? {
        let beside = service.regions.first().and_then(|(_, address)| address.split_once('.'));
        return below(section, "domain", domain, beside.map(|(_, suffix)| suffix));
    }
    if let Some(subdomain) = section.text("subdomain")? {
        return below(section, "subdomain", subdomain, Some(ABOVE_SUBDOMAINS));
    }
    let regions: Vec<&str> = service.regions.iter().map(|(region, _)| *region).collect();
    let Some(region) = section.text("region")?.or_else(|| regions.first().copied()) else {
        return Err(section
            .fault_of_table("kind", "no subdomain")
            .hinted("add subdomain = \"acme\" for acme.zendesk.com, or base_url"));
    };
    match service.regions.iter().find(|(known, _)| *known == region) {
        Some((_, address)) => parsed(section, "region", address),
        None => {
            let message = format!("unknown region `{}`", shown(region, 60));
            Err(section
                .fault("region", &message)
                .hinted(suggestion(region, "regions", &regions)))
        }
    }
}

/// The host a source's coverage belongs to: without port, in small letters.
pub(super) fn account(base_url: &Url) -> String {
    base_url
        .host_str()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_lowercase()
}

/// `http://` or `https://` with a host and no credentials, which would be a literal secret.
pub(super) fn proxy(section: &Section<'_>) -> Result<Option<String>, ConfigError> {
    let Some(text) = section.text("proxy")? else {
        return Ok(None);
    };
    let url = without_credentials(section, "proxy", text)
        .map_err(|error| error.hinted("a proxy that asks for a password is given by HTTPS_PROXY in the environment"))?;
    match url.scheme() {
        "http" | "https" => Ok(Some(text.to_owned())),
        scheme => Err(section.fault("proxy", &format!("scheme `{scheme}` is not http or https"))),
    }
}

/// An account's own name stands where a region's does: beside `api.secoda.co`, `acme` is `acme.secoda.co`.
fn below(section: &Section<'_>, key: &str, label: &str, suffix: Option<&str>) -> Result<Url, ConfigError> {
    let is_label = label.len() <= 63
        && label
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    match suffix {
        Some(suffix) if is_label => parsed(section, key, &format!("https://{label}.{suffix}")),
        _ => {
            let message = format!("`{}` is not one label of a host name", shown(label, 60));
            Err(section.fault(key, &message).hinted("give a whole address as base_url"))
        }
    }
}

fn own_address(section: &Section<'_>, text: &str) -> Result<Url, ConfigError> {
    let url = without_credentials(section, "base_url", text)?;
    if url.query().is_some() || url.fragment().is_some() || url.path() != "/" {
        let message = "holds more than scheme, host and port";
        return Err(section
            .fault("base_url", message)
            .hinted("end it after the host; paths are added to it"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => {
            let message = format!("plain http to `{}` would show the token to the network", account(&url));
            let hint = "use https; plain http is for this machine only (localhost, 127.0.0.1, [::1])";
            Err(section.fault("base_url", &message).hinted(hint))
        }
        scheme => Err(section.fault("base_url", &format!("scheme `{scheme}` is not https"))),
    }
}

/// A parsed address; its text is never shown, for what is wrong with it may be a password in it.
fn without_credentials(section: &Section<'_>, key: &str, text: &str) -> Result<Url, ConfigError> {
    if text.contains('@') {
        return Err(section.fault(key, "a user or password in an address is refused"));
    }
    let url = parsed(section, key, text)?;
    if url.has_host() {
        Ok(url)
    } else {
        Err(section.fault(key, "is not an address with a host"))
    }
}

fn parsed(section: &Section<'_>, key: &str, text: &str) -> Result<Url, ConfigError> {
    let form = r#"write it as "https://secoda.acme.example""#;
    Url::parse(text).map_err(|error| section.fault(key, &format!("is not an address: {error}")).hinted(form))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
