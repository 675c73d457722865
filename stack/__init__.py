"""One machine: provisioning, the embedded broker, the supervised programs and the command.

`cli` is the command line; `operations` start, stop, check and repair; `programs` are supervised.
The other programs are started as processes, never imported.
"""
