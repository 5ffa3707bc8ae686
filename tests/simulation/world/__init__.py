"""The deployed system in memory: both CRMs, queues, workers, schedules and stores around the real flows."""
