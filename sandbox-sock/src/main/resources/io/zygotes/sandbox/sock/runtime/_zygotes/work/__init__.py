"""What a sandbox does when it is one.

leaf      a leaf: imports f.py once, then answers calls
function  a function that is forked after its import
hooks     what it registered to be run around that
code      the code of f.py, and random numbers of its own
inheritance  what a child restores of its zygote
loaded    which modules a leaf loaded by itself
children  processes of a lambda that have ended
answers   one call of f, and what is said if it fails
job       a job: runs one program of the worker's own, and ends
"""
