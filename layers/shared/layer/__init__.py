"""Builds the shared layer from its list of packages. It runs on the build machine and is not part
of the layer.
"""
