"""What every surface shares: reading requests, cookies, form tokens, dispatch, rendering, health.

A surface owns its paths, its wire shapes and its error dialect; nothing of that is here.
"""
