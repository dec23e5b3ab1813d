//! What the programmes of utilities have of their own.

/// The rules of a programme, known by how its name begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgrammeRules {
    /// Limits may state a priority.
    pub priority_allowed: bool,
    /// A limit of kind EMERGENCY may go below the guaranteed minimum import.
    pub emergency_below_minimum: bool,
    /// Every connection point in it must have a safe mode.
    pub safe_mode_mandatory: bool,
}

impl ProgrammeRules {
    /// Returns the rules of a programme by its name, whatever its case.
    ///
    /// - `14a…` (§14a `EnWG`): dimmed, never off, in an emergency too (BK6-22-300);
    /// - `gac…` (GAC 2.x): no priorities, and a safe mode is mandatory;
    /// - all others: priorities are allowed, and an emergency may go below the guaranteed minimum.
    pub fn of(name: &str) -> Self {
        let begins = |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        let gac = begins("gac");
        Self { priority_allowed: !gac, emergency_below_minimum: !begins("14a"), safe_mode_mandatory: gac }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_14a_is_never_switched_off_in_an_emergency_either() {
        assert!(!ProgrammeRules::of("14a").emergency_below_minimum);
        assert!(!ProgrammeRules::of("14A-netzdienlich").emergency_below_minimum);
        assert!(ProgrammeRules::of("doe").emergency_below_minimum);
        assert!(ProgrammeRules::of("gac-2.1").emergency_below_minimum);
    }

    #[test]
    fn gac_has_no_priorities_and_needs_a_safe_mode() {
        for (name, gac) in [("gac-2.1", true), ("GAC", true), ("14a", false), ("ga", false), ("dö", false), ("", false)]
        {
            let rules = ProgrammeRules::of(name);
            assert_eq!((rules.priority_allowed, rules.safe_mode_mandatory), (!gac, gac), "{name}");
        }
    }
}
