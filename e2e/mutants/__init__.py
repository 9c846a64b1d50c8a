"""Servers that are wrong in one way each: the suites are good as far as they catch every one of them."""
