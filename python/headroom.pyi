"""Plans, simulations and recordings: the controller that runs in production, for analysts."""

from collections.abc import Callable, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, final, overload, type_check_only

from typing_extensions import CapsuleType, Unpack, disjoint_base

__all__ = [
    "HeadroomError",
    "Inspection",
    "Plan",
    "Sessions",
    "Study",
    "Table",
    "__version__",
    "inspect",
    "plan",
    "read_sessions",
    "simulate",
]

__version__: str

_Path: TypeAlias = str | PathLike[str]
_Strategy: TypeAlias = (
    Literal["uncontrolled", "equal-share", "round-robin", "edf", "llf", "valley-filling", "optimized", "offline"] | str
)

class HeadroomError(ValueError):
    """What was given cannot be done: the message names the field, the rule and the remedy."""

@disjoint_base
class Table:
    """An Arrow table: `polars.DataFrame(table)` and `pyarrow.table(table)` take its buffers without copying them, and
    `pandas.DataFrame.from_arrow(table)` makes numpy arrays of them. What its columns mean, with their units, is in the
    schema's metadata."""

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> CapsuleType:
        """The rows as a stream, for Arrow libraries. Another schema cannot be asked for."""
    def __arrow_c_schema__(self) -> CapsuleType:
        """Names, types and meanings of the columns, for Arrow libraries."""

@final
class Plan:
    """A plan: who gets what, when, and why. `str(plan)` is the table that `headroom plan` shows."""

    @property
    def schedule(self) -> dict[str, Any]:
        """Steps, sessions with their powers, shortfalls and reasons, cost and status."""
    @property
    def powers(self) -> Table:
        """A row per session and step: session, node, start, end, power_w, reason."""
    @property
    def explanation(self) -> dict[str, Any] | None:
        """What limits cost, by step, and by session; None where `explain` was not asked for."""
    @property
    def json(self) -> str:
        """The plan as JSON: what `headroom plan --output json` prints."""

def plan(problem: dict[str, Any] | _Path | bytes, *, explain: bool = False) -> Plan:
    """Plans a problem with the optimizer of the service.

    A problem is a dict of the shape that `headroom plan` reads, the path of such a file, or its JSON as bytes. With
    `explain`, what each limit costs is reckoned as well.
    """

@final
class Sessions(Table):
    """Recorded sessions as an Arrow table, by arrival, with the report of what became of every row."""

    @property
    def path(self) -> Path:
        """The file that they were read from."""
    @property
    def format(self) -> str:
        """How the file was read: the name of a format, or the path of a mapping."""
    @property
    def report(self) -> dict[str, Any]:
        """What became of every row: counts, reasons and examples, and what a person should decide."""
    @property
    def report_text(self) -> str:
        """The report as text."""

def read_sessions(path: _Path, format: _Path | None = None, *, salt: bytes | None = None) -> Sessions:
    """Reads the sessions of a file, and says what became of every row.

    A format is a name such as `sustaingym`, `boulder` or `acn-json`, or the path of a mapping (.toml); without one it is
    recognised where that is possible. Files read with the same salt name drivers alike; otherwise each file names its own.
    """

@final
class Inspection:
    """What a file looks like."""

    @property
    def format(self) -> str | None:
        """The format that reads it; None where no shipped one does."""
    @property
    def mapping(self) -> str:
        """A mapping to edit, as TOML; empty for formats that need none."""
    @property
    def notes(self) -> list[str]:
        """What was found and what is to be checked."""

def inspect(path: _Path) -> Inspection:
    """Looks at a file and guesses how its sessions are spelled."""

@type_check_only
class _Scenario(TypedDict, total=False):
    name: str
    site: _Path
    sessions: Sessions | _Path
    format: _Path
    from_: date | str
    to: date | str
    sites: int
    days_per_part: int
    limit_share: float
    demand_charge_per_kw: float
    show: date | str

@final
class Study:
    """A study's results: all that lie in its folder."""

    def __new__(cls, folder: _Path) -> Study:
        """Opens the folder of a study that was done before, for example by `headroom simulate --manifest`."""
    @property
    def folder(self) -> Path:
        """The folder of the results."""
    @property
    def scores(self) -> Table:
        """A row per part: what it is, what it came to, what it is made from."""
    @property
    def report(self) -> dict[str, Any]:
        """Strategies side by side over all parts, with confidence over seeds and remarks: what `headroom report` shows."""
    @property
    def days(self) -> Table:
        """The day that is shown of each scenario, in steps of five minutes: scenario, strategy, seed, start, vehicles_kw,
        base_kw, limit_kw."""
    def power(self, *, scenario: str | None = None, strategy: _Strategy | None = None, seed: int | None = None) -> Table:
        """Power per session and interval, of all parts or of those asked for. Where that is too much for the memory, the
        same lies in the folder as a Parquet file per part."""

@overload
def simulate(
    manifest: dict[str, Any] | _Path,
    /,
    *,
    strategies: None = None,
    seeds: None = None,
    out: _Path | None = None,
    jobs: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Study:
    """Simulates a study: a manifest as a dict, or the path of one (TOML; see deploy/study.example.toml).

    Results go to the folder `out`, where what is done already is not done again; without one they are kept as long as the
    study is. `progress(done, parts)` is told of each part. Ctrl-C stops between parts.
    """

@overload
def simulate(
    manifest: None = None,
    /,
    *,
    strategies: Sequence[_Strategy],
    seeds: Sequence[int] | None = None,
    out: _Path | None = None,
    jobs: int = 0,
    progress: Callable[[int, int], object] | None = None,
    **scenario: Unpack[_Scenario],
) -> Study:
    """Simulates one scenario, with the fields that it has in a manifest; `from` is spelled `from_`."""
