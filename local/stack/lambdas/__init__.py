"""Lambda on the laptop: what starts a function, with which event, and what becomes of the call.

Law: calls and their endings only; `local.worker_pool` holds the processes.
"""
