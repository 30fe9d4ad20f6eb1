"""Connections: the ways in, ``email`` and ``sms``, each with its own settings.

The file gives a connection its first values; from then on the table is the truth and an
administrator changes it while the server runs. This room promises that a ``Connection`` in hand is
within the bounds that the rules allow. It sends nothing and knows no challenge.
"""
