//! What a command found: as a table for people, as CSV for spreadsheets, as JSON for programs.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use headroom_domain::{Energy, Power};
use serde_json::{Map, Number, Value};

use super::table::plain;

/// How to show what was found; a table if nothing is said.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct Format {
    /// Show JSON, for programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Show CSV, for spreadsheets.
    #[arg(long, global = true, conflicts_with = "json")]
    pub(super) csv: bool,
}

/// A few facts, and rows of `N` cells under them; without columns it is facts alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet<const N: usize> {
    rows_are: &'static str,
    columns: [&'static str; N],
    facts: Vec<(&'static str, Value)>,
    rows: Vec<[Value; N]>,
}

impl<const N: usize> Sheet<N> {
    /// Makes an empty one. `rows_are` is what JSON calls the list of rows.
    pub(super) fn new(rows_are: &'static str, columns: [&'static str; N]) -> Self {
        Self { rows_are, columns, facts: Vec::new(), rows: Vec::new() }
    }

    /// States a fact about all rows. CSV leaves it out.
    #[must_use]
    pub(super) fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// Adds rows.
    #[must_use]
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Writes it to stdout.
    pub(super) fn show(&self, format: Format) -> anyhow::Result<()> {
        super::say(self.text(format)?.trim_end())
    }

    /// Spells it.
    pub(super) fn text(&self, format: Format) -> anyhow::Result<String> {
        if format.json {
            Ok(serde_json::to_string_pretty(&self.json())?)
        } else if format.csv {
            self.csv()
        } else {
            Ok(self.table())
        }
    }

    fn table(&self) -> String {
        let width = self.facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut lines: Vec<_> =
            self.facts.iter().map(|(name, value)| format!("{name:width$}  {}", cell(value, "-"))).collect();
        if N > 0 && self.rows.is_empty() {
            lines.push(format!("no {}", self.rows_are));
        }
        if self.rows.is_empty() {
            return lines.join("\n");
        }
        let mut table = plain(&self.columns);
        for row in &self.rows {
            table.add_row(row.iter().map(|value| cell(value, "-")));
        }
        // Columns are padded to one width; the padding of the last one is of no use to anyone.
        lines.extend(table.to_string().lines().map(|line| line.trim_end().to_owned()));
        lines.join("\n")
    }

    fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        if N == 0 {
            writer.write_record(self.facts.iter().map(|(name, _)| name))?;
            writer.write_record(self.facts.iter().map(|(_, value)| cell(value, "")))?;
        } else {
            writer.write_record(self.columns)?;
        }
        for row in &self.rows {
            writer.write_record(row.iter().map(|value| cell(value, "")))?;
        }
        let bytes = writer.into_inner().context("writing CSV")?;
        Ok(String::from_utf8(bytes)?)
    }

    fn json(&self) -> Value {
        let facts = self.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let mut json: Map<_, _> = facts.collect();
        if N > 0 {
            let rows = self.rows.iter().map(|row| object(&self.columns, row)).collect();
            json.insert(self.rows_are.to_owned(), Value::Array(rows));
        }
        Value::Object(json)
    }
}

/// Writes several of one kind to stdout; `they_are` is what JSON calls their list. CSV has their rows alone.
pub(super) fn show_all<const N: usize>(
    they_are: &'static str,
    sheets: &[Sheet<N>],
    format: Format,
) -> anyhow::Result<()> {
    super::say(text_of_all(they_are, sheets, format)?.trim_end())
}

fn text_of_all<const N: usize>(they_are: &str, sheets: &[Sheet<N>], format: Format) -> anyhow::Result<String> {
    if format.json {
        let all = Value::Array(sheets.iter().map(Sheet::json).collect());
        return Ok(serde_json::to_string_pretty(&Value::Object([(they_are.to_owned(), all)].into_iter().collect()))?);
    }
    if let (true, [first, others @ ..]) = (format.csv, sheets) {
        let rows = others.iter().flat_map(|sheet| sheet.rows.iter().cloned());
        return first.clone().rows(rows).csv();
    }
    let texts: Vec<_> = sheets.iter().map(Sheet::table).collect();
    Ok(texts.join("\n\n"))
}

impl Sheet<0> {
    /// Makes one of facts alone.
    pub(super) fn of_facts() -> Self {
        Self::new("", [])
    }
}

/// What is told row by row as it happens: a line each.
pub(super) struct Lines<const N: usize> {
    columns: [&'static str; N],
    format: Format,
    begun: bool,
}

impl<const N: usize> Lines<N> {
    /// Begins.
    pub(super) fn new(columns: [&'static str; N], format: Format) -> Self {
        Self { columns, format, begun: false }
    }

    /// Writes a row to stdout. Returns whether anyone still reads.
    pub(super) fn tell(&mut self, row: &[Value; N]) -> anyhow::Result<bool> {
        super::say_while_read(&self.line(row)?)
    }

    fn line(&mut self, row: &[Value; N]) -> anyhow::Result<String> {
        let first = !std::mem::replace(&mut self.begun, true);
        if self.format.json {
            Ok(object(&self.columns, row).to_string())
        } else if self.format.csv {
            let mut writer = csv::Writer::from_writer(Vec::new());
            if first {
                writer.write_record(self.columns)?;
            }
            writer.write_record(row.iter().map(|value| cell(value, "")))?;
            Ok(String::from_utf8(writer.into_inner().context("writing CSV")?)?.trim_end().to_owned())
        } else {
            Ok(row.iter().map(|value| cell(value, "-")).collect::<Vec<_>>().join("  "))
        }
    }
}

fn object(columns: &[&str], row: &[Value]) -> Value {
    columns.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn cell(value: &Value, nothing: &str) -> String {
    match value {
        Value::Null => nothing.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Spells an instant.
pub(super) fn instant(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

/// Spells an instant that may be missing.
pub(super) fn instant_if(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, instant)
}

/// Spells a number, a whole one without decimals.
pub(super) fn number(value: f64) -> Value {
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

/// Spells a power that may be missing. **Units**: W.
pub(super) fn watts(power: Option<Power>) -> Value {
    power.map_or(Value::Null, |power| number(power.as_w()))
}

/// Spells an energy that may be missing. **Units**: Wh.
pub(super) fn watt_hours(energy: Option<Energy>) -> Value {
    energy.map_or(Value::Null, |energy| number(energy.as_wh()))
}

/// Spells a value that is one word in JSON, as that word.
pub(super) fn word(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet<3> {
        Sheet::new("steps", ["start_time", "import_limit_w", "reason"]).fact("target", "connectionPoints/a").rows([
            [instant(DateTime::UNIX_EPOCH), watts(Some(Power::from_w(90_000.0))), "a, b".into()],
            [Value::Null, watts(None), number(0.25)],
        ])
    }

    #[test]
    fn people_read_facts_and_a_table_under_them() {
        let expected = "target  connectionPoints/a\n start_time            import_limit_w  reason\n \
                        1970-01-01T00:00:00Z  90000           a, b\n -                     -               0.25";
        assert_eq!(sheet().text(Format::default()).unwrap(), expected);
    }

    #[test]
    fn spreadsheets_read_csv_that_is_quoted_where_it_must_be() {
        let csv = sheet().text(Format { csv: true, json: false }).unwrap();
        assert_eq!(csv, "start_time,import_limit_w,reason\n1970-01-01T00:00:00Z,90000,\"a, b\"\n,,0.25\n");
    }

    #[test]
    fn programs_read_json_in_which_what_is_not_stated_is_null() {
        let json: Value = serde_json::from_str(&sheet().text(Format { json: true, csv: false }).unwrap()).unwrap();
        assert_eq!(json["target"], "connectionPoints/a");
        assert_eq!(json["steps"][0]["import_limit_w"], 90_000);
        assert!(json["steps"][1]["import_limit_w"].is_null());
    }

    #[test]
    fn several_sheets_are_one_text() {
        let both = [sheet(), sheet()];
        let text = |csv, json| text_of_all("places", &both, Format { json, csv }).unwrap();
        assert_eq!(text(false, false).matches("target  connectionPoints/a").count(), 2);
        assert_eq!(text(true, false).lines().count(), 5);
        let json: Value = serde_json::from_str(&text(false, true)).unwrap();
        assert_eq!(json["places"][1]["steps"][0]["reason"], "a, b");
    }

    #[test]
    fn facts_may_stand_alone() {
        let sheet = Sheet::of_facts().fact("mode", "normal").fact("since", Value::Null);
        assert_eq!(sheet.text(Format::default()).unwrap(), "mode   normal\nsince  -");
        assert_eq!(sheet.text(Format { csv: true, json: false }).unwrap(), "mode,since\nnormal,\n");
        assert_eq!(sheet.json().to_string(), r#"{"mode":"normal","since":null}"#);
    }

    #[test]
    fn what_happens_is_told_in_lines_and_only_csv_has_a_header() {
        let row = [Value::from("A, B"), Value::Null];
        let told = |csv, json| {
            let mut lines = Lines::new(["state", "reason"], Format { json, csv });
            [lines.line(&row).unwrap(), lines.line(&row).unwrap()]
        };
        assert_eq!(told(false, false), ["A, B  -", "A, B  -"]);
        assert_eq!(told(true, false), ["state,reason\n\"A, B\",", "\"A, B\","]);
        assert_eq!(told(false, true)[1], r#"{"reason":null,"state":"A, B"}"#);
    }

    #[test]
    fn a_table_without_rows_says_so() {
        assert_eq!(Sheet::new("steps", ["a"]).text(Format::default()).unwrap(), "no steps");
    }
}
