//! Locations, EVSEs and connectors (OCPI 2.2.1 §8).

use crate::version::Version::V230;
use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, URL, ci, class, since, text};
use crate::wire::parking::{EvseParking, Hours, Parking};
use crate::wire::text_enum::text_enum;
use crate::wire::tokens::TokenType;
use crate::wire::types::{BusinessDetails, DisplayText, EnergyMix, Image};

class! {
    Location = "Location" {
        one country_code: String = ci(2);
        one party_id: String = ci(3);
        one id: String = ci(36);
        due publish: bool;
        any publish_allowed_to: PublishTokenType;
        may name: String = text(255);
        due address: String = text(255);
        due city: String = text(45);
        may postal_code: String = text(10);
        may state: String = text(45);
        due country: String = text(3);
        due coordinates: GeoLocation;
        any related_locations: AdditionalGeoLocation;
        may parking_type: ParkingType;
        any evses: Evse;
        any parking_places: Parking, since(V230);
        any directions: DisplayText;
        may operator: BusinessDetails;
        may suboperator: BusinessDetails;
        may owner: BusinessDetails;
        any facilities: Facility;
        due time_zone: String = text(255);
        may opening_times: Hours;
        may charging_when_closed: bool;
        any images: Image;
        may energy_mix: EnergyMix;
        may help_phone: String = ci(25), since(V230);
        one last_updated: Timestamp;
    }
}

class! {
    Evse = "EVSE" {
        one uid: String = ci(36);
        may evse_id: String = ci(48);
        one status: Status;
        any status_schedule: StatusSchedule;
        any capabilities: Capability;
        some connectors: Connector;
        may floor_level: String = text(4);
        may coordinates: GeoLocation;
        may physical_reference: String = text(16);
        any directions: DisplayText;
        any parking_restrictions: ParkingRestriction;
        any parking: EvseParking, since(V230);
        any images: Image;
        any accepted_service_providers: String = text(50), since(V230);
        due last_updated: Timestamp;
    }
}

class! {
    Connector = "Connector" {
        one id: String = ci(36);
        due standard: ConnectorType;
        due format: ConnectorFormat;
        one power_type: PowerType;
        one max_voltage: Number = INT;
        one max_amperage: Number = INT;
        may max_electric_power: Number = INT;
        any tariff_ids: String = ci(36);
        may terms_and_conditions: String = URL;
        any capabilities: ConnectorCapability, since(V230);
        due last_updated: Timestamp;
    }
}

class! {
    GeoLocation = "GeoLocation" {
        one latitude: String = text(10);
        one longitude: String = text(11);
    }
}

class! {
    AdditionalGeoLocation = "AdditionalGeoLocation" {
        one latitude: String = text(10);
        one longitude: String = text(11);
        may name: DisplayText;
    }
}

class! {
    PublishTokenType = "PublishTokenType" {
        may uid: String = ci(36);
        may r#type: TokenType;
        may visual_number: String = text(64);
        may issuer: String = text(64);
        may group_id: String = ci(36);
    }
}

class! {
    StatusSchedule = "StatusSchedule" {
        due period_begin: Timestamp;
        may period_end: Timestamp;
        due status: Status;
    }
}

text_enum!(Status: "Status" {
    Available = "AVAILABLE",
    Blocked = "BLOCKED",
    Charging = "CHARGING",
    Inoperative = "INOPERATIVE",
    OutOfOrder = "OUTOFORDER",
    Planned = "PLANNED",
    Removed = "REMOVED",
    Reserved = "RESERVED",
    Unknown = "UNKNOWN",
});

text_enum!(Capability: "Capability" open {
    ChargingProfileCapable = "CHARGING_PROFILE_CAPABLE",
    ChargingPreferencesCapable = "CHARGING_PREFERENCES_CAPABLE",
    ChipCardSupport = "CHIP_CARD_SUPPORT",
    ContactlessCardSupport = "CONTACTLESS_CARD_SUPPORT",
    CreditCardPayable = "CREDIT_CARD_PAYABLE",
    DebitCardPayable = "DEBIT_CARD_PAYABLE",
    PedTerminal = "PED_TERMINAL",
    RemoteStartStopCapable = "REMOTE_START_STOP_CAPABLE",
    Reservable = "RESERVABLE",
    RfidReader = "RFID_READER",
    TokenGroupCapable = "TOKEN_GROUP_CAPABLE",
    UnlockCapable = "UNLOCK_CAPABLE",
    StartSessionConnectorRequired = "START_SESSION_CONNECTOR_REQUIRED" since V221,
});

text_enum!(ConnectorCapability: "ConnectorCapability" open {
    Iso151182PlugAndCharge = "ISO_15118_2_PLUG_AND_CHARGE",
    Iso1511820PlugAndCharge = "ISO_15118_20_PLUG_AND_CHARGE",
});

text_enum!(ConnectorFormat: "ConnectorFormat" {
    Socket = "SOCKET",
    Cable = "CABLE",
});

text_enum!(PowerType: "PowerType" {
    Ac1Phase = "AC_1_PHASE",
    Ac3Phase = "AC_3_PHASE",
    Dc = "DC",
    Ac2Phase = "AC_2_PHASE" since V221,
    Ac2PhaseSplit = "AC_2_PHASE_SPLIT" since V221,
});

text_enum!(ParkingRestriction: "ParkingRestriction" open {
    EvOnly = "EV_ONLY",
    Plugged = "PLUGGED",
    Disabled = "DISABLED",
    Customers = "CUSTOMERS",
    Motorcycles = "MOTORCYCLES",
    Employees = "EMPLOYEES" since V230,
    Taxis = "TAXIS" since V230,
    Tenants = "TENANTS" since V230,
});

text_enum!(ParkingType: "ParkingType" open {
    AlongMotorway = "ALONG_MOTORWAY",
    ParkingGarage = "PARKING_GARAGE",
    ParkingLot = "PARKING_LOT",
    OnDriveway = "ON_DRIVEWAY",
    OnStreet = "ON_STREET",
    UndergroundGarage = "UNDERGROUND_GARAGE",
});

text_enum!(Facility: "Facility" open {
    Hotel = "HOTEL",
    Restaurant = "RESTAURANT",
    Cafe = "CAFE",
    Mall = "MALL",
    Supermarket = "SUPERMARKET",
    Sport = "SPORT",
    RecreationArea = "RECREATION_AREA",
    Nature = "NATURE",
    Museum = "MUSEUM",
    BikeSharing = "BIKE_SHARING",
    BusStop = "BUS_STOP",
    TaxiStand = "TAXI_STAND",
    TramStop = "TRAM_STOP",
    MetroStation = "METRO_STATION",
    TrainStation = "TRAIN_STATION",
    Airport = "AIRPORT",
    ParkingLot = "PARKING_LOT",
    CarpoolParking = "CARPOOL_PARKING",
    FuelStation = "FUEL_STATION",
    Wifi = "WIFI",
});

text_enum!(ConnectorType: "ConnectorType" open {
    Chademo = "CHADEMO",
    DomesticA = "DOMESTIC_A",
    DomesticB = "DOMESTIC_B",
    DomesticC = "DOMESTIC_C",
    DomesticD = "DOMESTIC_D",
    DomesticE = "DOMESTIC_E",
    DomesticF = "DOMESTIC_F",
    DomesticG = "DOMESTIC_G",
    DomesticH = "DOMESTIC_H",
    DomesticI = "DOMESTIC_I",
    DomesticJ = "DOMESTIC_J",
    DomesticK = "DOMESTIC_K",
    DomesticL = "DOMESTIC_L",
    Iec603092Single16 = "IEC_60309_2_single_16",
    Iec603092Three16 = "IEC_60309_2_three_16",
    Iec603092Three32 = "IEC_60309_2_three_32",
    Iec603092Three64 = "IEC_60309_2_three_64",
    Iec62196T1 = "IEC_62196_T1",
    Iec62196T1Combo = "IEC_62196_T1_COMBO",
    Iec62196T2 = "IEC_62196_T2",
    Iec62196T2Combo = "IEC_62196_T2_COMBO",
    Iec62196T3a = "IEC_62196_T3A",
    Iec62196T3c = "IEC_62196_T3C",
    PantographBottomUp = "PANTOGRAPH_BOTTOM_UP",
    PantographTopDown = "PANTOGRAPH_TOP_DOWN",
    TeslaR = "TESLA_R",
    TeslaS = "TESLA_S",
    Chaoji = "CHAOJI" since V221,
    DomesticM = "DOMESTIC_M" since V221,
    DomesticN = "DOMESTIC_N" since V221,
    DomesticO = "DOMESTIC_O" since V221,
    GbtAc = "GBT_AC" since V221,
    GbtDc = "GBT_DC" since V221,
    Nema520 = "NEMA_5_20" since V221,
    Nema630 = "NEMA_6_30" since V221,
    Nema650 = "NEMA_6_50" since V221,
    Nema1030 = "NEMA_10_30" since V221,
    Nema1050 = "NEMA_10_50" since V221,
    Nema1430 = "NEMA_14_30" since V221,
    Nema1450 = "NEMA_14_50" since V221,
    Mcs = "MCS" since V230,
    SaeJ3400 = "SAE_J3400" since V230,
});
