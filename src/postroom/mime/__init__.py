"""E-mail formats: bytes to a typed message and back; pure.

`read` turns any bytes into a `Message` or raises `MalformedMessage`, nothing else.
`compose` turns an `Outgoing` into the bytes that go to the server.
"""
