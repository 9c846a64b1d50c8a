"""The registry of the contracts: every event, acknowledgement and error, its shape, and when it is sent.

`contracts/<name>/asyncapi.yaml` and `events.d.ts` are generated from it (`parley contracts`), and `/docs` shows it.
"""
