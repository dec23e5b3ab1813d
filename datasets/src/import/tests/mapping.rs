use super::*;
use crate::import::mapping::{NAMES, shipped};

const PLAIN: &str = "[columns]\nid = \"id\"\nstation = \"plug\"\narrival = \"in\"\ndeparture = \"out\"\nenergy = \"wh\"\n\
                     [times]\nformats = [\"%Y-%m-%d %H:%M\"]\nzone = \"Europe/Oslo\"\n[energy]\nunit = \"Wh\"\n";

fn read_by(mapping: &str) -> Result<Import, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, mapping).unwrap();
    read_text("id,plug,in,out,wh\na,1,2024-06-01 10:00,2024-06-01 12:00,7000\n", Format::Mapping(path))
}

#[test]
fn a_mapping_of_ones_own_reads_a_file() {
    let import = read_by(PLAIN).unwrap();
    assert_eq!(import.sessions[0].arrival, utc("2024-06-01T08:00:00Z"));
    assert!((import.sessions[0].energy_wh.as_kwh() - 7.0).abs() < 1e-9);
    let megawatt_hours = read_by(&PLAIN.replace("\"Wh\"", "\"MWh\"")).unwrap();
    assert!((megawatt_hours.sessions[0].energy_wh.as_wh() - 7e9).abs() < 1.0);
    assert_eq!(finding(&megawatt_hours.report.noticed, "check the unit of the energy").count, 1);
}

#[test]
fn a_broken_mapping_names_the_field_the_rule_and_the_remedy() {
    for (from, to, field, rule) in [
        ("energy = \"wh\"", "enrgy = \"wh\"", "columns.enrgy", "unknown field `enrgy`"),
        ("station = \"plug\"", "station = 3", "columns.station", "the name of a column, or a list of names"),
        ("station = \"plug\"", "station = []", "columns.station", "must name a column"),
        ("Europe/Oslo", "Europe/Trondheim", "times.zone", "must be `offset`, `utc` or an IANA zone"),
        ("%Y-%m-%d %H:%M", "%Y-%Q", "times.formats[0]", "must be made of chrono's codes"),
        ("[\"%Y-%m-%d %H:%M\"]", "[]", "times.formats", "must hold a format"),
        ("unit = \"Wh\"", "unit = \"Joule\"", "energy.unit", "unknown variant `Joule`"),
        ("[columns]", "[file]\ndecimal = \",\"\n[columns]", "file.decimal", "must differ from `file.delimiter`"),
        ("[columns]", "[file]\ndelimiter = \"§\"\n[columns]", "file.delimiter", "must be one ASCII sign"),
        ("[columns]", "[rated_power]\nkw = -1\n[columns]", "rated_power", "must be more than 0 kW"),
        ("[columns]", "[columns", "the text", "must be TOML"),
    ] {
        let told = read_by(&PLAIN.replace(from, to)).unwrap_err().to_string();
        assert!(told.contains("mine.toml: ") && told.contains(&format!("`{field}` ")), "{to}: {told}");
        assert!(told.contains(rule) && told.contains("correct the mapping"), "{to}: {told}");
    }
    let told = read_by(&PLAIN.replace("energy = \"wh\"", "energy = \"kwh\"")).unwrap_err().to_string();
    assert!(
        told.contains("`kwh` is no column of the file, which has `id`") && told.contains("`columns.energy`"),
        "{told}"
    );
    let absent = read_text("", Format::Mapping("none.toml".into())).unwrap_err().to_string();
    assert!(absent.contains("none.toml: cannot be read"), "{absent}");
}

#[test]
fn every_shipped_mapping_is_whole_and_comes_back_from_its_text() {
    for name in NAMES {
        let mapping = shipped(name).unwrap();
        assert_eq!(&Mapping::parse(&mapping.to_toml()).unwrap(), mapping, "{name}");
    }
}

#[test]
fn zstd_is_read_like_gzip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.csv.zst");
    let packed = zstd::encode_all(format!("{HEADER}\n{CLAIMED}\n").as_bytes(), 1).unwrap();
    std::fs::write(&path, &packed).unwrap();
    assert_eq!(read_sessions(&path, Format::Sustaingym).unwrap().sessions.len(), 1);
    std::fs::write(&path, &packed[..packed.len() - 4]).unwrap();
    let text = read_sessions(&path, Format::Sustaingym).unwrap_err().to_string();
    assert!(text.contains("`zstd` does not unpack to its end"), "{text}");
}

#[test]
fn no_text_makes_a_reader_panic() {
    let odd = [
        "\"",
        "a,\"b\n",
        ",,,,\n,,,,\n",
        "id,plug,in,out,wh\n\"a\",1,24:61,\u{1},-\n",
        "\u{feff}",
        "PK\x03\x04",
        "PAR1",
        "{",
        "[]",
    ];
    for text in odd {
        for name in Format::names() {
            let read = read_text(text, name.parse().unwrap());
            assert!(read.is_err() || read.unwrap().sessions.is_empty(), "{name}: {text:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd");
        std::fs::write(&path, text).unwrap();
        assert!(inspect(&path).is_err() || !inspect(&path).unwrap().notes.is_empty());
    }
}
