//! How Zendesk says no: four envelopes for one thing, and the statuses that go with them. Apart from what is refused.

use serde_json::json;

/// The shape of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"errors":[{"code":…,"title":…}]}`
    Errors,
    /// `{"error":…,"description":…}`
    Described,
    /// `{"error":{"title":…,"message":…}}`
    Titled,
    /// `{"error":…}`
    Bare,
}

impl Envelope {
    /// An error body of this shape; `Bare` has no place for `name`.
    pub fn body(self, name: &str, text: &str) -> String {
        let body = match self {
            Envelope::Errors => json!({ "errors": [{ "code": name, "title": text }] }),
            Envelope::Described => json!({ "error": name, "description": text }),
            Envelope::Titled => json!({ "error": { "title": name, "message": text } }),
            Envelope::Bare => json!({ "error": text }),
        };
        body.to_string()
    }
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub body: String,
}

impl Refusal {
    fn new(status: u16, envelope: Envelope, name: &str, text: &str) -> Refusal {
        Refusal {
            status,
            body: envelope.body(name, text),
        }
    }

    /// A cursor or page size that is none.
    pub fn cursor(text: &str) -> Refusal {
        Refusal::new(400, Envelope::Errors, "InvalidPaginationParameter", text)
    }

    /// A page beyond what offset mode gives.
    pub fn depth() -> Refusal {
        let text = "Number of records or pages requested exceeds the limit; use cursor pagination";
        Refusal::new(400, Envelope::Errors, "InvalidPaginationDepth", text)
    }

    /// A filter whose value is none.
    pub fn value(name: &str, text: &str) -> Refusal {
        let text = format!("Invalid {name} specified; {text}");
        Refusal::new(400, Envelope::Described, "InvalidValue", &text)
    }

    /// Unknown, expired or revoked credentials, or none.
    pub fn stranger() -> Refusal {
        Refusal::new(401, Envelope::Bare, "", "Couldn't authenticate you")
    }

    /// The plan or the role does not allow it.
    pub fn forbidden() -> Refusal {
        let text =
            "You do not have access to this page. Please contact the account owner of this help desk for further help.";
        Refusal::new(403, Envelope::Titled, "Forbidden", text)
    }

    /// The access token's scope does not allow it.
    pub fn scope() -> Refusal {
        let text = "You are missing the following required scopes: read";
        Refusal::new(403, Envelope::Described, "Forbidden", text)
    }

    /// Nothing is at this path.
    pub fn unknown_path() -> Refusal {
        let text = "Not found";
        Refusal::new(404, Envelope::Described, "InvalidEndpoint", text)
    }

    /// Another method than the path takes.
    pub fn method() -> Refusal {
        Refusal::new(405, Envelope::Bare, "", "Method not allowed")
    }

    /// More requests in this minute than the account may make.
    pub fn too_many(limit: u32) -> Refusal {
        Refusal {
            status: 429,
            body: format!("Number of allowed API requests per minute exceeded ({limit})"),
        }
    }

    /// What the token endpoint refuses, in OAuth's words.
    pub fn grant(status: u16, error: &str, text: &str) -> Refusal {
        Refusal {
            status,
            body: json!({ "error": error, "error_description": text }).to_string(),
        }
    }
}
