//! Who may do what, by the configuration.

use headroom_grid_api::LimitQuery;

use super::authority::Authority;
use super::*;

const CLERK: &str = "token-of-the-clerk";
const TRAINEE: &str = "token-of-the-trainee";

const PRINCIPALS: &str = r#"
[[utility]]
name = "market"
sites = ["campus", "depot"]
[[utility.principal]]
name = "clerk"
token = "token-of-the-clerk"
targets = ["connectionPoints/campus"]
[[utility.principal]]
name = "trainee"
token = "token-of-the-trainee"
roles = ["test"]
"#;

#[tokio::test]
async fn principals_have_roles_and_places_of_their_own() {
    let service = Service::start_with(&setup(PRINCIPALS)).await;
    let clerk = service.utility("market", CLERK);
    let begin = now(&clerk).await + TimeDelta::hours(1);
    let wanted = draft(1, &[stretch(begin, 60, 20.0)]);
    clerk.submit(&wanted, id()).await.unwrap();
    let elsewhere = LimitDraft { target: Target::from(node("depot")), ..wanted.clone() };
    let refusal = refused(clerk.submit(&elsewhere, id()).await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("PermissionDenied", "NOT_AUTHORISED_FOR_TARGET"));
    let seen = clerk.connection_points().await.unwrap();
    assert_eq!(seen.iter().map(|point| point.id.as_str()).collect::<Vec<_>>(), ["campus"]);
    let info = clerk.server_info().await.unwrap();
    assert_eq!((info.utility.as_str(), info.roles.len()), ("market", 3));

    let trainee = service.utility("market", TRAINEE);
    assert_eq!(refused(trainee.submit(&draft(2, &wanted.intervals), id()).await).reason, "ROLE_MISSING");
    trainee.validate(&draft(2, &wanted.intervals), id()).await.unwrap();
    let test = LimitDraft { kind: LimitKind::Test, ..draft(2, &wanted.intervals) };
    let recorded = trainee.submit(&test, id()).await.unwrap();
    assert!(recorded.warnings.iter().any(|warning| warning.code == "TEST_LIMIT"), "{:?}", recorded.warnings);
    assert_eq!(refused(trainee.list(&LimitQuery::default()).await).reason, "ROLE_MISSING");
    assert_eq!(refused(service.utility("dso", CLERK).list(&LimitQuery::default()).await).code, "PermissionDenied");
}

#[tokio::test]
async fn certificates_of_the_configuration_open_the_door_and_strangers_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "authority");
    authority.issue("server", None);
    let scada = authority.issue("scada", Some("urn:example:market:scada"));
    let desk = authority.issue("desk", None);
    let unknown = authority.issue("unknown", Some("urn:example:other"));
    let stranger = Authority::new(folder.path(), "stranger").issue("disguised", Some("urn:example:market:scada"));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let more = format!(
        "[grpc.tls]\ncertificates = \"{}\"\nkey = \"{}\"\nclient_roots = \"{}\"\n\
         [[utility]]\nname = \"market\"\nsites = [\"campus\"]\n\
         [[utility.principal]]\nname = \"scada\"\ncertificate = \"urn:example:market:scada\"\n\
         [[utility.principal]]\nname = \"desk\"\ncertificate = \"sha256:{}\"\nroles = [\"read\"]\n",
        path("server.pem"),
        path("server.key"),
        path("authority.pem"),
        desk.fingerprint,
    );
    let service = Service::start_with(&Setup { more, ..Setup::default() }).await;
    let connect = |tls| Utility::builder(&format!("https://{}", service.grpc), "market").tls(tls).connect().unwrap();

    let steers = connect(authority.trusted_by(Some(&scada)));
    let begin = now(&steers).await + TimeDelta::hours(1);
    steers.submit(&draft(1, &[stretch(begin, 60, 20.0)]), id()).await.unwrap();
    assert!(steers.server_info().await.unwrap().principal.contains("scada"));
    let looks = connect(authority.trusted_by(Some(&desk)));
    assert_eq!(looks.list(&LimitQuery::default()).await.unwrap().len(), 1);
    assert_eq!(refused(looks.submit(&draft(2, &[stretch(begin, 60, 20.0)]), id()).await).reason, "ROLE_MISSING");
    let refusal = refused(connect(authority.trusted_by(Some(&unknown))).server_info().await);
    assert_eq!((refusal.code.as_str(), refusal.reason.as_str()), ("Unauthenticated", "CERTIFICATE_UNKNOWN"));
    for turned_away in [Some(&stranger), None] {
        let refusal = refused(connect(authority.trusted_by(turned_away)).server_info().await);
        assert_eq!(refusal.reason, "NO_CONNECTION", "{refusal}");
    }
    let in_plain_text = service.utility("market", DSO).server_info().await;
    assert_eq!(refused(in_plain_text).code, "Unavailable");
}
