//! Parking places, new in 2.3.0, and opening hours (OCPI 2.2.1 §8.4).

use crate::wire::base::{Number, Timestamp};
use crate::wire::class::{INT, UNBOUNDED, ci, class, text};
use crate::wire::text_enum::text_enum;
use crate::wire::types::Image;

class! {
    Parking = "Parking" {
        one id: String = ci(36);
        may physical_reference: String = text(12);
        some vehicle_types: VehicleType;
        may max_vehicle_weight: Number;
        may max_vehicle_height: Number;
        may max_vehicle_length: Number;
        may max_vehicle_width: Number;
        may parking_space_length: Number;
        may parking_space_width: Number;
        may dangerous_goods_allowed: bool;
        may direction: ParkingDirection;
        may drive_through: bool;
        due restricted_to_type: bool;
        due reservation_required: bool;
        may time_limit: Number;
        may roofed: bool;
        any images: Image;
        may lighting: bool;
        may refrigeration_outlet: bool;
        any standards: String = ci(36);
        may apds_reference: String = ci(UNBOUNDED);
    }
}

class! {
    EvseParking = "EVSEParking" {
        one parking_id: String = ci(36);
        may evse_position: EvsePosition;
    }
}

class! {
    Hours = "Hours" {
        due twentyfourseven: bool;
        any regular_hours: RegularHours;
        any exceptional_openings: ExceptionalPeriod;
        any exceptional_closings: ExceptionalPeriod;
    }
}

class! {
    RegularHours = "RegularHours" {
        due weekday: Number = INT;
        due period_begin: String = text(5);
        due period_end: String = text(5);
    }
}

class! {
    ExceptionalPeriod = "ExceptionalPeriod" {
        due period_begin: Timestamp;
        due period_end: Timestamp;
    }
}

text_enum!(ParkingDirection: "ParkingDirection" {
    Parallel = "PARALLEL",
    Perpendicular = "PERPENDICULAR",
    Angle = "ANGLE",
});

text_enum!(EvsePosition: "EVSEPosition" {
    Left = "LEFT",
    Right = "RIGHT",
    Center = "CENTER",
});

text_enum!(VehicleType: "VehicleType" open {
    Motorcycle = "MOTORCYCLE",
    PersonalVehicle = "PERSONAL_VEHICLE",
    PersonalVehicleWithTrailer = "PERSONAL_VEHICLE_WITH_TRAILER",
    Van = "VAN",
    SemiTractor = "SEMI_TRACTOR",
    Rigid = "RIGID",
    TruckWithTrailer = "TRUCK_WITH_TRAILER",
    Bus = "BUS",
    Disabled = "DISABLED",
});
