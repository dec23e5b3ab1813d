//! What would have happened: replay, vehicles, virtual partners and utility, scores.
