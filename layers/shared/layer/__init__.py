"""How the layer is made of its list of packages. Runs on the machine that builds; nothing of it is
in the layer.
"""
