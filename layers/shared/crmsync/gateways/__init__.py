"""The only I/O of the package: one module per outside. Gateways decide nothing."""
