"""One machine: provisioning, the embedded broker, the supervised programs and the command.

`command` parses and shows; `startup` and `shutdown` do; `status`, `doctor` and `logs` look.
The other programs are started as processes, never imported.
"""
