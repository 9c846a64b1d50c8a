"""Durable data behind one protocol, `base.Store`, with an adapter a module."""
