use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, date_time_ymd};

use super::super::host::Role;
use super::*;

const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn grant(utility: &str) -> Grant {
    Grant { utility: utility.to_owned(), roles: [Role::Read].into(), scope: None }
}

fn certificate(name: Option<&str>, uris: &[&str]) -> Presented {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(name) = name {
        params.distinguished_name.push(DnType::OrganizationName, "DSO One");
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
    params.subject_alt_names.push(SanType::DnsName("dispatch.example".try_into().unwrap()));
    params.not_after = date_time_ymd(2030, 1, 2);
    let key = KeyPair::generate().unwrap();
    Presented::read(params.self_signed(&key).unwrap().der()).unwrap()
}

fn principals(entries: &[(CertificateIdentity, &str)]) -> Result<Principals, ServeError> {
    let entry = |(identity, utility): &(CertificateIdentity, &str)| CertificateGrant {
        identity: identity.clone(),
        grant: grant(utility),
    };
    Principals::new(&entries.iter().map(entry).collect::<Vec<_>>())
}

fn uri(text: &str) -> CertificateIdentity {
    CertificateIdentity::SanUri(text.to_owned())
}

#[test]
fn a_fingerprint_is_read_with_and_without_colons() {
    let expected: CertificateIdentity = DIGITS.parse().unwrap();
    assert!(matches!(expected, CertificateIdentity::Sha256(digest) if digest[..3] == [0, 0x11, 0x22]));
    let pairs: Vec<&str> = (0..32).map(|index| &DIGITS[2 * index..2 * index + 2]).collect();
    for text in [pairs.join(":"), pairs.join(":").to_uppercase(), expected.to_string()] {
        assert_eq!(text.parse::<CertificateIdentity>().unwrap(), expected);
    }
}

#[test]
fn a_uri_is_read_as_it_stands() {
    for text in ["urn:dso-1:dispatch", "https://dso-1.example/dispatch", "spiffe://dso-1/dispatch"] {
        let identity: CertificateIdentity = text.parse().unwrap();
        assert_eq!((&identity, identity.to_string().as_str()), (&uri(text), text));
    }
}

#[test]
fn what_is_neither_a_uri_nor_a_fingerprint_is_refused_with_rule_and_remedy() {
    let refused = |text: &str| text.parse::<CertificateIdentity>().unwrap_err().to_string();
    for text in [&DIGITS[1..], &format!("{DIGITS}0"), "ab:cd", ""] {
        let told = refused(text);
        assert!(told.contains("has 64 digits") && told.contains("openssl x509"), "{told}");
    }
    for text in ["dso-1", "urn:dso 1", "1urn:x", "urn:", ":x", "ürn:x"] {
        assert!(refused(text).contains("write a URI such as"), "{text}");
    }
}

#[test]
fn a_certificate_is_known_by_its_fingerprint_before_its_uris() {
    let shown = certificate(Some("dispatch"), &["urn:other", "urn:dso-1"]);
    let by_uri = principals(&[(uri("urn:dso-1"), "dso-1")]).unwrap();
    assert_eq!(by_uri.grant(&shown), Some(&grant("dso-1")));
    let both = [(uri("urn:dso-1"), "dso-1"), (CertificateIdentity::Sha256(shown.sha256), "dso-2")];
    assert_eq!(principals(&both).unwrap().grant(&shown), Some(&grant("dso-2")));
}

#[test]
fn a_certificate_is_not_known_by_anything_else() {
    let known = principals(&[(uri("urn:dso-1"), "dso-1")]).unwrap();
    for uris in [&["urn:dso-10"][..], &["URN:dso-1"], &["urn:dso-1/"], &[]] {
        assert_eq!(known.grant(&certificate(Some("urn:dso-1"), uris)), None, "{uris:?}");
    }
}

#[test]
fn a_certificate_whose_uris_stand_for_different_things_is_not_known() {
    let shown = certificate(Some("dispatch"), &["urn:dso-1", "urn:dso-2"]);
    let different = principals(&[(uri("urn:dso-1"), "dso-1"), (uri("urn:dso-2"), "dso-2")]).unwrap();
    assert_eq!(different.grant(&shown), None);
    let same = principals(&[(uri("urn:dso-1"), "dso-1"), (uri("urn:dso-2"), "dso-1")]).unwrap();
    assert_eq!(same.grant(&shown), Some(&grant("dso-1")));
}

#[test]
fn the_audit_has_subject_and_fingerprint() {
    let shown = certificate(Some("dispatch"), &["urn:dso-1"]);
    let digits = &hex(&shown.sha256)[..16];
    assert_eq!(shown.principal(), format!("O=DSO One, CN=dispatch sha256:{digits}"));
    let nameless = certificate(None, &["urn:dso-1"]);
    assert!(nameless.principal().starts_with("urn:dso-1 sha256:"), "{}", nameless.principal());
    let neither = certificate(None, &[]);
    assert!(neither.principal().starts_with("sha256:"), "{}", neither.principal());
    assert_eq!(shown.not_after, DateTime::parse_from_rfc3339("2030-01-02T00:00:00Z").unwrap());
}

#[test]
fn an_identity_that_is_there_twice_or_is_no_uri_is_refused() {
    let refused = |entries: &[(CertificateIdentity, &str)]| principals(entries).err().unwrap().to_string();
    assert!(refused(&[(uri("urn:dso-1"), "dso-1"), (uri("urn:dso-1"), "dso-2")]).contains("there twice"));
    assert!(refused(&[(uri("dispatch"), "dso-1")]).contains("with a scheme"));
}

#[test]
fn what_is_not_a_certificate_is_not_read() {
    assert_eq!(Presented::read(b"not a certificate"), None);
}
