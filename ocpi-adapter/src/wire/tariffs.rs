//! Tariffs (OCPI 2.2.1 §11).

use crate::version::Version::{V221, V230};
use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, URL, ci, class, since, text, until};
use crate::wire::text_enum::text_enum;
use crate::wire::types::{DisplayText, EnergyMix};

class! {
    Tariff = "Tariff" {
        one country_code: String = ci(2);
        one party_id: String = ci(3);
        one id: String = ci(36);
        one currency: String = text(3);
        may r#type: TariffType;
        any tariff_alt_text: DisplayText;
        may tariff_alt_url: String = URL;
        may min_price: PriceLimit;
        may max_price: PriceLimit;
        some elements: TariffElement;
        due tax_included: TaxIncluded, since(V230);
        may start_date_time: Timestamp;
        may end_date_time: Timestamp;
        may energy_mix: EnergyMix;
        due last_updated: Timestamp;
    }
}

class! {
    TariffElement = "TariffElement" {
        some price_components: PriceComponent;
        may restrictions: Restrictions;
    }
}

class! {
    PriceComponent = "PriceComponent" {
        one r#type: TariffDimension;
        one price: Number;
        may vat: Number;
        due step_size: Number = INT;
    }
}

class! {
    /// In 2.2.1 a `Price`.
    PriceLimit = "PriceLimit" {
        due before_taxes: Number, since(V230);
        may after_taxes: Number, since(V230);
        due excl_vat: Number, until(V221);
        may incl_vat: Number, until(V221);
    }
}

class! {
    #[derive(Default)]
    Restrictions = "TariffRestrictions" {
        may start_time: String = text(5);
        may end_time: String = text(5);
        may start_date: String = text(10);
        may end_date: String = text(10);
        may min_kwh: Number;
        may max_kwh: Number;
        may min_current: Number;
        may max_current: Number;
        may min_power: Number;
        may max_power: Number;
        may min_duration: Number = INT;
        may max_duration: Number = INT;
        any day_of_week: DayOfWeek;
        may reservation: ReservationRestrictionType;
    }
}

text_enum!(TariffType: "TariffType" {
    AdHocPayment = "AD_HOC_PAYMENT",
    ProfileCheap = "PROFILE_CHEAP",
    ProfileFast = "PROFILE_FAST",
    ProfileGreen = "PROFILE_GREEN",
    Regular = "REGULAR",
});

text_enum!(TariffDimension: "TariffDimensionType" {
    Energy = "ENERGY",
    Flat = "FLAT",
    ParkingTime = "PARKING_TIME",
    Time = "TIME",
});

text_enum!(DayOfWeek: "DayOfWeek" {
    Monday = "MONDAY",
    Tuesday = "TUESDAY",
    Wednesday = "WEDNESDAY",
    Thursday = "THURSDAY",
    Friday = "FRIDAY",
    Saturday = "SATURDAY",
    Sunday = "SUNDAY",
});

text_enum!(ReservationRestrictionType: "ReservationRestrictionType" {
    Reservation = "RESERVATION",
    ReservationExpires = "RESERVATION_EXPIRES",
});

text_enum!(TaxIncluded: "TaxIncluded" {
    Yes = "YES",
    No = "NO",
    NotApplicable = "N/A",
});
