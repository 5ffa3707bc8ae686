"""Plans explained and summed up for people, before anything is written."""
