"""Parley: a reference chat backend that speaks documented Socket.IO contracts."""

__version__ = "0.1.0"
