//! Types that several modules share (OCPI 2.2.1 §16).

use crate::version::Version::{V221, V230};
use crate::wire::base::Number;
use crate::wire::class::{INT, UNBOUNDED, URL, ci, class, since, text, until};
use crate::wire::text_enum::text_enum;

class! {
    BusinessDetails = "BusinessDetails" {
        one name: String = text(100);
        may website: String = URL;
        may logo: Image;
    }
}

class! {
    Image = "Image" {
        one url: String = URL;
        may thumbnail: String = URL;
        due category: ImageCategory;
        due r#type: String = ci(4);
        may width: Number = INT;
        may height: Number = INT;
    }
}

class! {
    DisplayText = "DisplayText" {
        due language: String = text(2);
        one text: String = text(512);
    }
}

class! {
    Price = "Price" {
        due before_taxes: Number, since(V230);
        any taxes: TaxAmount, since(V230);
        due excl_vat: Number, until(V221);
        may incl_vat: Number, until(V221);
    }
}

class! {
    TaxAmount = "TaxAmount" {
        due name: String = text(UNBOUNDED);
        may account_number: String = text(UNBOUNDED);
        may percentage: Number;
        one amount: Number;
    }
}

class! {
    EnergyMix = "EnergyMix" {
        due is_green_energy: bool;
        any energy_sources: EnergySource;
        any environ_impact: EnvironmentalImpact;
        may supplier_name: String = text(64);
        may energy_product_name: String = text(64);
    }
}

class! {
    EnergySource = "EnergySource" {
        due source: EnergySourceCategory;
        due percentage: Number;
    }
}

class! {
    EnvironmentalImpact = "EnvironmentalImpact" {
        due category: EnvironmentalImpactCategory;
        due amount: Number;
    }
}

text_enum!(ImageCategory: "ImageCategory" open {
    Charger = "CHARGER",
    Entrance = "ENTRANCE",
    Location = "LOCATION",
    Network = "NETWORK",
    Operator = "OPERATOR",
    Other = "OTHER",
    Owner = "OWNER",
});

text_enum!(EnergySourceCategory: "EnergySourceCategory" {
    Nuclear = "NUCLEAR",
    GeneralFossil = "GENERAL_FOSSIL",
    Coal = "COAL",
    Gas = "GAS",
    GeneralGreen = "GENERAL_GREEN",
    Solar = "SOLAR",
    Wind = "WIND",
    Water = "WATER",
});

text_enum!(EnvironmentalImpactCategory: "EnvironmentalImpactCategory" open {
    NuclearWaste = "NUCLEAR_WASTE",
    CarbonDioxide = "CARBON_DIOXIDE",
});
