use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

/// A certificate and its key, as PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What is said names the file and this.
#[track_caller]
fn check<T>(result: Result<T, String>, file: &Path, named: &[&str]) {
    let told = result.err().expect("a refusal");
    assert!(told.starts_with(&format!("{}: ", file.display())), "{told}");
    for word in named {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn a_certificate_and_its_key_are_read() {
    let directory = TempDir::new().unwrap();
    let (certificate, key) = pair();
    let files = (write(&directory, "c.pem", &certificate), write(&directory, "k.pem", &key));
    let read = identity(&files.0, &files.1).unwrap();
    assert_eq!((read.certificates, read.key), (certificate.clone().into_bytes(), key.into_bytes()));
    let two = write(&directory, "roots.pem", &format!("a comment\n{certificate}\n{}", pair().0));
    assert_eq!(roots(&two).unwrap(), std::fs::read(&two).unwrap());
}

#[test]
fn a_missing_file_is_named() {
    let directory = TempDir::new().unwrap();
    let (certificate, key) = pair();
    let (certificate, key) = (write(&directory, "c.pem", &certificate), write(&directory, "k.pem", &key));
    let missing = directory.path().join("missing.pem");
    check(identity(&missing, &key), &missing, &["cannot be read", "check the path"]);
    check(identity(&certificate, &missing), &missing, &["cannot be read"]);
    check(roots(&missing), &missing, &["cannot be read"]);
}

#[test]
fn a_file_without_a_certificate_or_key_is_named() {
    let directory = TempDir::new().unwrap();
    let (certificate, key) = pair();
    let (certificate, key) = (write(&directory, "c.pem", &certificate), write(&directory, "k.pem", &key));
    let empty = write(&directory, "empty.pem", "");
    check(identity(&empty, &key), &empty, &["no certificate", "BEGIN CERTIFICATE"]);
    check(identity(&key, &key), &key, &["no certificate"]);
    check(identity(&certificate, &certificate), &certificate, &["no private key", "not encrypted"]);
    check(roots(&key), &key, &["no certificate"]);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let directory = TempDir::new().unwrap();
    let (certificate, key) = (write(&directory, "c.pem", &pair().0), write(&directory, "k.pem", &pair().1));
    check(identity(&certificate, &key), &key, &["not the key of the first certificate in", "c.pem"]);
}

#[test]
fn garbage_is_refused() {
    let directory = TempDir::new().unwrap();
    let (certificate, key) = pair();
    let cut = &certificate[..certificate.len() - 30];
    let cut = write(&directory, "cut.pem", cut);
    let key = write(&directory, "k.pem", &key);
    check(identity(&cut, &key), &cut, &["not PEM", "copy the file again"]);
    let der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let damaged = write(&directory, "damaged.pem", &format!("{certificate}{der}"));
    check(roots(&damaged), &damaged, &["certificate 2 is damaged"]);
    let certificate = write(&directory, "c.pem", &certificate);
    let no_key = write(&directory, "no.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    check(identity(&certificate, &no_key), &no_key, &["the key cannot be used"]);
}
