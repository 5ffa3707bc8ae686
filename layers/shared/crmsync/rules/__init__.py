"""What is true: field maps as data, and one pure module per rule family. No I/O, no clock, no
environment.
"""
