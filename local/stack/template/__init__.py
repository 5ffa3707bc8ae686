"""template.yaml as the laptop stack reads it: resources, intrinsic functions and schedules.

Law: reads only; what the template describes is made elsewhere.
"""
