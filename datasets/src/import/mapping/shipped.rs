//! The mappings that come with the crate.

use std::sync::LazyLock;

use super::Mapping;

/// Names and texts, in the order in which a file's header is compared with them.
const TEXTS: [(&str, &str); 9] = [
    ("sustaingym", include_str!("../../../mappings/sustaingym.toml")),
    ("boulder", include_str!("../../../mappings/boulder.toml")),
    ("dundee-iso", include_str!("../../../mappings/dundee-iso.toml")),
    ("dundee-dmy", include_str!("../../../mappings/dundee-dmy.toml")),
    ("perth", include_str!("../../../mappings/perth.toml")),
    ("trondheim", include_str!("../../../mappings/trondheim.toml")),
    ("desl", include_str!("../../../mappings/desl.toml")),
    ("generic-csv", include_str!("../../../mappings/generic-csv.toml")),
    ("generic-parquet", include_str!("../../../mappings/generic-parquet.toml")),
];

/// Names of the shipped mappings.
pub(in crate::import) const NAMES: [&str; TEXTS.len()] = {
    let mut names = [""; TEXTS.len()];
    let mut index = 0;
    while index < TEXTS.len() {
        names[index] = TEXTS[index].0;
        index += 1;
    }
    names
};

/// A mapping, or the field that is wrong with its rule.
type Parsed = Result<Mapping, (String, String)>;

static PARSED: LazyLock<Vec<(&str, Parsed)>> =
    LazyLock::new(|| TEXTS.iter().map(|(name, text)| (*name, Mapping::parse(text))).collect());

/// Returns a shipped mapping as TOML.
pub(in crate::import) fn text(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Returns a shipped mapping. **Errors**: none is known by that name, or the field that is wrong with its rule.
pub(in crate::import) fn shipped(name: &str) -> Result<&'static Mapping, (String, String)> {
    let found = PARSED.iter().find(|(known, _)| *known == name);
    let (_, parsed) = found.ok_or_else(|| ("name".to_owned(), format!("`{name}` is no shipped mapping")))?;
    parsed.as_ref().map_err(Clone::clone)
}
