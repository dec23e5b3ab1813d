//! Who a client certificate is, and what it may do.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;

use super::ServeError;
use super::access::{CertificateGrant, Grant};

/// Hexadecimal digits of a SHA-256 fingerprint.
const FINGERPRINT_DIGITS: usize = 64;

/// How many of them name a certificate in the audit.
const FINGERPRINT_DIGITS_TOLD: usize = 16;

/// How a client certificate is recognised.
///
/// As text it is the URI, or the fingerprint in hexadecimal digits with or without colons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateIdentity {
    /// By a URI among its subject alternative names (RFC 5280 §4.2.1.6), character by character. It outlives renewal.
    SanUri(String),
    /// By the SHA-256 of its DER form: this one certificate only.
    Sha256([u8; 32]),
}

impl fmt::Display for CertificateIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SanUri(uri) => f.write_str(uri),
            Self::Sha256(digest) => f.write_str(&hex(digest)),
        }
    }
}

impl FromStr for CertificateIdentity {
    type Err = ServeError;

    fn from_str(text: &str) -> Result<Self, ServeError> {
        let fault = |rule: String| ServeError::Access(format!("certificate identity {text:?}: {rule}"));
        if text.chars().all(|any| any.is_ascii_hexdigit() || any == ':') {
            let digits: Vec<u8> = text.chars().filter_map(|any| any.to_digit(16)?.try_into().ok()).collect();
            let count = digits.len();
            let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| 16 * pair[0] + pair[1]).collect();
            let digest = <[u8; 32]>::try_from(bytes).ok().filter(|_| count == FINGERPRINT_DIGITS);
            let remedy = "take it from openssl x509 -noout -fingerprint -sha256";
            return digest.map(Self::Sha256).ok_or_else(|| {
                fault(format!("a SHA-256 fingerprint has {FINGERPRINT_DIGITS} digits, this has {count}: {remedy}"))
            });
        }
        if is_uri(text) {
            return Ok(Self::SanUri(text.to_owned()));
        }
        Err(fault("write a URI such as urn:dso-1:dispatch, or a SHA-256 fingerprint in hexadecimal digits".to_owned()))
    }
}

/// Tells whether a text is a URI with a scheme, as a certificate may carry it (RFC 3986 §3.1).
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|any| any.is_ascii_alphanumeric() || "+-.".contains(any))
        && !rest.is_empty()
        && rest.chars().all(|any| any.is_ascii_graphic())
}

/// A client certificate that the transport has checked against its roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Presented {
    /// Of its DER form.
    pub(super) sha256: [u8; 32],
    /// As RFC 4514 writes it, more or less.
    pub(super) subject: String,
    /// The URIs among its subject alternative names.
    pub(super) uris: Vec<String>,
    /// The last moment at which it is valid.
    pub(super) not_after: DateTime<Utc>,
}

impl Presented {
    /// Reads a certificate; absent: it cannot be read.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
        let alternative = certificate.subject_alternative_name().ok()?;
        let names = alternative.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let uri = |name: &GeneralName<'_>| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        };
        Some(Self {
            sha256: Sha256::digest(der).into(),
            subject: certificate.subject().to_string(),
            uris: names.iter().filter_map(uri).collect(),
            not_after: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        })
    }

    /// Who it is, for the audit: `{subject} sha256:{first 16 digits}`; its first URI where the subject is empty.
    pub(super) fn principal(&self) -> String {
        let fingerprint = hex(&self.sha256);
        let uri = self.uris.first().map_or("", String::as_str);
        let subject = if self.subject.is_empty() { uri } else { &self.subject };
        format!("{subject} sha256:{}", &fingerprint[..FINGERPRINT_DIGITS_TOLD]).trim_start().to_owned()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

/// The certificates that are known.
#[derive(Default)]
pub(super) struct Principals {
    grants: BTreeMap<CertificateIdentity, Grant>,
}

impl Principals {
    /// Errors when one identity is there twice.
    pub(super) fn new(certificates: &[CertificateGrant]) -> Result<Self, ServeError> {
        let mut grants = BTreeMap::new();
        for CertificateGrant { identity, grant } in certificates {
            if let CertificateIdentity::SanUri(uri) = identity
                && !is_uri(uri)
            {
                let rule = "write a URI with a scheme and without blanks, such as urn:dso-1:dispatch";
                return Err(ServeError::Access(format!("certificate identity {uri:?}: {rule}")));
            }
            if grants.insert(identity.clone(), grant.clone()).is_some() {
                return Err(ServeError::Access(format!("certificate identity {identity} is there twice: keep one")));
            }
        }
        Ok(Self { grants })
    }

    /// Returns what a certificate may do: as its fingerprint says, else its URIs. Absent when it is not known, and when
    /// its URIs stand for different things.
    pub(super) fn grant(&self, certificate: &Presented) -> Option<&Grant> {
        let by_fingerprint = self.grants.get(&CertificateIdentity::Sha256(certificate.sha256));
        by_fingerprint.or_else(|| {
            let uris = certificate.uris.iter().cloned().map(CertificateIdentity::SanUri);
            let mut named = uris.filter_map(|uri| self.grants.get(&uri));
            let first = named.next()?;
            named.all(|other| other == first).then_some(first)
        })
    }
}

#[cfg(test)]
mod tests;
