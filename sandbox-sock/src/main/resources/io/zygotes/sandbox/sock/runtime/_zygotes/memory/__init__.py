"""Arranges memory pages, so that a fork copies little and its child writes to few of them.

    holes           so that new objects lie side by side
    address_space   what this process has mapped, and the C functions to change it
    mappings        makes few mappings of many, and private ones of shared ones
    folios          moves memory into the largest folios that there are
    contexts        calls C functions in a row, with no Python in between
    rehearsal       runs what children will run
    arrangement     all of it, in the order in which a zygote does it

A child copies each page that it writes to, one fault each, and Python writes into whatever it looks at, because it
counts references. None of this changes what a sandbox does, but for mappings.make_private; tuning.py switches it off.
"""
