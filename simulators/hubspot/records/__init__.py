"""The records of one portal: how they are stored, written, merged and searched.

Law: the rules of HubSpot's data; no HTTP.
"""
