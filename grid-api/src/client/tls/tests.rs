use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

#[test]
fn a_client_shows_a_certificate_with_its_key_or_none() {
    let directory = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let roots = ClientTls { roots: write("roots.pem", &certificate), ..Default::default() };
    roots.load().unwrap();
    let (certificate, key) = (write("client.pem", &certificate), write("client.key", &key.serialize_pem()));
    ClientTls { certificate: certificate.clone(), key: key.clone(), ..roots.clone() }.load().unwrap();
    let told = ClientTls { certificate, ..roots.clone() }.load().unwrap_err();
    assert!(told.contains("has no key"), "{told}");
    let told = ClientTls { key, ..roots.clone() }.load().unwrap_err();
    assert!(told.contains("has no certificate"), "{told}");
    let told = ClientTls { roots: write("empty.pem", ""), ..roots }.load().unwrap_err();
    assert!(told.contains("empty.pem: there is no certificate in it"), "{told}");
}
