"""Simulated devices that behave, each written from its document and never from the engine's maps.

A wrong address in the engine must show against these programs instead of cancelling out, so nothing
in here imports the integration. `README.md` beside this file tells how to run and to write one.
"""
