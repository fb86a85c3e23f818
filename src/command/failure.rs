//! Why a command ended without having done what it was asked: what a user reads, what to do next, and the exit code.

use std::io::ErrorKind;

use super::{FAILED, USAGE};
use crate::config::ConfigError;
use crate::lake::{BadHome, ChangedFile, ForeignCommit, Held, KeyError, Overtaken};
use crate::ledger::NewerFormat;
use crate::warehouse::WarehouseError;

/// One failure, ready to be told.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    /// A lower-case fragment that names the object.
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    /// The command was not used as it can be.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint().map(str::to_owned);
        let cause = std::error::Error::source(&error)
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        Self {
            code: USAGE,
            message: format!("{error}{cause}"),
            hint,
        }
    }
}

impl From<WarehouseError> for Failure {
    fn from(error: WarehouseError) -> Self {
        let code = if matches!(error, WarehouseError::Refused { .. }) {
            USAGE
        } else {
            FAILED
        };
        let hint = error.hint().map(str::to_owned);
        Self {
            code,
            message: format!("{:#}", anyhow::Error::from(error)),
            hint,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        if let Some(held) = error.downcast_ref::<Held>() {
            return Self::failed(held.to_string()).hinted("wait until it has ended; only one command writes at a time");
        }
        if let Some(bad) = error.downcast_ref::<BadHome>() {
            return Self::usage(bad.to_string()).hinted("name another directory with --dir");
        }
        if let Some(key) = error.downcast_ref::<KeyError>() {
            return Self::usage(key.to_string()).hinted(key.hint());
        }
        if let Some(newer) = error.downcast_ref::<NewerFormat>() {
            return Self::failed(newer.to_string()).hinted(newer.hint());
        }
        if let Some(foreign) = error.downcast_ref::<ForeignCommit>() {
            return Self::failed(foreign.to_string()).hinted(foreign.hint());
        }
        if let Some(changed) = error.downcast_ref::<ChangedFile>() {
            return Self::failed(format!("{error:#}")).hinted(changed.hint());
        }
        if let Some(overtaken) = error.downcast_ref::<Overtaken>() {
            return Self::failed(format!("{error:#}")).hinted(overtaken.hint());
        }
        let is_refused = |cause: &(dyn std::error::Error + 'static)| {
            let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            matches!(
                kind,
                Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::AlreadyExists)
            )
        };
        if error.chain().any(is_refused) {
            return Self::failed(format!("{error:#}"))
                .hinted("check the owner and the rights of the directory, or name another with --dir");
        }
        match error.downcast::<WarehouseError>() {
            Ok(error) => error.into(),
            Err(error) => Self::failed(format!("{error:#}")),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
