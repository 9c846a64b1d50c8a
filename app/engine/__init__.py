"""Socket.IO on Hypercorn. Nothing in here knows about chat.

A gateway is written against `base`: it implements `Application` and is given a `Connection` for every client.
`stock.StockEngine` is the engine behind that seam.
"""
