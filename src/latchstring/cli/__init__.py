"""The command line: the same flows as the web's, for whoever has a shell on the machine.

Every command takes ``--config`` and ``--json``; it ends with 0 when done, 1 when refused and 2 when
the call or the configuration is wrong. Secrets come from standard input or are printed once; they
are never arguments, which every process of the machine can read.
"""
