use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

#[test]
fn a_server_starts_with_its_own_key_only_and_says_which_file_is_wrong() {
    let directory = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let certificates = write("server.pem", &certificate.pem());
    let tls = ServerTls {
        certificates: certificates.clone(),
        key: write("server.key", &key.serialize_pem()),
        client_roots: Some(certificates),
    };
    tls.check().unwrap();
    ServerTls { client_roots: None, ..tls.clone() }.check().unwrap();
    let refused = |tls: ServerTls| tls.check().unwrap_err().to_string();
    let told = refused(ServerTls { key: write("other.key", &other.serialize_pem()), ..tls.clone() });
    assert!(told.contains("other.key: it is not the key of"), "{told}");
    let told = refused(ServerTls { client_roots: Some(write("roots.pem", "")), ..tls });
    assert!(told.contains("roots.pem: there is no certificate in it"), "{told}");
}
