"""The engine of Voltrail: devices, their values and their verbs, without Home Assistant.

The same files are imported under two names: as part of the integration and as the
package ``voltrail`` of the wheel. That is why every import in here is relative.
"""
