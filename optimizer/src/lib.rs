//! What to do: plans every session under the limits of the grid. Pure: no I/O, no clock, no chance.
//!
//! ```text
//! facts --assemble--> Snapshot --rolling::step--> Schedule --dispatch--> Orders
//! ```
//!
//! # The problem
//!
//! Sessions `i`, steps `t` of the grid, rows `r` (the import limit of a node, or the current of one phase of a node).
//!
//! | known | unit | |
//! |---|---|---|
//! | `hours[i,t]` | h | how much of step `t` belongs to the stay of `i`: from now or arrival to departure |
//! | `uptake[i]` | 1 | share of the allowed power that the vehicle takes; `yield_h[i,t] = uptake[i] * hours[i,t]` |
//! | `needed[i]`, `wanted[i]` | kWh | energy still to come; `wanted >= needed` |
//! | `maximum[i]`, `minimum[i]` | kW | of EVSE and vehicle; the minimum is 6 A on each phase |
//! | `weight[r,i]` | 1 | 1 in an import limit; in a phase `V[r] / (V[i] * phases[i])` if `i` is wired to it, `1/3` on DC; in a line, by its angle |
//! | `room[r,t]` | kW | limit less margin, guard of the base load and what nobody steers at its worst; never below 0 |
//! | `expected[t]` | kW | what the root will probably draw beside the sessions planned |
//! | `price[t]`, `value[i]`, `peak_price` | per kWh, per kW | of energy, of energy beyond the need, of a new peak |
//!
//! Decided is `p[i,t]`, the power that session `i` is *allowed* in step `t`. Limits are kept by what is allowed, since
//! a vehicle may take all of it; energy, cost and peaks are reckoned with what is taken, `uptake[i] * p[i,t]`.
//!
//! ```text
//! 0 <= p[i,t] <= maximum[i]                                          (power)
//! sum_i weight[r,i] * p[i,t] <= room[r,t]             for all r, t   (limit; nested: a row counts all below its node)
//! energy[i] = sum_t yield_h[i,t] * p[i,t] <= wanted[i]               (energy)
//! energy[i] + short[i] >= needed[i],  short[i] >= 0                  (need)
//! expected[t] + sum_i uptake[i] * p[i,t] <= peak      for all t      (peak), peak >= the period's highest so far
//! ```
//!
//! Rows that cannot bind are left out. A line whose current is a sum of phasors is a polygon inside its circle, whose
//! sides count positive parts only: it holds whichever vehicles take less than they may.
//!
//! Where a site has them, further columns give as well as take:
//!
//! ```text
//! stored[b,t] = stored[b,t-1] + eta * h * charge[b,t] - h / eta * discharge[b,t],  reserve <= stored <= capacity
//! power[i,t] <= maximum[i] * (1 - stored[i,t] / capacity) / (1 - taper_from)            (a known battery fills)
//! fed in at n + allowed generation below n - what is charged below n <= export limit of n
//! cost += (price - export price) * fed in - price * discharge + wear * discharge
//! ```
//!
//! Batteries count in import limits; what a vehicle gives back does not, since it may leave.
//!
//! # The goals, in order
//!
//! 1. **Limits** are hard rows. Where the base load alone breaks one, batteries and generation make the breach as small
//!    as they can; its room is 0: vehicles add nothing, and the schedule names what is left of it.
//! 2. **Need**: what a stay is too short for is set aside; of the rest the largest `priority[i] * short[i] / needed[i]`
//!    is minimised, then the next largest among those it does not bind, at last the sum.
//! 3. **Cost**: `sum price[t] * yield_h[i,t] * p[i,t] + peak_price * peak - sum value[i] * extra[i]` with
//!    `energy[i] - extra[i] >= needed[i] - short[i]`.
//! 4. **Preference**: early where it is liked (FAST most), and few changes to what is in force.
//!
//! Each stage keeps what the one before reached: the shortfalls as bounds, the cost by the columns and rows that its
//! duals hold fast. No weight trades one goal for another.
//!
//! There are two ways to plan, with the same answer. Linear programmes (`HiGHS`) plan everything. Where every watt counts
//! the same wherever it passes (whole steps, one kind of limit at a node, no shared phases, one uptake under a demand
//! charge) and all needs fit, the problem is a flow: a network simplex reaches the same goals in order, many times
//! faster, looks for the peak of a demand charge along the line of all peaks, and can start from where the
//! [plan before](rolling::Memory) ended. Steps that a vehicle is there for in part are no flow; in all but small areas
//! they are planned beside it, at a cost of up to 0.2 % on whole days, and of 1 % on stays of an hour.
//!
//! Then powers of the next hours that lie between zero and the minimum are mended in the room that the others leave, and
//! the goals are reached once more with who charges when held as it is: within 0.5 % of a programme of whole numbers.
//! Every step that gives less than it could gets a [`Reason`](headroom_domain::reason::Reason).

pub mod assemble;
mod clip;
pub mod dispatch;
mod explain;
mod fallback;
pub mod flexibility;
mod flow;
pub mod impact;
mod in_force;
mod model;
mod outcome;
mod problem;
pub mod region;
mod repair;
pub mod rolling;
mod room;
mod rows;
pub mod shadow;
pub mod snapshot;
mod solve;
mod stages;
mod standing;
mod storage;
pub mod strategies;
pub mod table;
