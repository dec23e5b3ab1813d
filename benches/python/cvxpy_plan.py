"""Solves the problems that `plan -- --export FOLDER` wrote, as adaptive-charging code on cvxpy does: build, then solve.

    python cvxpy_plan.py FOLDER

Prints CPU time of all threads (the middle of the runs), what the plan is worth, and how many times ours is faster.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

MISSED = 1000.0  # what a kWh of need missed costs, as in the textbook programme of the bench
RUNS = 3


def plan(problem, solver):
    sessions, rooms = problem["sessions"], np.array(problem["rooms_kw"])
    steps = len(problem["hours"])
    hours = np.zeros((len(sessions), steps))
    below = sp.lil_matrix((len(rooms), len(sessions)))
    for row, session in enumerate(sessions):
        first = session["first"]
        hours[row, first : first + len(session["hours"])] = session["hours"]
        for node in session["nodes"]:
            below[node, row] = 1.0
    upper = np.array([session["maximum_kw"] for session in sessions])[:, None] * (hours > 0)
    needed = np.array([session["needed_kwh"] for session in sessions])

    power = cp.Variable(hours.shape, nonneg=True)
    short = cp.Variable(len(sessions), nonneg=True)
    energy = cp.sum(cp.multiply(power, hours), axis=1)
    cost = cp.sum(cp.multiply(power, hours * np.array(problem["prices"])))
    charge = problem["demand_charge"]
    if charge:
        load = cp.sum(power, axis=0) + np.array(charge["expected_kw"])
        cost += charge["price_per_kw"] * cp.pos(cp.max(load) - charge["paid_kw"])
    limits = [power <= upper, energy + short == needed, below.tocsr() @ power <= rooms]
    cp.Problem(cp.Minimize(cost + MISSED * cp.sum(short)), limits).solve(solver=solver)
    return cost.value, short.value.sum()


def fill(network, solver):
    """Delivers as much as a network of phasors carries, by cones."""
    sessions, lines, steps = network["sessions"], network["lines"], network["steps"]
    present = np.zeros((len(sessions), steps))
    at_evse = {}
    for row, session in enumerate(sessions):
        present[row, session["first"] : session["first"] + session["steps"]] = 1.0
        at_evse.setdefault(session["evse"], []).append((row, 1000.0 / session["volts"]))
    real, imaginary = (sp.lil_matrix((len(lines), len(sessions))) for _ in range(2))
    for at, line in enumerate(lines):
        for evse, factor, angle in line["terms"]:
            for row, amperes in at_evse.get(evse, []):
                real[at, row] = factor * amperes * np.cos(np.radians(angle))
                imaginary[at, row] = factor * amperes * np.sin(np.radians(angle))
    wanted = np.array([session["wanted_kwh"] for session in sessions])
    upper = np.array([session["maximum_kw"] for session in sessions])[:, None] * present
    limit = np.repeat([line["limit_a"] for line in lines], steps)

    power = cp.Variable(present.shape, nonneg=True)
    energy = cp.sum(power, axis=1) * network["step_h"]
    parts = [cp.vec(matrix.tocsr() @ power, order="C") for matrix in (real, imaginary)]
    held = [power <= upper, energy <= wanted, cp.norm(cp.vstack(parts), axis=0) <= limit]
    cp.Problem(cp.Maximize(cp.sum(energy)), held).solve(solver=solver)
    return energy.value.sum() / wanted.sum()


def measured(work, problem, solver):
    times = []
    for _ in range(RUNS):
        before = time.process_time()
        answer = work(problem, solver)
        times.append((time.process_time() - before) * 1000.0)
    return statistics.median(times), answer


def compare_networks(exported):
    name, ours = exported["name"], exported["ours"]
    cpu_ms, energy = measured(fill, exported["network"], cp.CLARABEL)
    print(f"| {name} | ours | {ours['cpu_ms']:.0f} | {ours['delivered']:.2%} of the energy | | |")
    faster = cpu_ms / ours["cpu_ms"]
    print(f"| {name} | cvxpy, cones | {cpu_ms:.0f} | {energy:.2%} of the energy | | {faster:.1f} |", flush=True)


def main(folder):
    print("| problem | means | CPU ms | cost | short kWh | ours is faster by |")
    print("|---|---|---|---|---|---|")
    for path in sorted(Path(folder).glob("*.json")):
        exported = json.loads(path.read_text())
        if "network" in exported:
            compare_networks(exported)
            continue
        ours = exported["lines"][0]
        print(f"| {exported['name']} | ours | {ours['cpu_ms']:.2f} | {ours['cost']:.2f} | {ours['short_kwh']:.2f} | |")
        for solver in (cp.CLARABEL, cp.HIGHS):
            cpu_ms, (cost, short) = measured(plan, exported["problem"], solver)
            faster = cpu_ms / ours["cpu_ms"]
            means = f"cvxpy, {solver}"
            print(f"| {exported['name']} | {means} | {cpu_ms:.0f} | {cost:.2f} | {short:.2f} | {faster:.0f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
