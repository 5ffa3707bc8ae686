"""What the product costs and how fast it is, measured on the laptop stack (``python -m
local.bench``).
"""
