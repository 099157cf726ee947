"""Listeners for meters that speak by themselves: streams and topics."""
