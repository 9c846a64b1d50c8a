"""Load on a deployment of anybody's, and what became of every message: `parley load`, or plain Locust."""
