//! The text of `OpenDSS`: commands, one per line, with properties; names without regard to case.

use std::path::{Path, PathBuf};

use crate::file::File;
use crate::findings::Findings;
use crate::sites::SiteFileError;

/// Files that redirect to each other go no deeper.
const DEPTH: usize = 8;

/// Elements in the order in which they are made.
#[derive(Default)]
pub(super) struct Script {
    pub(super) elements: Vec<Element>,
    pub(super) noticed: Findings,
}

/// An element: `New Line.a bus1=x` has the class `line`, the name `a` and the property `bus1`.
pub(super) struct Element {
    pub(super) class: String,
    pub(super) name: String,
    /// The folder of the file it stands in, for the files it names.
    pub(super) folder: PathBuf,
    /// Name in lower case and value, in order; a later one counts.
    properties: Vec<(String, String)>,
}

impl Element {
    pub(super) fn text(&self, property: &str) -> Option<&str> {
        let found = self.properties.iter().rev().find(|(name, _)| name == property);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn key(&self) -> String {
        self.name.to_lowercase()
    }

    /// Returns a property that is a number. **Errors**: what stands there is none.
    pub(super) fn number(&self, path: &Path, property: &str) -> Result<Option<f64>, SiteFileError> {
        let Some(text) = self.text(property) else { return Ok(None) };
        let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        value.map(Some).ok_or_else(|| {
            let field = format!("{}.{}.{property}", self.class, self.name);
            SiteFileError::broken(path, field, format!("must be a number, not `{text}`"), "correct the file")
        })
    }

    /// Returns the parts of a property that is a list.
    pub(super) fn list(&self, property: &str) -> Vec<&str> {
        let text = self.text(property).unwrap_or_default();
        text.split([',', ' ', '\t', '|']).filter(|part| !part.is_empty()).collect()
    }
}

pub(super) fn read(master: &Path) -> Result<Script, SiteFileError> {
    let mut script = Script::default();
    let text = open(master).map_err(|source| SiteFileError::Unreadable { path: master.to_owned(), source })?;
    script.run(master, &text, 0);
    Ok(script)
}

/// Reads a file, or the gzip of it beside its place.
pub(super) fn open(path: &Path) -> Result<String, std::io::Error> {
    let packed = PathBuf::from(format!("{}.gz", path.display()));
    let file = File::read(path).or_else(|error| File::read(&packed).map_err(|_| error))?;
    Ok(file.text().into_owned())
}

impl Script {
    fn run(&mut self, path: &Path, text: &str, depth: usize) {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for (at, line) in commands(text) {
            let at = format!("{} line {at}", path.file_name().unwrap_or_default().to_string_lossy());
            let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            match command.to_lowercase().as_str() {
                "new" => self.add(&folder, &at, rest),
                "redirect" | "compile" => self.redirect(&folder, &at, rest.trim(), depth),
                "batchedit" => self.edit_all(&at, rest),
                other => self.noticed.note(format!("command `{other}` was left out"), &*at, rest),
            }
        }
    }

    fn redirect(&mut self, folder: &Path, at: &str, target: &str, depth: usize) {
        let path = folder.join(target);
        match open(&path) {
            Ok(text) if depth < DEPTH => self.run(&path, &text, depth + 1),
            Ok(_) => self.noticed.note("files redirect to each other too deeply; the rest was left out", at, target),
            Err(error) => self.noticed.note(
                "the file to redirect to cannot be read; it was left out",
                at,
                format!("{target}: {error}"),
            ),
        }
    }

    fn add(&mut self, folder: &Path, at: &str, rest: &str) {
        let rest = rest.trim_start();
        let (object, properties) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match object.split_once('.') {
            Some((class, name)) => self.elements.push(Element {
                class: class.to_lowercase(),
                name: name.to_owned(),
                folder: folder.to_owned(),
                properties: properties_of(properties),
            }),
            None => self.noticed.note("`New` names no class and name; it was left out", at, object),
        }
    }

    /// Runs `BatchEdit class..* property=value`; other patterns are left out.
    fn edit_all(&mut self, at: &str, rest: &str) {
        let (object, properties) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (class, pattern) = object.split_once('.').unwrap_or((object, ""));
        if pattern != ".*" {
            self.noticed.note("`BatchEdit` with a pattern other than `.*` was left out", at, rest);
            return;
        }
        let properties = properties_of(properties);
        for element in self.elements.iter_mut().filter(|element| element.class == class.to_lowercase()) {
            element.properties.extend(properties.iter().cloned());
        }
    }
}

/// Returns the commands with their line, comments cut off and continuations (`~`, `more`) joined.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut commands: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let end = line.find('!').into_iter().chain(line.find("//")).min().unwrap_or(line.len());
        let line = line[..end].trim();
        let more = line.strip_prefix('~').or_else(|| line.strip_prefix("more ")).or_else(|| line.strip_prefix("More "));
        match (more, commands.last_mut()) {
            (Some(more), Some((_, command))) => {
                command.push(' ');
                command.push_str(more);
            }
            _ if line.is_empty() => {}
            _ => commands.push((index + 1, line.to_owned())),
        }
    }
    commands
}

/// Splits `a=1 b=[2 3] c = (file=x)`; values lose their brackets.
fn properties_of(text: &str) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once('=') {
        // A value without a name stands before the name: positional values are not used by simple feeders.
        let name = before.split_whitespace().last().unwrap_or_default().to_lowercase();
        let after = after.trim_start();
        let close = match after.chars().next() {
            Some('[') => Some(']'),
            Some('(') => Some(')'),
            Some('{') => Some('}'),
            Some('"') => Some('"'),
            _ => None,
        };
        let (value, left) = match close {
            Some(close) => after[1..].split_once(close).unwrap_or((&after[1..], "")),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        properties.push((name, value.trim().to_owned()));
        rest = left;
    }
    properties
}
