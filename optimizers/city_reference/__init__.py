"""The schedule of a feeder or a district as one mixed-integer model in Pyomo: readable, for small cases, the truth.

It states every kind of asset by hand, in its own terms, and shares no formula with the blocks of arrays that the
coordinator of the city plans with; tests hold the coordinator to it.
"""
