//! Utilities: who they are, what they may do, and the gRPC server that they call.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::TimeDelta;
use headroom_domain::limit::Target;
use headroom_grid_api::server::{
    Access, CertificateGrant, CertificateIdentity, Grant, JwtConfig, QuotaLimits, Role, Roles, ServerTls, TokenGrant,
};
use serde::{Deserialize, Serialize};

use super::{ConfigError, rule};

/// The gRPC server, beside where it listens. All of it may be left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcEntry {
    /// Serves TLS by itself; absent: plain, for loopback or behind a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<GrpcTlsEntry>,
    /// Takes JSON web tokens that are bound to the caller's certificate (RFC 8705); needs `tls.client_roots`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<JwtEntry>,
    /// What one principal may ask.
    pub quotas: QuotaEntry,
}

/// Certificate and key of the gRPC server, as PEM files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcTlsEntry {
    /// The certificate, with those between it and the root after it.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of the utilities' certificates: with it every caller must show one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_roots: Option<PathBuf>,
}

/// Who issues the tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtEntry {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`.
    pub audience: String,
    /// The issuer's keys, a JWKS file (RFC 7517).
    pub jwks: PathBuf,
}

/// What one principal may ask; more is answered `RESOURCE_EXHAUSTED`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaEntry {
    /// Calls per second in the long run; a batch counts one per limit.
    pub calls_per_second: NonZeroU32,
    /// Calls at once after a time of silence.
    pub burst: NonZeroU32,
    /// Streams at once.
    pub streams: usize,
    /// How far a utility's clock may be from ours. **Units**: ms.
    pub clock_skew_tolerance_ms: u32,
}

impl Default for QuotaEntry {
    fn default() -> Self {
        let QuotaLimits { per_second, burst, streams_max } = QuotaLimits::default();
        Self { calls_per_second: per_second, burst, streams: streams_max, clock_skew_tolerance_ms: 5000 }
    }
}

impl GrpcEntry {
    /// Returns the quotas as the server takes them.
    pub fn quotas(&self) -> QuotaLimits {
        let QuotaEntry { calls_per_second, burst, streams, .. } = self.quotas;
        QuotaLimits { per_second: calls_per_second, burst, streams_max: streams }
    }

    /// Returns how far a utility's clock may be from ours.
    pub fn skew_tolerance(&self) -> TimeDelta {
        TimeDelta::milliseconds(i64::from(self.quotas.clock_skew_tolerance_ms))
    }

    /// Returns the TLS files as the server takes them.
    pub fn server_tls(&self) -> Option<ServerTls> {
        let GrpcTlsEntry { certificates, key, client_roots } = self.tls.clone()?;
        Some(ServerTls { certificates, key, client_roots })
    }
}

/// A utility that may submit limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UtilityEntry {
    /// Its name: it submits under `utilities/{name}`.
    pub name: String,
    /// What it sends as `authorization: Bearer …`; may do everything. Absent: only its principals may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The sites it may limit.
    pub sites: Vec<String>,
    /// Its systems and people, each with rights of its own.
    #[serde(default, rename = "principal", skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalEntry>,
}

/// A system or person of a utility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalEntry {
    /// What the audit calls it.
    pub name: String,
    /// What it sends as `authorization: Bearer …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The certificate it shows: the URI in its subject alternative name, or `sha256:` and its fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// What it may do.
    #[serde(default = "all_roles")]
    pub roles: Roles,
    /// The only places it may see and limit, `connectionPoints/{site}` or `gridAreas/{area}`; absent: all of its utility.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<BTreeSet<Target>>,
}

fn all_roles() -> Roles {
    [Role::Submit, Role::Read, Role::Test].into()
}

/// Returns who may call the gRPC server. `jwks` is the content of the file that `grpc.jwt.jwks` names.
///
/// **Errors**: every mistake, by its key.
pub fn access(
    utilities: &[UtilityEntry],
    jwt: Option<&JwtEntry>,
    jwks: Option<String>,
) -> Result<Access, Vec<ConfigError>> {
    let mut access = Access { tokens: Vec::new(), loopback: None, certificates: Vec::new(), jwt: None };
    let mut mistakes = Vec::new();
    for utility in utilities {
        let grant = |roles: &Roles, scope: &Option<BTreeSet<Target>>| Grant {
            utility: utility.name.clone(),
            roles: roles.clone(),
            scope: scope.clone(),
        };
        if let Some(token) = &utility.token {
            let grant = grant(&all_roles(), &None);
            access.tokens.push(TokenGrant { token: token.clone(), name: utility.name.clone(), grant });
        }
        for principal in &utility.principals {
            let field = format!("utility[{}].principal[{}]", utility.name, principal.name);
            if principal.token.is_none() && principal.certificate.is_none() {
                mistakes.push(rule(field.as_str(), "give it a token or a certificate, else it cannot call"));
            }
            let grant = grant(&principal.roles, &principal.targets);
            if let Some(token) = &principal.token {
                let name = format!("{}.{}", utility.name, principal.name);
                access.tokens.push(TokenGrant { token: token.clone(), name, grant: grant.clone() });
            }
            match principal.certificate.as_deref().map(identity).transpose() {
                Ok(identity) => {
                    access.certificates.extend(identity.map(|identity| CertificateGrant { identity, grant }));
                }
                Err(error) => mistakes.push(rule(format!("{field}.certificate"), error.to_string())),
            }
        }
    }
    access.jwt = jwt.zip(jwks).map(|(entry, jwks)| JwtConfig {
        issuer: entry.issuer.clone(),
        audience: entry.audience.clone(),
        jwks,
    });
    if let Err(error) = access.check() {
        mistakes.push(rule("utility", error.to_string()));
    }
    if mistakes.is_empty() { Ok(access) } else { Err(mistakes) }
}

/// Reads `sha256:` and a fingerprint, or the URI of a subject alternative name.
fn identity(text: &str) -> Result<CertificateIdentity, <CertificateIdentity as std::str::FromStr>::Err> {
    text.strip_prefix("sha256:").unwrap_or(text).parse()
}

/// Returns what is wrong between the parts of `grpc` and the utilities.
pub(super) fn rules(grpc: &GrpcEntry, utilities: &[UtilityEntry]) -> Vec<ConfigError> {
    let mut found = Vec::new();
    let asks_for_certificates = grpc.tls.as_ref().is_some_and(|tls| tls.client_roots.is_some());
    if grpc.jwt.is_some() && !asks_for_certificates {
        found.push(rule("grpc.jwt", "tokens are bound to certificates: set grpc.tls.client_roots too"));
    }
    let with_certificate =
        utilities.iter().flat_map(|utility| &utility.principals).any(|one| one.certificate.is_some());
    if with_certificate && !asks_for_certificates {
        found.push(rule("grpc.tls.client_roots", "principals have certificates: set it, else nobody is asked for one"));
    }
    if let Some(tls) = grpc.server_tls()
        && let Err(error) = tls.check()
    {
        found.push(rule("grpc.tls", error.to_string()));
    }
    if grpc.quotas.streams == 0 {
        found.push(rule("grpc.quotas.streams", "give 1 or more: 8 is usual"));
    }
    let jwks = grpc.jwt.as_ref().map(|jwt| std::fs::read_to_string(&jwt.jwks)).transpose();
    match jwks {
        Ok(jwks) => found.extend(access(utilities, grpc.jwt.as_ref(), jwks).err().unwrap_or_default()),
        Err(error) => found.push(rule("grpc.jwt.jwks", format!("it cannot be read: {error}"))),
    }
    found
}
