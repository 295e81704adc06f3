"""What a sandbox does when it is one.

leaf      a leaf: imports f.py once, then answers calls
function  a function that is forked after its import
hooks     what it registered to be run around that
code      the code of f.py, and random numbers of its own
entries   what a call runs: a function, a handler, or a web application
incoming  a call as the worker sends it
outgoing  the answer of a web application on its way to the worker
wsgi      web applications of WSGI
asgi      web applications of ASGI
aws       handlers of AWS Lambda's kind
gateway   requests as events, and the other way round
inheritance  what a child restores of its zygote
loaded    which modules a leaf loaded by itself
children  processes of a lambda that have ended
answers   one call of f, and what is said if it fails
job       a job: runs one program of the worker's own, and ends
"""
