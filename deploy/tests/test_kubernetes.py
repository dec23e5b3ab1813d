"""deploy/kubernetes: what a cluster would accept, and what it would run."""

import os
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from conftest import DEPLOY, STUDY, contents

JOB, *OTHERS = (
    thing
    for name in ["simulate-job.yaml", "data.yaml"]
    for thing in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())
)
POD = JOB["spec"]["template"]["spec"]
[CONTAINER] = POD["containers"]
# The first whose API holds all that is used.
OLDEST = "1.33"


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("thing", [JOB, *OTHERS], ids=lambda thing: thing["kind"])
def test_manifests_follow_the_schema(thing: dict, version: str):
    kubernetes_validate.validate(thing, version, strict=True)


def test_the_schema_refuses_what_it_does_not_know():
    misspelled = {**JOB, "spec": {**JOB["spec"], "backoffLimitPerindex": 3}}
    with pytest.raises(kubernetes_validate.ValidationError, match="backoffLimitPerindex"):
        kubernetes_validate.validate(misspelled, OLDEST, strict=True)


def test_every_index_is_tried_again_by_itself():
    # The API server demands these of one another; the schema does not.
    assert JOB["spec"]["completionMode"] == "Indexed" and JOB["spec"]["backoffLimitPerIndex"] > 0
    assert POD["restartPolicy"] == "Never"


def test_the_volume_is_claimed_by_its_name():
    [claim] = (thing for thing in OTHERS if thing["kind"] == "PersistentVolumeClaim")
    [pod] = (thing for thing in OTHERS if thing["kind"] == "Pod")
    for volumes in (POD["volumes"], pod["spec"]["volumes"]):
        claimed = [volume["persistentVolumeClaim"] for volume in volumes if "persistentVolumeClaim" in volume]
        assert claimed == [{"claimName": claim["metadata"]["name"]}]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_indexes_together_do_the_study(headroom: Path, whole: dict[str, bytes], tmp_path: Path):
    study, data, programs = tmp_path / "study", tmp_path / "data", tmp_path / "programs"
    for folder in (study, data, programs):
        folder.mkdir()
    # As in the image, and as a ConfigMap holds them: all in one folder.
    (programs / "headroom").symlink_to(headroom)
    (study / "study.toml").write_text(STUDY.read_text().replace("../", ""))
    shutil.copy(DEPLOY / "site.example.toml", study)
    mounted = {mount["mountPath"]: mount["name"] for mount in CONTAINER["volumeMounts"]}
    assert sorted(mounted.values()) == ["data", "study"]
    command = CONTAINER["command"]
    for path, name in mounted.items():
        command = [word.replace(path, str(tmp_path / name)) for word in command]
    given = {entry["name"]: entry["value"] for entry in CONTAINER["env"]}
    for index in range(JOB["spec"]["completions"]):
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index), **given}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert ", 0 of them found done" in done.stderr
    assert contents(data / "results") == whole
