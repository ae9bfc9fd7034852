"""Kinds of flexible assets, one file each; a new kind is a new file.

A kind says in its own terms what it is (a window, a comfort band, a tank) and translates that into a `Storage`, which
is answered, modelled and checked in one place. Solar inverters, which hold no energy, answer by themselves.
"""
