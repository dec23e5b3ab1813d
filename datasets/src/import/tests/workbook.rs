//! Workbooks, built by hand: members are stored, not packed.

use super::*;
use std::io::Write as _;

const BOOK: &str = "<workbook xmlns:r='r'><workbookPr/><sheets><sheet name='Notes' r:id='rId2'/>\
                    <sheet name='A &amp; B' r:id='rId1'/></sheets></workbook>";
const ROOT: &str = "<Relationships><Relationship Id='rId1' \
    Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/>\
    </Relationships>";
const LINKS: &str = "<Relationships><Relationship Id='rId1' Type='a/worksheet' Target='worksheets/sheet1.xml'/>\
                     <Relationship Id='rId2' Type='a/worksheet' Target='/xl/notes.xml'/></Relationships>";
const TEXTS: &str = "<sst><si><t>Session</t></si><si><r><t xml:space='preserve'>Energy </t></r><r><t>(Wh)</t></r></si><si><t>Arrival</t></si>\
                     <si><t>Departure</t></si><si><t>CCS</t></si><si><t>Stay (min)</t></si><si><t>C &lt;1</t></si></sst>";
const SHEET: &str = "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>4</v></c>\
    <c r='C1' t='s'><v>2</v></c><c r='D1' t='s'><v>3</v></c><c r='E1' t='s'><v>5</v></c><c r='F1' t='s'><v>1</v></c></row>\
    <row r='2'/><row r='3'><c r='A3'><v>278</v></c><c r='B3' t='s'><v>6</v></c><c r='C3'><v>44784.981249999997</v></c>\
    <c r='D3'><v>44784.984027777777</v></c><c r='E3'><v>5</v></c><c r='F3'><v>9632</v></c></row>\
    <row r='4'><c r='A4' t='inlineStr'><is><t>279</t></is></c><c r='F4'><v>5</v></c></row></sheetData></worksheet>";

fn number(value: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|byte| u8::try_from((value >> (8 * byte)) & 0xff).unwrap()).collect()
}

fn archive(members: &[(&str, &str)], deflated: bool) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in members {
        let content = if deflated {
            let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap()
        } else {
            text.as_bytes().to_vec()
        };
        let sizes = [number(content.len(), 4), number(text.len(), 4), number(name.len(), 2), number(0, 2)].concat();
        let method = number(if deflated { 8 } else { 0 }, 2);
        let mut checksum = flate2::Crc::new();
        checksum.update(text.as_bytes());
        let checksum = checksum.sum().to_le_bytes();
        let start = [&[20, 0, 0, 0], method.as_slice(), &[0; 4], &checksum, &sizes].concat();
        let entry =
            [b"PK\x01\x02\x14\x00", start.as_slice(), &[0; 10], &number(file.len(), 4), name.as_bytes()].concat();
        directory.extend(entry);
        file.extend([b"PK\x03\x04", start.as_slice(), name.as_bytes(), &content].concat());
    }
    let end = [number(members.len(), 2), number(members.len(), 2), number(directory.len(), 4), number(file.len(), 4)];
    [file, directory, b"PK\x05\x06\0\0\0\0".to_vec(), end.concat(), vec![0, 0]].concat()
}

fn book(book: &str, deflated: bool) -> Vec<u8> {
    let members = [
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", LINKS),
        ("xl/sharedStrings.xml", TEXTS),
        ("xl/worksheets/sheet1.xml", SHEET),
        ("xl/notes.xml", "<worksheet><sheetData/></worksheet>"),
    ];
    archive(&members, deflated)
}

fn read_bytes(bytes: &[u8], sheet: &str) -> Result<Import, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let (path, mapping) = (folder.path().join("sessions.xlsx"), folder.path().join("mine.toml"));
    std::fs::write(&path, bytes).unwrap();
    let kind = format!("kind = \"xlsx\"\nsheet = \"{sheet}\"");
    std::fs::write(&mapping, include_str!("../../../mappings/desl.toml").replace("kind = \"xlsx\"", &kind)).unwrap();
    read_sessions(&path, Format::Mapping(mapping))
}

#[test]
fn a_sheet_is_read_with_its_texts_dates_and_empty_cells() {
    for deflated in [false, true] {
        let import = read_bytes(&book(BOOK, deflated), "A & B").unwrap();
        let session = &import.sessions[0];
        assert_eq!((session.id.as_str(), session.station.as_str()), ("278", "C <1"));
        assert_eq!(session.arrival, utc("2022-08-11T21:33:00Z"), "23:33 in Zurich, stored as a fraction of a day");
        assert_eq!(
            (session.departure - session.arrival, session.energy_wh.as_wh().round()),
            (TimeDelta::minutes(4), 9632.0)
        );
        assert!(import.report.noticed.is_empty(), "the stay counts its first minute: {}", import.report);
        let open = finding(&import.report.rejected, "`Departure` is empty");
        assert_eq!((open.examples[0].at.as_str(), open.examples[0].value.as_str()), ("row 4", "279"));
    }
}

#[test]
fn a_workbook_that_cannot_be_read_says_why() {
    let told = |bytes: &[u8], sheet: &str| read_bytes(bytes, sheet).unwrap_err().to_string();
    let text = told(&book(BOOK, false), "C");
    assert!(text.contains("it has no sheet `C`, but `Notes`, `A & B`"), "{text}");
    let text = told(&book(BOOK, false), "");
    assert!(text.contains("its sheet is empty"), "{text}");
    assert!(told(b"PK\x03\x04", "").contains("`the workbook` cannot be read"));
}

#[test]
fn no_damage_to_a_workbook_makes_the_reader_panic() {
    let whole = book(BOOK, false);
    for at in (0..whole.len()).step_by(5) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        if let Ok(import) = read_bytes(&damaged, "A & B") {
            let rejected: usize = import.report.rejected.iter().map(|finding| finding.count).sum();
            assert_eq!(import.report.rows, import.report.accepted + rejected);
        }
        if at % 20 == 0 {
            assert!(read_bytes(&whole[..at], "A & B").is_err());
        }
    }
}
