"""A deterministic simulation of the whole system in memory: both CRMs, people, queues, workers,
crashes and a clock, as a history of steps that a seed decides.

Everything outside the engine is simulated, and nothing of the engine is: the flows are the real
ones. `steps` says what a history is made of, `generate` makes one of a seed, `play` runs it, `oracle`
and `invariants` judge the end, `shrink` makes a failing one small, and ``python -m tests.simulation``
runs as many seeds as it is asked for.
"""
