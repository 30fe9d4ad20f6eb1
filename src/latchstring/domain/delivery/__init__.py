"""Delivery: what is sent, its row in the outbox, and the people who carry it.

A ``Message`` is written in the transaction of the challenge it tells of and holds no code and no
link: both are derived again when it is rendered, so a dump of the outbox lets nobody in and a
retry is the same message, byte for byte. ``render`` makes a ``Mail`` or an ``Sms`` of it, a
``Sender`` hands that over, ``schedule`` says when to try again. Nothing is ever sent once the
challenge has expired.
"""
