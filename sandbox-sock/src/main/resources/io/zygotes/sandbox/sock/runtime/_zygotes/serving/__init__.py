"""Does what the worker asks for.

zygote      a zygote: imports packages, then forks
requests    what a zygote is asked for
forking     forks a sandbox, with or without threads
imports     imports packages and measures what they cost
examination looks at what imports left: what children restore, and what makes a package unfit
snapshot    a zygote of one function: has its code run, and looks at what that left
warden      pid 1 of the worker's sandboxes: makes fresh ones, and tells who ended
trial       a zygote for one leaf, to find out whether this machine lets sandboxes be made
boot        how the warden comes to be, and the base root
id_maps     user ids of sandboxes
fresh       what a new interpreter runs first: the last steps of its set-up, then its work
"""
