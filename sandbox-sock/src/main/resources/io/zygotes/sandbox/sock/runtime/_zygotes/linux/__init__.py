"""Linux system calls that Python's standard library does not offer (to all of 3.9 ... 3.14), a module for each concern.

    numbers      of system calls, for each architecture
    calls        makes a call, or a list of calls; the other modules describe them
    clone        forks
    endings      signals that end the first process of a pid namespace
    files        descriptors and what is read from and written to them
    libraries    what the files of loaded libraries say
    mounts       mounts
    namespaces   of users, hosts and networks; and process groups
    privileges   capabilities, filters, scopes, resource limits

Most functions here make no system call, they describe one: calls.do makes it at once, and calls.Calls makes many of
them one after the other, in another process if need be.
"""
