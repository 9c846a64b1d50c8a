"""What the suites stand on: deployments, clients that record everything, expectations, people.

It knows a server by its address and its command line only, and imports nothing of the server.
"""
