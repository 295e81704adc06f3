"""The inside of SOCK sandboxes: warden, zygotes, leaves, jobs.

Standard library only, Python 3.9 to 3.14. Nothing here is meant for lambdas to import.

kernel      system calls that the standard library lacks, one function each, and lists of them
seccomp     the system-call filters
wire        messages to and from the worker
setup       the steps that turn a fresh child into a sandbox
warden      pid 1 of the worker's sandboxes
zygote      imports packages and forks
fresh       what a new interpreter runs first: the last steps of its set-up, then its work
memory      where things lie in a zygote's memory
rehearsal   runs in a zygote what its children will run
leaf        imports f.py and answers calls
job         runs one program of the worker's
"""
