"""Locust users, one class a contract."""
