"""Servers as somebody writes them who has never seen this repository: what is said of them must be true."""
