"""Shared package: what the data are and where they live.

Programs meet only through data; each may import this package, and none imports another program.
`contracts` says what travels through Kafka and what a table holds, `settings` where things are,
`tables` and `views` make both in Delta, `ledger` proves that nothing was lost or counted twice.
"""
