"""Lays a child out: the steps that turn a new process into a sandbox.

A child is made by clone3(2) straight into its namespaces and its cgroup, by a zygote or by the warden. It has all
capabilities in its own user namespace then, and none outside. The order of the steps, by the names that a failure
tells:

    hello           the worker learns the process id from the kernel and checks it, beside the next steps
    descriptors     its own channel and output, and no others
    identity        uid and gid maps; a mount can belong to the sandbox's own uid only after them
    mounts          of its own: scratch folder, /proc, and terminals
    group           a process group of its own: signals and priorities can be given to a whole group (kill(2),
                    setpriority(2))
    name            of the host, as it sees it
    network         if it has one of its own
    bounding set    emptied: no program that it starts gets a capability
    orders          what the worker wants it to be: code and packages to mount, then go. A spare leaf waits here. Where
                    the worker knew all that ahead, it came with the request, and only the go is waited for
    cgroup space    after go, when the worker has put the process under its limits, so that it sees its own as the root
    limits          that the process sets itself
    work folder     of a leaf: where its code is
    capabilities    all gone
    scope           no signal and no abstract socket reaches out of it, where the kernel has Landlock for that
    filter          last, because it forbids most of the above

What comes before orders is laid out as system calls before the fork (first.py), and so is what comes after them
(last.py).

    child            one child's way to its work
    first            the calls before the orders
    orders           what the worker says in between
    last             the calls after the orders
    seccomp          the programs of the system-call filters
    seccomp_lists    which system calls they let through
    interpreter      what a sandbox's work finds in Python: environment and packages
"""
