//! Which links of an answer may be followed. Pure, and separate because a link is a server's own text, and whatever it names
//! is sent the credential.

use url::Url;

/// Why a link is not followed; the link itself is not shown but for its host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("by a link to no readable address")]
    Unreadable,
    #[error("by a link to {origin}, which is not the configured host")]
    OtherHost { origin: String },
    #[error("by a link to {path}, which is not below the configured address")]
    OtherPath { path: String },
    #[error("by a link with a user, a password or a fragment")]
    MoreThanAddress,
}

/// The address a link leads to: of the same scheme, host and port as `base`, and below its path.
pub(super) fn within(base: &Url, link: &str) -> Result<Url, Refusal> {
    let url = base.join(link).ok().filter(Url::has_host).ok_or(Refusal::Unreadable)?;
    if url.origin() != base.origin() {
        let origin = url.origin().ascii_serialization();
        return Err(Refusal::OtherHost { origin });
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Refusal::MoreThanAddress);
    }
    let below = base.path().trim_end_matches('/');
    match url.path().strip_prefix(below) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Ok(url),
        _ => Err(Refusal::OtherPath {
            path: url.path().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_follow_the_table() {
        let other_host = |origin: &str| {
            Err(Refusal::OtherHost {
                origin: origin.to_owned(),
            })
        };
        let other_path = |path: &str| Err(Refusal::OtherPath { path: path.to_owned() });
        let cases = [
            (
                "https://acme.example/in/logs?page=2",
                Ok("https://acme.example/in/logs?page=2"),
            ),
            ("https://ACME.example:443/in?x", Ok("https://acme.example/in?x")),
            ("/in/logs?page=2", Ok("https://acme.example/in/logs?page=2")),
            ("logs", Ok("https://acme.example/in/logs")),
            ("/in/a/../logs", Ok("https://acme.example/in/logs")),
            ("/other/logs", other_path("/other/logs")),
            ("/inner", other_path("/inner")),
            ("/in/../other", other_path("/other")),
            ("/in/%2e%2e/other", other_path("/other")),
            ("http://acme.example/in/", other_host("http://acme.example")),
            ("https://acme.example:8443/in/", other_host("https://acme.example:8443")),
            ("https://acme.example.evil/in/", other_host("https://acme.example.evil")),
            ("https://acme.example@evil/in/", other_host("https://evil")),
            ("//evil/in/", other_host("https://evil")),
            ("\\\\evil\\in\\", other_host("https://evil")),
            ("https://me@acme.example/in/", Err(Refusal::MoreThanAddress)),
            ("https://:pw@acme.example/in/", Err(Refusal::MoreThanAddress)),
            ("/in/logs#top", Err(Refusal::MoreThanAddress)),
            ("https://", Err(Refusal::Unreadable)),
            ("data:x", Err(Refusal::Unreadable)),
        ];
        let base = "https://acme.example/in/".parse().unwrap();
        for (link, expected) in cases {
            assert_eq!(within(&base, link), expected.map(|url| url.parse().unwrap()), "{link}");
        }
    }
}
