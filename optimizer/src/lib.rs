//! What to do: plans every session under the limits of the grid. Pure.
