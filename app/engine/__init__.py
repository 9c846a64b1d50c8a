"""Socket.IO on Hypercorn: strict, bounded and fast. Nothing in here knows about chat.

A gateway is written against `base`: it implements `Application` and is given a `Connection` for every client.
`socket_io.SocketIO` is the engine behind that seam; `docs/engine.md` follows a frame through it.
"""
