"""The stubs, the README and the notebook say what the module does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbclient
import nbformat
import pytest

import headroom
from conftest import ROOT

PACKAGE = ROOT / "python"
NOTEBOOKS = sorted((PACKAGE / "notebooks").glob("*.ipynb"))


def test_the_stubs_agree_with_the_module():
    # Maturin lays the library beside the stubs, as a module that nobody imports by itself.
    Path("allowed").write_text("headroom.headroom\n")
    check = [sys.executable, "-m", "mypy.stubtest", "headroom", "--allowlist", "allowed"]
    checked = subprocess.run(check, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_type_checker_finds_the_package_and_its_mistakes():
    Path("right.py").write_text('import headroom\nplan: headroom.Plan = headroom.plan({}, explain=True)\nlen(plan.powers)\n')
    Path("wrong.py").write_text('import headroom\nheadroom.simulate(strategies=["edf"], limit_shares=1)\n')
    check = [sys.executable, "-m", "mypy", "--strict"]
    right = subprocess.run([*check, "right.py"], capture_output=True, text=True)
    assert right.returncode == 0, right.stdout
    wrong = subprocess.run([*check, "wrong.py"], capture_output=True, text=True)
    assert wrong.returncode == 1 and "limit_shares" in wrong.stdout, wrong.stdout


def test_the_version_is_that_of_the_workspace():
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert headroom.__version__ == workspace["workspace"]["package"]["version"]


def test_every_line_of_the_readme_runs():
    blocks = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert len(blocks) >= 4
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_runs(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "clear its outputs before it is committed"
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    plots = [output for cell in code for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(plots) >= 3


def test_there_is_a_notebook():
    assert NOTEBOOKS
