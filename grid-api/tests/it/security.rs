//! Certificates, tokens that are bound to them, roles, quotas and clocks, over real TLS on loopback.

mod certificates;
mod issuer;
mod pki;
mod quotas;
mod roles;
mod tokens;

use headroom_grid_api::client::ClientTls;
use headroom_grid_api::server::{CertificateGrant, CertificateIdentity};

use super::*;
use issuer::Issuer;
use pki::{Authority, Issued};

/// The URI in the certificate of the one that submits.
const DISPATCH: &str = "urn:dso-1:dispatch";

/// A server that wants client certificates, and those whom it knows, all of `dso-1`.
struct Secured {
    server: Server,
    authority: Authority,
    issuer: Issuer,
    /// Known by its URI; may submit and read.
    dispatch: Issued,
    /// Known by its fingerprint; may read.
    planner: Issued,
    /// Known by its fingerprint; may test.
    trainee: Issued,
}

impl Secured {
    async fn start() -> Self {
        Self::start_as(|_| {}).await
    }

    async fn start_as(change: impl FnOnce(&mut Options)) -> Self {
        let (authority, issuer) = (Authority::new("the authority of this test"), Issuer::new());
        let dispatch = authority.client("dispatch", &["urn:dso-1:unused", DISPATCH]);
        let (planner, trainee) = (authority.client("planner", &[]), authority.client("trainee", &[]));
        let certificates = vec![
            known(CertificateIdentity::SanUri(DISPATCH.to_owned()), &[Role::Submit, Role::Read]),
            known(planner.identity(), &[Role::Read]),
            known(trainee.identity(), &[Role::Test]),
        ];
        let access = Access { certificates, jwt: Some(issuer.config()), ..Default::default() };
        let tls = Some(authority.server(Some(&authority)));
        let mut options = Options { access, tls, ..Server::options() };
        change(&mut options);
        Self { server: Server::start_as(options).await, authority, issuer, dispatch, planner, trainee }
    }

    /// A connection that shows a certificate.
    fn with(&self, client: &Issued) -> Utility {
        self.connect(self.authority.trusted_by(Some(client)), None)
    }

    /// A connection that shows a certificate and sends a token.
    fn with_token(&self, client: &Issued, token: &str) -> Utility {
        self.connect(self.authority.trusted_by(Some(client)), Some(token))
    }

    fn connect(&self, tls: ClientTls, token: Option<&str>) -> Utility {
        let builder = Utility::builder(&self.server.url.replace("http:", "https:"), "dso-1").tls(tls);
        token.map_or(builder.clone(), |token| builder.token(token)).connect().unwrap()
    }

    async fn stop(self) {
        self.server.stop().await;
    }
}

fn known(identity: CertificateIdentity, roles: &[Role]) -> CertificateGrant {
    let grant = Grant { utility: "dso-1".to_owned(), roles: roles.iter().copied().collect(), scope: None };
    CertificateGrant { identity, grant }
}
