//! Resource names: `utilities/{utility}`, `utilities/{utility}/limits/{limit}`, `connectionPoints/{id}`, `gridAreas/{id}`.

use headroom_domain::limit::Target;
use headroom_domain::{AreaId, LimitId, NodeId};

/// Most characters of one id in a name.
const ID_LENGTH_MAX: usize = 128;

/// Makes the name of a limit, `utilities/{utility}/limits/{id}`.
pub fn limit_id(utility: &str, id: &str) -> LimitId {
    LimitId::new(format!("{}/limits/{id}", of_utility(utility)))
}

pub(crate) fn of_utility(utility: &str) -> String {
    format!("utilities/{utility}")
}

pub(crate) fn of_connection_point(node: &NodeId) -> String {
    format!("connectionPoints/{node}")
}

pub(crate) fn of_area(area: &AreaId) -> String {
    format!("gridAreas/{area}")
}

/// Tells whether a text may stand between the slashes of a name.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= ID_LENGTH_MAX
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|any| any.is_ascii_alphanumeric() || "._~-".contains(any))
}

/// Returns the utility of `utilities/{utility}`.
pub(crate) fn utility(name: &str) -> Option<&str> {
    name.strip_prefix("utilities/").filter(|id| is_id(id))
}

/// Returns the place of `connectionPoints/{id}`.
pub(crate) fn connection_point(name: &str) -> Option<NodeId> {
    name.strip_prefix("connectionPoints/").filter(|id| is_id(id)).map(NodeId::from)
}

/// Returns the area of `gridAreas/{id}`.
pub(crate) fn area(name: &str) -> Option<AreaId> {
    name.strip_prefix("gridAreas/").filter(|id| is_id(id)).map(AreaId::from)
}

/// Returns what `connectionPoints/{id}` or `gridAreas/{id}` is.
pub(crate) fn target(name: &str) -> Option<Target> {
    connection_point(name).map(Target::from).or_else(|| area(name).map(Target::from))
}

/// Returns the limit of `utilities/{utility}/limits/{limit}`, and its utility.
pub(crate) fn limit(name: &str) -> Option<(&str, LimitId)> {
    let (utility, limit) = name.strip_prefix("utilities/")?.split_once("/limits/")?;
    (is_id(utility) && is_id(limit)).then(|| (utility, LimitId::from(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_made() {
        assert_eq!(utility(&of_utility("dso-1")), Some("dso-1"));
        assert_eq!(connection_point(&of_connection_point(&"site-a".into())), Some("site-a".into()));
        assert_eq!(area(&of_area(&"feeder-7".into())), Some("feeder-7".into()));
        for place in [Target::ConnectionPoint("site-a".into()), Target::Area("feeder-7".into())] {
            assert_eq!(target(&place.to_string()), Some(place));
        }
        let name = limit_id("dso-1", "4f");
        assert_eq!(limit(name.as_str()), Some(("dso-1", name.clone())));
    }

    #[test]
    fn what_is_not_a_name_is_not_read() {
        for text in ["", "utilities/", "utilities/a/b", "utilities/a b", "utilities/-a", "Utilities/a", "utilities/ä"]
        {
            assert_eq!(utility(text), None, "{text}");
        }
        for text in ["connectionPoints/", "connectionPoints/a/b", "connectionPoints/../a", "gridAreas/", "sites/a", "a"]
        {
            assert_eq!(target(text), None, "{text}");
        }
        assert_eq!(target(&format!("connectionPoints/{}", "x".repeat(129))), None);
        for text in ["utilities/a", "utilities/a/limits/", "utilities//limits/b", "utilities/a/limits/b/limits/c"] {
            assert_eq!(limit(text), None, "{text}");
        }
    }
}
