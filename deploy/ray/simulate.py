#!/usr/bin/env python3
"""Does a study on a Ray cluster, each shard of `headroom simulate --manifest` a task.

Nodes need Ray and nothing else, and share no folder: the program, the manifest and the files it names reach them
through Ray's object store, and results come back the same way, to be written here. A shard whose node dies is done
again on another; what is there already is not done again.
"""

import argparse
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import ray
from ray.exceptions import RayError


@dataclass(frozen=True)
class Study:
    """What a node needs. Files are named by their paths relative to each other."""

    program: bytes
    manifest: str
    files: dict[str, bytes]
    data: dict[str, bytes]
    results: dict[str, bytes]


@dataclass(frozen=True)
class Done:
    """What came of a shard: the results that are new, and what the program said."""

    results: dict[str, bytes]
    words: str
    failed: bool


def main() -> int:
    arguments = parse_arguments()
    try:
        return simulate(arguments)
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return fail(f"{arguments.manifest}: {error}")


def simulate(arguments: argparse.Namespace) -> int:
    study = read_study(arguments.manifest, arguments.data, arguments.headroom, arguments.out)
    # What Ray says of nodes is talk, and goes where talk goes.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            cluster = ray.init(address=arguments.address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            return fail(f"{error}: `--address` must be that of a running cluster, with this Ray and this Python")
        with cluster:
            failures = do_shards(study, arguments)
    for words, shards in failures.items():
        fail(f"shard {', '.join(shards)}: {words}")
    if failures:
        return fail("some shards failed: what is done stays done; mend the cause and run the same again")
    print(arguments.out)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Does a study on a Ray cluster, each shard of `headroom simulate --manifest` a task.",
        epilog="Exit codes: 0 done, 1 failed, 2 usage.",
    )
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="the study (see deploy/study.example.toml)")
    data = os.environ.get("HEADROOM_DATA")
    add("--data", type=Path, default=data, help="where files are that are not beside the manifest; or $HEADROOM_DATA")
    add("--shards", type=at_least(1), required=True, metavar="N", help="in how many tasks it is done")
    add("--out", type=Path, required=True, help="the folder for the results, on this machine")
    add("--address", default="auto", help="the cluster; otherwise $RAY_ADDRESS, or the one that runs here")
    add("--headroom", default="headroom", metavar="PROGRAM", help="the program that nodes get; otherwise on the PATH")
    add("--jobs", type=at_least(1), default=1, metavar="N", help="how many parts at a time, and cores, per shard; 1")
    add("--retries", type=at_least(0), default=3, metavar="N", help="how many nodes a shard may lose; 3")
    return parser.parse_args()


def at_least(least: int):
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"`{text}` must be a whole number from {least} on")
        return int(text)

    return parse


def fail(words: str) -> int:
    print(f"error: {words}", file=sys.stderr)
    return 1


def read_study(manifest: Path, data: Path | None, program: str, out: Path) -> Study:
    """Reads what nodes need. Files that the manifest names by absolute paths stay where they are: nodes have them."""
    manifest = Path(os.path.abspath(manifest))
    with manifest.open("rb") as file:
        relative = {text for text in texts(tomllib.load(file)) if not os.path.isabs(text)}
    # Any text may be no path at all, and then is no file either.
    beside = {text for text in relative if os.path.isfile(manifest.parent / text)}
    paths = {Path(os.path.normpath(manifest.parent / text)) for text in beside} | {manifest}
    elsewhere = {text: data / text for text in relative - beside if data and os.path.isfile(data / text)}
    folder = os.path.commonpath([path.parent for path in paths])
    return Study(
        program=Path(shutil.which(program) or program).read_bytes(),
        manifest=str(manifest.relative_to(folder)),
        files={str(path.relative_to(folder)): path.read_bytes() for path in paths},
        data={text: path.read_bytes() for text, path in elsewhere.items()},
        # The program asks what a part's result is made from, and whether its table is there.
        results={name: b"" if path.suffix == ".parquet" else path.read_bytes() for name, path in results(out)},
    )


def texts(value: object) -> Iterator[str]:
    """Yields all texts in a manifest: which of them are paths shows in the folder."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts(item)
        case dict():
            yield from texts(list(value.values()))


def results(out: Path) -> Iterator[tuple[str, Path]]:
    """Yields the results in a folder with their paths from there; not what an ended program left half done."""
    for path in out.glob("parts/*"):
        if path.suffix in (".json", ".parquet"):
            yield str(path.relative_to(out)), path


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Writes files, each whole or not at all; a part's table before the result that says the part is done."""
    for name, text in sorted(files.items(), key=lambda file: (file[0].endswith(".json"), file[0])):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        beside.write_bytes(text)
        beside.replace(path)


def do_shards(study: Study, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Does all shards, writes their results as they come, and returns what was said where and why one failed."""
    sent = ray.put(study)
    task = ray.remote(num_cpus=arguments.jobs, max_retries=arguments.retries)(do_shard)
    shards = [f"{index}/{arguments.shards}" for index in range(1, arguments.shards + 1)]
    running = {task.remote(sent, shard, arguments.jobs): shard for shard in shards}
    failures: dict[str, list[str]] = {}
    begun = time.monotonic()
    while running:
        [answer], _ = ray.wait(list(running), num_returns=1)
        shard = running.pop(answer)
        try:
            done = ray.get(answer)
        except RayError as error:
            done = Done(results={}, words=str(error), failed=True)
        write_files(arguments.out, done.results)
        if done.failed:
            failures.setdefault(done.words, []).append(shard)
        count = len(shards) - len(running)
        left = timedelta(seconds=round((time.monotonic() - begun) / count * len(running)))
        words = "failed" if done.failed else done.words.splitlines()[-1]
        print(f"{count} of {len(shards)} shards, {left} left; {shard}: {words}", file=sys.stderr, flush=True)
    return failures


def do_shard(study: Study, shard: str, jobs: int) -> Done:
    """Does a shard in a folder of its own, on whatever node this runs."""
    with tempfile.TemporaryDirectory(prefix="headroom-") as place:
        files, data, out, program = (Path(place, name) for name in ("files", "data", "out", "headroom"))
        write_files(files, study.files)
        write_files(data, study.data)
        write_files(out, study.results)
        program.write_bytes(study.program)
        program.chmod(0o700)
        # From the manifest's folder, so that messages name files as the manifest does.
        manifest = files / study.manifest
        asked = ["--manifest", manifest.name, "--shard", shard, "--jobs", str(jobs), "--out", str(out)]
        asked += ["--data", str(data)] if study.data else []
        ended = subprocess.run(
            [program, "simulate", *asked],
            cwd=manifest.parent,
            # What travels decides, not what a node happens to have.
            env={name: value for name, value in os.environ.items() if name != "HEADROOM_DATA"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        made = {name: path.read_bytes() for name, path in results(out)}
        new = {name: text for name, text in made.items() if text != study.results.get(name)}
        return Done(new, ended.stderr.strip() or how(ended.returncode), failed=ended.returncode != 0)


def how(status: int) -> str:
    return f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


if __name__ == "__main__":
    sys.exit(main())
