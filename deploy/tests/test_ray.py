"""deploy/ray/simulate.py on a cluster of three nodes: a head that does no shards, and two with one core each."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import DEPLOY, STUDY, contents

# No wait ends by it but one for what never comes.
PATIENCE_S = 300


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder, pytest.MonkeyPatch.context() as environment:
        # A folder of its own, with a short path for sockets, and for what the killed leave behind.
        environment.setenv("RAY_TMPDIR", folder)
        environment.setenv("TMPDIR", folder)
        # On any system, this is what keeps nodes and drivers to loopback.
        environment.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Ray reads its environment when it is imported.
        from ray.cluster_utils import Cluster

        # Each holds the program, which is large when built for debugging.
        node = {"object_store_memory": 2**29, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node | {"num_cpus": 0})
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, **node)
            yield cluster
        finally:
            cluster.shutdown()


def launch(
    address: str, headroom: Path, out: Path, shards: int, manifest: Path = STUDY, data: Path | None = None
) -> subprocess.Popen[str]:
    where = ["--address", address, "--headroom", headroom, "--out", out]
    where += ["--data", data] if data else []
    command = [sys.executable, DEPLOY / "ray" / "simulate.py", "--manifest", manifest, "--shards", str(shards), *where]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(launched: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        said, told = launched.communicate(timeout=PATIENCE_S)
    finally:
        launched.kill()
    return launched.returncode, said, told


def wait_for(event: int) -> None:
    readable, _, _ = select.select([event], [], [], PATIENCE_S)
    assert readable, f"not within {PATIENCE_S} s"


def test_what_is_done_is_not_done_again(cluster, headroom: Path, whole: dict[str, bytes], tmp_path: Path):
    status, said, told = ended(launch(cluster.address, headroom, tmp_path, shards=3))
    assert (status, said) == (0, f"{tmp_path}\n"), told
    assert contents(tmp_path) == whole
    missing, cut, *others = sorted((tmp_path / "parts").glob("*.json"))
    missing.unlink()
    cut.write_text("{ cut")
    untouched = {path: path.stat().st_mtime_ns for path in others}
    # Another number of shards finds the same parts.
    status, _, told = ended(launch(cluster.address, headroom, tmp_path, shards=2))
    assert status == 0, told
    found = [int(line.split(", ")[-1].split()[0]) for line in told.splitlines()]
    assert sum(found) == len(others), told
    assert {path: path.stat().st_mtime_ns for path in others} == untouched
    assert contents(tmp_path) == whole


def test_a_shard_that_fails_says_which_and_why_and_costs_no_other(cluster, headroom: Path, tmp_path: Path):
    scenario = """
        [[scenario]]
        name = "{}"
        site = "{}"
        from = "2025-03-03"
        to = "2025-03-03"
    """
    manifest = tmp_path / "study.toml"
    good = scenario.format("good", DEPLOY / "site.example.toml")
    broken = scenario.format("broken", "nowhere.toml")
    manifest.write_text("name = 'half'\nstrategies = ['uncontrolled']" + good + broken)
    status, said, told = ended(launch(cluster.address, headroom, tmp_path / "out", shards=2, manifest=manifest))
    assert (status, said) == (1, "")
    assert "error: shard 2/2: error: nowhere.toml: No such file" in told
    assert list(contents(tmp_path / "out")) == ["parts/good.0.2025-03-03.uncontrolled.1.json"]


def test_files_that_are_not_beside_the_manifest_travel_from_the_data_folder(cluster, headroom: Path, tmp_path: Path):
    data, manifest = tmp_path / "data", tmp_path / "study.toml"
    (data / "sites").mkdir(parents=True)
    (data / "sites" / "depot.toml").write_bytes((DEPLOY / "site.example.toml").read_bytes())
    manifest.write_text("""
        name = "data"
        strategies = ["uncontrolled"]
        [[scenario]]
        name = "depot"
        site = "sites/depot.toml"
        from = "2025-03-03"
        to = "2025-03-03"
    """)
    status, _, told = ended(launch(cluster.address, headroom, tmp_path / "out", shards=1, manifest=manifest, data=data))
    assert status == 0, told
    subprocess.run([headroom, "simulate", "--manifest", manifest, "--data", data, "--out", tmp_path / "here"], check=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


def kill_task(_, task: int, __: int) -> None:
    os.kill(task, signal.SIGKILL)


def kill_node(cluster, _: int, raylet: int) -> None:
    [node] = [node for node in cluster.worker_nodes if node.all_processes["raylet"][0].process.pid == raylet]
    cluster.remove_node(node, allow_graceful=False)


# The cluster has one node less after the second.
@pytest.mark.parametrize("kill", [kill_task, kill_node])
def test_what_is_killed_is_done_again_to_the_byte(
    kill, cluster, headroom: Path, whole: dict[str, bytes], tmp_path: Path
):
    first_try, news, out = tmp_path / "first-try", tmp_path / "news", tmp_path / "out"
    os.mkfifo(news)
    # Holds the first try at a shard when its work is done and not handed over.
    held = tmp_path / "held"
    held.write_text(f"""#!/bin/sh
case "$*" in
*"--shard 2/4 "*)
    if mkdir {first_try} 2>/dev/null; then
        {headroom} "$@" && echo $$ $PPID $RAY_RAYLET_PID >{news} && exec sleep {PATIENCE_S}
    fi ;;
esac
exec {headroom} "$@"
""")
    listening = os.open(news, os.O_RDONLY | os.O_NONBLOCK)
    launched = launch(cluster.address, held, out, shards=4)
    wait_for(listening)
    program, task, raylet = map(int, os.read(listening, 100).split())
    ending = os.pidfd_open(program)
    kill(cluster, task, raylet)
    # The program does not outlive its task.
    wait_for(ending)
    status, said, told = ended(launched)
    assert (status, said) == (0, f"{out}\n"), told
    assert contents(out) == whole


@pytest.mark.parametrize("arguments, words", [
    (["--shards", "0"], "argument --shards: `0` must be a whole number from 1 on"),
    (["--shards", "2", "--manifest", "nowhere.toml"], "nowhere.toml: No such file or directory"),
    (["--shards", "2", "--manifest", __file__], "test_ray.py: "),
    (["--shards", "2", "--headroom", "nowhere"], "nowhere: No such file or directory"),
    (["--shards", "2", "--address", "nowhere"], "`--address` must be that of a running cluster"),
])  # fmt: skip
def test_mistakes_are_told_with_their_remedy(arguments: list[str], words: str, headroom: Path, tmp_path: Path):
    program = [sys.executable, DEPLOY / "ray" / "simulate.py"]
    good = ["--manifest", STUDY, "--headroom", headroom, "--out", tmp_path]
    done = subprocess.run([*program, *good, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode in (1, 2) and words in done.stderr, done.stderr
    assert not any(tmp_path.iterdir())
