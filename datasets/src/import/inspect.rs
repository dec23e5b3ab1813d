//! A first mapping for a file that nobody has described yet.

mod guess;

use std::path::Path;

use super::mapping::{FileRules, Kind, Mapping, NAMES, shipped, shipped_text};
use super::source::Source;
use super::table::Table;
use super::{Format, ImportError, mapped};

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The format that reads it, where it is one that comes with the crate.
    pub format: Option<Format>,
    /// A mapping to start from, as TOML; empty for formats that are not read by a mapping.
    pub mapping_toml: String,
    /// What was found and what is to be checked.
    pub notes: Vec<String>,
}

/// Looks at a file and guesses how its sessions are spelled.
///
/// **Errors**: the file cannot be read, or it is no table and no JSON of sessions.
pub fn inspect(path: &Path) -> Result<Inspection, ImportError> {
    let source = Source::open(path, None)?;
    let first = source.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) {
        return Ok(json(&source));
    }
    let rules = match source.bytes.as_slice() {
        [b'P', b'A', b'R', b'1', ..] => FileRules { kind: Kind::Parquet, ..FileRules::default() },
        [b'P', b'K', 3, 4, ..] => FileRules { kind: Kind::Xlsx, ..FileRules::default() },
        bytes => FileRules { delimiter: guess::delimiter(bytes), ..FileRules::default() },
    };
    let table = Table::read(&source, &rules)?;
    for name in NAMES {
        let Ok(mapping) = shipped(name) else { continue };
        if mapping.file.kind == rules.kind
            && (rules.kind != Kind::Csv || mapping.file.delimiter == rules.delimiter)
            && mapped::fits(mapping, &table)
        {
            let notes = vec![format!("the header and the times are those of `{name}`")];
            return Ok(Inspection {
                format: name.parse().ok(),
                mapping_toml: shipped_text(name).unwrap_or_default().to_owned(),
                notes,
            });
        }
    }
    let (mapping, mut notes) = guess::mapping(rules, &table);
    notes.extend(tried(&source, &mapping));
    let mapping_toml = format!("# {}\n\n{}", notes.join("\n# "), mapping.to_toml());
    Ok(Inspection { format: None, mapping_toml, notes })
}

/// Reads the file by what was guessed, and tells what came of it.
fn tried(source: &Source, mapping: &Mapping) -> Vec<String> {
    match mapped::read(source, mapping, &Format::Mapping("guessed.toml".into())) {
        Ok(import) => {
            let report = import.report;
            let mut notes = vec![format!("so read, {} of {} rows are sessions", report.accepted, report.rows)];
            notes.extend(report.questions);
            notes
                .extend(report.rejected.iter().take(3).map(|finding| format!("rejected {}: {finding}", finding.count)));
            notes
        }
        Err(error) => vec![format!("so read, no row is a session: {error}")],
    }
}

fn json(source: &Source) -> Inspection {
    // By the names of fields that the others have not.
    let has = |field: &str| source.bytes.windows(field.len()).any(|window| window == field.as_bytes());
    let format = if has("\"connectionTime\"") {
        Some(Format::AcnJson)
    } else if has("\"cdr_location\"") {
        Some(Format::OcpiCdrs)
    } else if has("\"start_date_time\"") && has("\"kwh\"") {
        Some(Format::OcpiSessions)
    } else {
        None
    };
    let note = match &format {
        Some(format) => format!("the fields are those of `{format}`, which needs no mapping"),
        None => "JSON whose fields are not those of `acn-json`, `ocpi-cdrs` or `ocpi-sessions`: write it as a table"
            .to_owned(),
    };
    Inspection { format, mapping_toml: String::new(), notes: vec![note] }
}
