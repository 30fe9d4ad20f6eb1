"""The edges of the server's world, in a process of their own: relay, gateway, broken network.

What the relay and the gateway take is on the disk before they say so, with the moment of the
system's steady clock, which all processes of one machine share.
"""
