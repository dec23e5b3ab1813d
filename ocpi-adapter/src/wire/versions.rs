//! Versions and version details (OCPI 2.2.1 §6).

use crate::version::Version::V22;
use crate::wire::class::{URL, class, since};
use crate::wire::text_enum::text_enum;

class! {
    Version = "Version" {
        one version: VersionNumber;
        one url: String = URL;
    }
}

class! {
    VersionDetails = "Data" {
        due version: VersionNumber;
        some endpoints: Endpoint;
    }
}

class! {
    Endpoint = "Endpoint" {
        one identifier: ModuleId;
        due role: InterfaceRole, since(V22);
        one url: String = URL;
    }
}

text_enum!(VersionNumber: "VersionNumber" open {
    V20 = "2.0",
    V21 = "2.1",
    V211 = "2.1.1",
    V22 = "2.2",
    V221 = "2.2.1" since V221,
    V230 = "2.3.0" since V230,
});

text_enum!(ModuleId: "ModuleID" open {
    Cdrs = "cdrs",
    ChargingProfiles = "chargingprofiles",
    Commands = "commands",
    Credentials = "credentials",
    HubClientInfo = "hubclientinfo",
    Locations = "locations",
    Sessions = "sessions",
    Tariffs = "tariffs",
    Tokens = "tokens",
});

text_enum!(InterfaceRole: "InterfaceRole" {
    Sender = "SENDER",
    Receiver = "RECEIVER",
});
