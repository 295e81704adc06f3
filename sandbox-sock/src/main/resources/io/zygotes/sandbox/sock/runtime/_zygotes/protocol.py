"""Every byte that the worker (Java) and what runs in sandboxes (Python) say to each other.

This module is the specification. It holds numbers, strings and lists only, so that a test of the worker can read it and
compare each constant with its own. How messages are sent and received stands in wire.py.

Who talks to whom:

    the worker and the warden      a SOCK_SEQPACKET socket, one message a packet, JSON objects: "Warden" below
    the worker and a zygote        a SOCK_SEQPACKET socket: requests to fork, which are four lines, and frames
    the worker and a leaf or job   a SOCK_STREAM socket: frames

Each process has its end as descriptor CHANNEL. The end of that stream is the order to end: nobody sends another one.
The worker asks the kernel who sent what it reads (SO_PASSCRED), so nobody can speak for another process. JSON is
UTF-8. A path is one that the sandbox sees, unless it is said to be the host's.


Making a sandbox, one after the other
-------------------------------------

1. The worker asks a zygote to fork (Request), or the warden for a fresh sandbox (OP_SPAWN).
2. The new process says FRAME_HELLO. The worker learns its process id from the kernel with it, and checks that.
3. A zygote that was forked waits for IDS_ARE_MAPPED, one bare byte, which the worker sends when the warden has written
   the maps of its user namespace (OP_MAP).
4. The worker sends FRAME_MOUNT, if there are more mounts than one message can carry, and then FRAME_GO.
5. A leaf says FRAME_READY when f.py is imported, at the latest together with its first FRAME_REPLY. A zygote says it
   when its packages are imported. A job says nothing: it runs, and ends.

At any of these steps a process may say FRAME_FAILED instead, after which it ends. If the zygote cannot fork, it says so
on the channel of the child that there will not be.


Request: the worker to a zygote
-------------------------------

Four lines with LINE_END between them. JSON as the worker writes it has no line break in it.

    common    a JSON object: what the sandbox has in common with many others. The worker writes the same bytes for all
              of them, and a zygote lays each distinct line out once
                  KEY_KIND              KIND_LEAF or KIND_ZYGOTE
                  KEY_PRIVATE_NETWORK   whether it gets a network namespace, with nothing but a loopback device in it
                  KEY_SECCOMP           whether it gets system-call filters
                  KEY_SCOPE             whether it gets a Landlock scope of its own: the kernel stacks 16 of them
                  KEY_SPARE             true for a leaf that waits for a lambda, and has time until then; else left out
                  KEY_DESCRIPTORS       a list of names: what comes with the message, in this order
                  KEY_MOUNTS            a list of paths, for a leaf that is told everything ahead: what to mount there
                                        comes as a descriptor DESCRIPTOR_MOUNT each. It goes when it gets an empty
                                        FRAME_GO, and waits for no mounts. Else left out
                  KEY_LIMITS            a list: open files, bytes of a file (as in FRAME_GO), if they are known ahead
    name      its host name, at most MOST_NAME_BYTES
    ids       its line for uid_map and gid_map: "inside outside 1". Empty for a zygote, which cannot write its own
    rest      a JSON object: what FRAME_GO would say, if it is known ahead and is not empty; else nothing. The worker
              puts an environment there of at most LARGEST_ENVIRONMENT bytes, because a message that is cut off would
              be the end of the zygote

A request takes at most LARGEST_REQUEST bytes.


Descriptors
-----------

What comes with a request, or with OP_SPAWN, has names (KEY_DESCRIPTORS), each of them once, but for DESCRIPTOR_MOUNT:

    DESCRIPTOR_CHANNEL   its end of its own channel
    DESCRIPTOR_OUTPUT    the end of a pipe to write to: its standard output and error
    DESCRIPTOR_CGROUP    the folder of its version 2 cgroup; a fork of a zygote into another zygote does not use it,
                         because the worker moves that one into its cgroup
    DESCRIPTOR_SCRATCH   a detached mount: what becomes PATH_HOST
    DESCRIPTOR_MOUNT     a detached mount for each path in KEY_MOUNTS, in the same order

What comes with FRAME_MOUNT and FRAME_GO is a detached mount for each entry of KEY_MOUNTS there, at most
MOST_DESCRIPTORS in one message. With the warden's first message come the folder of its cgroup and a detached mount,
which becomes /etc, read-only; the worker goes on writing to it through a descriptor of its own.


Frames
------

A frame is a header (FRAME_HEADER: length of the body, kind) and its body. Descriptors come with the header.

    to a sandbox
        FRAME_GO      the worker, to all. The body is empty for a leaf that was told everything ahead, and for a spare
                      that gets its code, a descriptor for PATH_HANDLER, and nothing else. Otherwise a JSON object:
                          KEY_MOUNTS        a list of [path, whether it is a folder]
                          KEY_OPEN_FILES    how many files a process of it may have open
                          KEY_FILE_BYTES    a leaf: how large a file of it may become
                          KEY_ENVIRONMENT   an object: the whole environment. A leaf that was forked is told it only if
                                            it differs from its zygote's
                          KEY_SHADOWED      a leaf: modules that may be imported and that its code has files for, which
                                            win; left out if there are none
                          KEY_PROCESSORS    a leaf: how many threads libraries compute with; left out if it is one
                          KEY_PACKAGES      a leaf: names of folders in PATH_PACKAGES which its zygote has not.
                                            A zygote: what to import, in this order: a list of objects with KEY_NAME
                                            (of the package) and KEY_MODULES (a list: modules to import)
                          KEY_VISIBLE       a zygote: names of folders in PATH_PACKAGES, of all of its packages
                          KEY_MODULES       a zygote: full names of further modules to import, when its packages are
                                            imported, in this order; left out if there are none
                          KEY_FUNCTION      a zygote of a function, whose code is at PATH_HANDLER: an object with
                                            KEY_FILE_BYTES, KEY_SHADOWED and KEY_PROCESSORS as for a leaf, and
                                            KEY_EVENT: what to call the function with before the first fork, as a text
                                            that is JSON; left out if there is none. Else left out
                          KEY_NAME, KEY_ARGUMENTS, KEY_SCRIPT
                                            a job: what it is called, its sys.argv from 1 on, and the program's text
                      To a zygote it takes at most LARGEST_ORDER bytes, header included: it is one packet
        FRAME_MOUNT   the worker, to all, before FRAME_GO: a JSON object with KEY_MOUNTS
        FRAME_CALL    the worker, to a leaf: one call. The body is CALL_HEAD, which is how many bytes the head has, the
                      head, and the request's body as it came. The head is lines with LINE_END between them, one
                      character for each byte (ISO 8859-1):
                          CALL_EVENT or CALL_REQUEST: whether the body is an event that is handed over as it is, or
                                  belongs to an HTTP request
                          the call's id
                          the deadline: nanoseconds of CLOCK_MONOTONIC, which is the same in sandboxes
                          the method
                          the path below the lambda's name and the query, as they were sent
                          the path under which the lambda is found
                          the scheme
                          host and port that the client asked
                          address and port of the client
                          and for each field of the request's header its name, in lower case, and its value
                      Sent before the answer to the one before it, or before FRAME_READY, it waits
        FRAME_CANCEL  the worker, to a leaf, once FRAME_BEGIN came: nobody wants the rest. The body is empty. The leaf
                      still ends the answer

    from a sandbox
        FRAME_HELLO   the first that it says; the body is empty
        FRAME_IMPORTING
                      of a zygote, before it imports a further module: its full name. If the zygote ends or hangs, that
                      one was it. After the last one, with nothing in it
        FRAME_LOADED  of a leaf, before its first FRAME_REPLY, if there is something to say: full names of modules that
                      it loaded for f.py or in that call, in the order of their imports, one a line, at most MOST_LOADED
        FRAME_READY   of a leaf: READY_BODY, the nanoseconds that the import of f.py took, and how many ago it ended.
                      Of a zygote: a JSON object,
                          KEY_COSTS     an object: for each package that it was told to import, by its KEY_NAME, a list
                                        of milliseconds and MiB
                          KEY_THREADS   how many threads it has
                          KEY_UNFIT     an object: packages, by KEY_NAME, that no fork carries over, and why
                          KEY_ASKED     a list: environment variables that were asked for by imports, READ_ALL if it was
                                        all of them
                          KEY_CHANGED   a list: environment variables that imports changed
                          KEY_IMPORTED  a list: modules at the top that packages imported, their own and others
                          KEY_MISSED    a list: modules that imports looked for and did not find
                          KEY_PRELOADED a list: modules at the top that a zygote without packages imported because it
                                        was told to, this one or one that it was forked from
                          KEY_RUNTIME   a list: modules at the top that were imported before, and that a program which
                                        does nothing has not
                          KEY_LEFT_OUT  an object: further modules, by their names, that are better left out, and why
                          KEY_SPOILT    whether one of these has left something because of which it cannot be used
                          KEY_LOOKED_FOR
                                        an object: for each further module that looked for others and did not find them
                                        a list of these
                          KEY_RESTORES  of a function: whether its leaves run something before they are ready
                          KEY_REASON    of a function: why it cannot be forked, or null
        FRAME_STEP    of a zygote of a function, before FRAME_READY: what it begins now, one after the other. The body
                      is STEP_IMPORT, STEP_EVENT or STEP_SNAPSHOT; each may take as long as a call of the function
        FRAME_REPLY   of a leaf, to FRAME_CALL: REPLY_STATUS, which is one of STATUSES, and the answer as JSON. With
                      STATUS_OK it is what f returned, else an object with KEY_ERROR and perhaps KEY_TRACEBACK
        FRAME_RESPONSE
                      of a leaf, to FRAME_CALL: the answer of a web application. CALL_HEAD, which is how many bytes the
                      head has, the head, and the body. The head is lines as in FRAME_CALL: the status, and for each
                      field of the header its name and its value
        FRAME_BEGIN   as FRAME_RESPONSE, with the first part of the body, which may be empty. After it come, as often as
                      there is more,
        FRAME_PART    of a leaf: the next part of the body, and at last
        FRAME_END     of a leaf: that was all of the answer; the body is empty. If the answer broke off, a JSON object
                      with KEY_ERROR and KEY_TRACEBACK
        FRAME_FAILED  a JSON object: it could not be made, or its import failed. It ends now
                          KEY_STEP        at which step; the worker knows STEP_IMPORT, STEP_FORK, STEP_EVENT and
                                          STEP_SNAPSHOT, and shows others
                          KEY_ERROR       what happened, in one line
                          KEY_ERRNO       the error's number, or null
                          KEY_TRACEBACK   Python's traceback


Warden
------

The worker starts it as a program that runs WARDEN_PROGRAM with the host's interpreter, with the folder of this package
as its argument. Before it is ready, the worker sends

    a JSON object:
        KEY_ROOT         the host's path of an empty folder, on which the warden mounts the base root
        KEY_ENTRIES      how many entries the base root has, each of which follows in a message of its own
        KEY_PYTHON       the path of the interpreter that fresh sandboxes run
        KEY_FIRST_ID     the first host uid that is the worker's
        KEY_IDS          how many there are
    and KEY_ENTRIES times, each of at most LARGEST_ENTRY bytes:
        KEY_ENTRY        a list that begins with its kind and its path below the base root
                             ENTRY_FOLDER path            a folder
                             ENTRY_LINK path target       a symbolic link
                             ENTRY_TEXT path content      a file with this content
                             ENTRY_TREE path source       a read-only mount of the host's folder, and of what is in it
                             ENTRY_FILE path source       a read-only mount of the host's file
                             ENTRY_DEVICE path source     a device like the host's
                             ENTRY_MASK path (name content)*
                                                          a folder with these files over what was there

The warden to the worker:

    KEY_READY: true      once: it serves from now on
    KEY_FAILED: text     it could not become the warden, and ends
    one byte             a process ended, whose id is that of the sender as the kernel says. The byte is its exit code,
                         or SIGNALLED and the number of the signal that ended it
    KEY_ID, and perhaps KEY_ERROR (text) and KEY_ERRNO (number, or null)
                         the answer to the request with this number: it is done, or it could not be done

The worker to the warden when it is ready, a JSON object of at most LARGEST_REQUEST bytes:

    KEY_ID               a number for the answer
    KEY_OP               what is asked for
        OP_SPAWN         a fresh sandbox. With it come descriptors, and
                             all that "common" of a request has, but KEY_SPARE, KEY_MOUNTS and KEY_LIMITS; KEY_KIND may
                             be KIND_JOB, too
                             KEY_NAME   its host name
                             KEY_UID    the user id that it has inside
                             KEY_MAP    a list: of its user namespace, the first id inside, the first id that it stands
                                        for outside, how many
                             KEY_TRIAL  a zygote: true if it is to fork one leaf, without an interpreter of its own;
                                        left out otherwise. The leaf says FRAME_READY when it is set up, and runs
                                        nothing
        OP_MAP           write the maps of a zygote that was forked. The worker sends it in the zygote's name
                         (SCM_CREDENTIALS), so that the kernel translates its process id
                             KEY_MAP    as above; outside is as its parent zygote sees it
        OP_DISPOSE       close the descriptors that come with it, in a process of its own: somebody sent them to the
                         worker unasked, and to close them may take for ever. The first one is the reading end of a
                         pipe, which the worker holds open for as long as it has copies of the others
"""

# The descriptor that is a process's end of its socket to the worker.
CHANNEL = 3

# What the worker has the host's interpreter run; its argument is the folder that holds this package.
WARDEN_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from _zygotes.serving import warden; warden.main()"

# Paths in every sandbox.
PATH_HANDLER = "/handler"  # a leaf's code, f.py in it; also where it works
PATH_PACKAGES = "/packages"  # a folder for each package, named "name-version"
PATH_PROGRAMS = "/packages/bin"  # links to the programs of packages
PATH_HOST = "/host"  # the scratch folder
PATH_TMP = "/tmp"  # a link to a folder in it
PATH_RUNTIME = "/runtime"  # the folder with this package

# Frames: the struct of the header, its size, and the kinds.
FRAME_HEADER = ">IB"
FRAME_HEADER_BYTES = 5
FRAME_GO = 0
FRAME_CALL = 1
FRAME_MOUNT = 2
FRAME_CANCEL = 3
FRAME_HELLO = 10
FRAME_READY = 11
FRAME_REPLY = 12
FRAME_FAILED = 13
FRAME_IMPORTING = 14
FRAME_LOADED = 15
FRAME_STEP = 16
FRAME_RESPONSE = 17
FRAME_BEGIN = 18
FRAME_PART = 19
FRAME_END = 20

# Bodies that are no JSON: of a leaf's FRAME_READY, what FRAME_REPLY begins with, and what FRAME_CALL, FRAME_RESPONSE
# and FRAME_BEGIN do.
READY_BODY = ">QQ"
READY_BODY_BYTES = 16
REPLY_STATUS = ">H"
REPLY_STATUS_BYTES = 2
CALL_HEAD = ">I"
CALL_HEAD_BYTES = 4

# What a call is.
CALL_EVENT = "event"
CALL_REQUEST = "request"

# Statuses of a reply, which are those of HTTP: what f returned, an event that is no JSON, and an exception.
STATUS_OK = 200
STATUS_BAD_EVENT = 400
STATUS_ERROR = 500
STATUSES = [200, 400, 500]

# The most modules that a leaf says it loaded.
MOST_LOADED = 500

# Between the lines of a request to a zygote, and of heads.
LINE_END = "\n"
# What a zygote that was forked waits for.
IDS_ARE_MAPPED = "m"

# Names of descriptors.
DESCRIPTOR_CHANNEL = "channel"
DESCRIPTOR_OUTPUT = "output"
DESCRIPTOR_CGROUP = "cgroup"
DESCRIPTOR_SCRATCH = "scratch"
DESCRIPTOR_MOUNT = "mount"

# Kinds of sandboxes.
KIND_LEAF = "leaf"
KIND_ZYGOTE = "zygote"
KIND_JOB = "job"

# What the warden can be asked for.
OP_SPAWN = "spawn"
OP_MAP = "map"
OP_DISPOSE = "dispose"

# Kinds of entries of the base root.
ENTRY_FOLDER = "folder"
ENTRY_LINK = "link"
ENTRY_TEXT = "text"
ENTRY_TREE = "tree"
ENTRY_FILE = "file"
ENTRY_DEVICE = "device"
ENTRY_MASK = "mask"

# In KEY_ASKED: somebody looked at all variables.
READ_ALL = "*"

# Stands in the environment of an interpreter while it starts as a sandbox, and of none that a lambda starts: see
# BaseRoot.java.
START_VARIABLE = "ZYGOTES_START"

# Steps at which a sandbox can fail that the worker tells apart.
STEP_IMPORT = "import"
STEP_FORK = "fork"
STEP_EVENT = "event"
STEP_SNAPSHOT = "snapshot"

# Keys of JSON objects.
KEY_ARGUMENTS = "arguments"
KEY_ASKED = "asked"
KEY_CHANGED = "changed"
KEY_COSTS = "costs"
KEY_DESCRIPTORS = "descriptors"
KEY_ENTRIES = "entries"
KEY_ENTRY = "entry"
KEY_ENVIRONMENT = "environment"
KEY_ERRNO = "errno"
KEY_ERROR = "error"
KEY_EVENT = "event"
KEY_FAILED = "failed"
KEY_FILE_BYTES = "file_bytes"
KEY_FIRST_ID = "first_id"
KEY_FUNCTION = "function"
KEY_ID = "id"
KEY_IDS = "ids"
KEY_IMPORTED = "imported"
KEY_KIND = "kind"
KEY_LEFT_OUT = "left_out"
KEY_LIMITS = "limits"
KEY_LOOKED_FOR = "looked_for"
KEY_MAP = "map"
KEY_MISSED = "missed"
KEY_MODULES = "modules"
KEY_MOUNTS = "mounts"
KEY_NAME = "name"
KEY_OP = "op"
KEY_OPEN_FILES = "open_files"
KEY_PACKAGES = "packages"
KEY_PRELOADED = "preloaded"
KEY_PRIVATE_NETWORK = "private_network"
KEY_PROCESSORS = "processors"
KEY_PYTHON = "python"
KEY_READY = "ready"
KEY_REASON = "reason"
KEY_RESTORES = "restores"
KEY_ROOT = "root"
KEY_RUNTIME = "runtime"
KEY_SCOPE = "scope"
KEY_SCRIPT = "script"
KEY_SECCOMP = "seccomp"
KEY_SHADOWED = "shadowed"
KEY_SPARE = "spare"
KEY_SPOILT = "spoilt"
KEY_STEP = "step"
KEY_THREADS = "threads"
KEY_TRACEBACK = "traceback"
KEY_TRIAL = "trial"
KEY_UID = "uid"
KEY_UNFIT = "unfit"
KEY_VISIBLE = "visible"

# The first uid of every zygote's user namespace, as it is seen inside; what it stands for on the host differs.
FIRST_ID = 1000

# How the end of a process is told: one byte, which is above this by the signal's number if a signal ended it.
END_BYTES = 1
SIGNALLED = 128

# The largest that each may be, in bytes. A larger buffer would be mapped and unmapped for each message.
LARGEST_REQUEST = 8192
LARGEST_ENVIRONMENT = 4096  # of a leaf that is told everything ahead: what is left is for the other lines
LARGEST_ORDER = 262144  # of a zygote: names and mounts of its packages
LARGEST_ENTRY = 65536  # two paths as long as Linux takes them, in which each byte may be six in JSON
LARGEST_BODY = 16777216  # of a frame from a sandbox. AWS Lambda allows answers of 6 MB
MOST_NAME_BYTES = 64  # of a host: uname(2)
# Descriptors beside one message, less than SCM_MAX_FD of unix(7), which is 253.
MOST_DESCRIPTORS = 200

# The variable of the warden's environment by which the worker leaves out what only makes things faster; tuning.py lists
# that. Nothing is left out if it is empty or not there, and all of it if it is TUNING_OFF. Else it has TUNING_WITHOUT
# and a name for each that is left out, with commas in between.
TUNING_VARIABLE = "ZYGOTES_TUNING"
TUNING_OFF = "off"
TUNING_WITHOUT = "no-"
