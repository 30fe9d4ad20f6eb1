"""Keys: what ID tokens are signed with, and whether the key file is the one we were made with.

Private signing keys lie sealed in the database; the keys that open them are in the key file and
nowhere else. A wrong key file is told at the start, before anything is derived from it. A signing
key is published first, signs later, and stays published while what it signed is alive.
"""
