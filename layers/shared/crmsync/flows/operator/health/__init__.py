"""The state of a deployment, as `crmsync status` and the console show it."""
