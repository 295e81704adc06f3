"""The inside of SOCK sandboxes: warden, zygotes, leaves, jobs.

Standard library only, Python 3.9 to 3.14. Nothing here is meant for lambdas to import.

    protocol    every byte that the worker and what runs here say to each other
    wire        sends and receives that
    tuning      what only makes things faster, and can be switched off

    linux       system calls that the standard library lacks; knows nothing of sandboxes
    setup       lays a child out: the steps that turn a new process into a sandbox
    work        what a sandbox does when it is one: a leaf answers calls, a job runs a program
    memory      arranges memory pages, so that a fork copies little and its child writes to few of them
    serving     does what the worker asks for: the warden, zygotes, and what they start

A package uses those above it in the second list, and all of them use the three modules of the first. No package uses
one below it.
"""
