//! Sheets of a workbook (xlsx, ECMA-376) as text. Numbers stay as they are: what is a date says the mapping, by the time
//! format `serial-days`.

use std::borrow::Cow;

use csv::StringRecord;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::zip::Archive;
use super::{Table, TextRow};
use crate::import::ImportError;
use crate::import::source::Source;

/// Columns of a sheet; more are not possible there.
const MOST_COLUMNS: usize = 16_384;

pub(super) fn read(source: &Source, sheet: &str) -> Result<Table, ImportError> {
    let unreadable = |what: &str| {
        let rule = format!("cannot be read ({what})");
        source.broken("the workbook", rule, "save it as xlsx again, or name the format that the file has")
    };
    let archive = Archive::open(&source.bytes).ok_or_else(|| unreadable("it is no ZIP archive"))?;
    let book = archive.member("xl/workbook.xml").ok_or_else(|| unreadable("it has no xl/workbook.xml"))?;
    let links = archive.member("xl/_rels/workbook.xml.rels").unwrap_or_default();
    if attribute_of(&book, "workbookPr", "date1904").is_some_and(|since| since == "1" || since == "true") {
        return Err(unreadable("its dates count from 1904: turn that off in its settings"));
    }
    let (id, names) = sheet_id(&book, sheet).map_err(|()| unreadable("xl/workbook.xml is broken"))?;
    let id = id.ok_or_else(|| unreadable(&format!("it has no sheet `{sheet}`, but `{}`", names.join("`, `"))))?;
    let target = linked(&links, &id);
    let target = target.ok_or_else(|| unreadable("its sheet is not linked"))?;
    let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
    let content = archive.member(&path).ok_or_else(|| unreadable(&format!("{path} is missing or broken")))?;
    let shared = archive.member("xl/sharedStrings.xml").unwrap_or_default();
    let shared = shared_texts(&shared).map_err(|()| unreadable("xl/sharedStrings.xml is broken"))?;
    let mut rows = rows(&content, &shared).map_err(|()| unreadable(&format!("{path} is broken")))?.into_iter();
    let (_, header) = rows.next().ok_or_else(|| unreadable("its sheet is empty"))?;
    let width = header.len();
    let row = |(number, mut cells): (String, Vec<String>)| {
        // A sheet leaves out what is empty.
        cells.resize(cells.len().max(width), String::new());
        TextRow { at: format!("row {number}"), cells: StringRecord::from(cells) }
    };
    Ok(Table { header: header.iter().map(|name| name.trim().to_owned()).collect(), rows: rows.map(row).collect() })
}

/// Returns the id of a sheet by its name, or of the first one, and the names of all.
fn sheet_id(book: &[u8], wanted: &str) -> Result<(Option<String>, Vec<String>), ()> {
    let (mut id, mut names) = (None, Vec::new());
    each(book, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event
            && tag.local_name().as_ref() == b"sheet"
        {
            let name = attribute(tag, "name").unwrap_or_default();
            if id.is_none() && (wanted.is_empty() || wanted == name) {
                id = attribute(tag, "r:id");
            }
            names.push(name);
        }
    })?;
    Ok((id, names))
}

/// Returns where a relationship leads.
fn linked(links: &[u8], id: &str) -> Option<String> {
    let mut found = None;
    let read = each(links, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event
            && attribute(tag, "Id").as_deref() == Some(id)
        {
            found = attribute(tag, "Target");
        }
    });
    read.ok().and(found)
}

/// Returns an attribute of the first element of a name.
fn attribute_of(xml: &[u8], element: &str, name: &str) -> Option<String> {
    let mut found = None;
    let read = each(xml, |event| {
        if let Event::Start(tag) | Event::Empty(tag) = event
            && tag.local_name().as_ref() == element.as_bytes()
            && found.is_none()
        {
            found = attribute(tag, name);
        }
    });
    read.ok().and(found)
}

fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    let text = std::str::from_utf8(attribute.value.as_ref()).ok()?;
    quick_xml::escape::unescape(text).ok().map(Cow::into_owned)
}

fn each(xml: &[u8], mut take: impl FnMut(&Event)) -> Result<(), ()> {
    let mut reader = Reader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return Ok(()),
            Ok(event) => take(&event),
            Err(_) => return Err(()),
        }
    }
}

/// Adds what an event says as text.
fn add_text(text: &mut String, event: &Event) {
    match event {
        Event::Text(part) => text.push_str(&part.decode().unwrap_or_default()),
        Event::CData(part) => text.push_str(&part.decode().unwrap_or_default()),
        Event::GeneralRef(reference) => {
            if let Ok(Some(sign)) = reference.resolve_char_ref() {
                text.push(sign);
            } else if let Some(entity) =
                reference.decode().ok().and_then(|name| quick_xml::escape::resolve_predefined_entity(&name))
            {
                text.push_str(entity);
            }
        }
        _ => {}
    }
}

/// Returns the texts that cells name by their number; runs of one text are joined, phonetic ones (`rPh`) left out.
fn shared_texts(xml: &[u8]) -> Result<Vec<String>, ()> {
    let (mut texts, mut text, mut within, mut phonetic) = (Vec::new(), String::new(), false, false);
    each(xml, |event| match event {
        Event::Start(tag) => match tag.local_name().as_ref() {
            b"t" => within = !phonetic,
            b"rPh" => phonetic = true,
            _ => {}
        },
        Event::End(tag) => match tag.local_name().as_ref() {
            b"t" => within = false,
            b"rPh" => phonetic = false,
            b"si" => texts.push(std::mem::take(&mut text)),
            _ => {}
        },
        Event::Empty(tag) if tag.local_name().as_ref() == b"si" => texts.push(String::new()),
        event if within => add_text(&mut text, event),
        _ => {}
    })?;
    Ok(texts)
}

/// Returns the rows that hold something, each with its number.
fn rows(xml: &[u8], shared: &[String]) -> Result<Vec<(String, Vec<String>)>, ()> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let (mut column, mut kind, mut text, mut within) = (0, String::new(), String::new(), false);
    each(xml, |event| match event {
        Event::Start(tag) => match tag.local_name().as_ref() {
            b"row" => {
                let number = attribute(tag, "r").unwrap_or_else(|| (rows.len() + 1).to_string());
                rows.push((number, Vec::new()));
            }
            b"c" => {
                let next = rows.last().map_or(0, |(_, cells)| cells.len());
                column = attribute(tag, "r").and_then(|place| column_of(&place)).unwrap_or(next);
                kind = attribute(tag, "t").unwrap_or_default();
            }
            b"v" | b"t" => within = true,
            _ => {}
        },
        Event::End(tag) => match tag.local_name().as_ref() {
            b"v" | b"t" => within = false,
            b"c" => {
                let written = std::mem::take(&mut text);
                let value = match kind.as_str() {
                    "s" => written.parse().ok().and_then(|index: usize| shared.get(index).cloned()).unwrap_or_default(),
                    "e" => String::new(),
                    _ => written,
                };
                if let (Some((_, cells)), true) = (rows.last_mut(), column < MOST_COLUMNS) {
                    cells.resize(cells.len().max(column + 1), String::new());
                    cells[column] = value;
                }
            }
            _ => {}
        },
        event if within => add_text(&mut text, event),
        _ => {}
    })?;
    rows.retain(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    Ok(rows)
}

/// Returns the column of a cell such as `AB12`, from 0.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_uppercase).take(4);
    let number = letters.fold(0, |number, letter| number * 26 + usize::from(letter - b'A') + 1);
    number.checked_sub(1)
}
