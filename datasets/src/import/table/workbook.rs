use super::Table;
use crate::import::ImportError;
use crate::import::source::Source;
pub(super) fn read(source: &Source, _sheet: &str) -> Result<Table, ImportError> {
    Err(source.broken("the workbook", "not yet", ""))
}
