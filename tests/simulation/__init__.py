"""A deterministic simulation of the whole system in memory: both CRMs, people, queues, workers,
crashes and a clock, as a history of steps that a seed decides.

Everything outside the engine is simulated, and nothing of the engine is: the flows are the real
ones. `world` is what is deployed, `people` and `operator` act in it, `histories` has what is played,
`play` plays it, `judges` judge the end, and ``python -m tests.simulation`` runs as many seeds as it is
asked for.
"""
