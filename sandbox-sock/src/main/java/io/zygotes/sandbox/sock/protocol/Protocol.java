package io.zygotes.sandbox.sock.protocol;

import java.util.List;

/**
 * The numbers, names and sizes that the worker and what runs in sandboxes have to agree on.
 * {@code _zygotes/protocol.py} has the same under the same names, and describes each message; a test compares the two.
 */
public final class Protocol {

    /** The descriptor that is a process's end of its socket to the worker. */
    public static final int CHANNEL = 3;

    /** Where a leaf finds its code, {@code f.py} in it; also where it works. */
    public static final String PATH_HANDLER = "/handler";
    /** A folder for each package, named {@code name-version}. */
    public static final String PATH_PACKAGES = "/packages";
    /** Links to the programs of packages. */
    public static final String PATH_PROGRAMS = "/packages/bin";
    /** The scratch folder. */
    public static final String PATH_HOST = "/host";
    /** A link to a folder in the scratch folder. */
    public static final String PATH_TMP = "/tmp";
    /** The folder with our Python package. */
    public static final String PATH_RUNTIME = "/runtime";

    // Frames: the header as Python's struct has it, its size, and the kinds.
    static final String FRAME_HEADER = ">IB";
    static final int FRAME_HEADER_BYTES = 5;
    static final int FRAME_GO = 0;
    static final int FRAME_CALL = 1;
    static final int FRAME_MOUNT = 2;
    static final int FRAME_CANCEL = 3;
    static final int FRAME_HELLO = 10;
    static final int FRAME_READY = 11;
    static final int FRAME_REPLY = 12;
    static final int FRAME_FAILED = 13;
    static final int FRAME_IMPORTING = 14;
    static final int FRAME_LOADED = 15;
    static final int FRAME_STEP = 16;
    static final int FRAME_RESPONSE = 17;
    static final int FRAME_BEGIN = 18;
    static final int FRAME_PART = 19;
    static final int FRAME_END = 20;

    // Bodies that are no JSON: of a leaf's FRAME_READY, what FRAME_REPLY begins with, and what FRAME_CALL,
    // FRAME_RESPONSE
    // and FRAME_BEGIN do.
    static final String READY_BODY = ">QQ";
    static final int READY_BODY_BYTES = 16;
    static final String REPLY_STATUS = ">H";
    static final int REPLY_STATUS_BYTES = 2;
    static final String CALL_HEAD = ">I";
    static final int CALL_HEAD_BYTES = 4;

    // What a call is: an event that is handed over as it is, or an HTTP request.
    static final String CALL_EVENT = "event";
    static final String CALL_REQUEST = "request";

    /** Of a reply: the body is what f returned. */
    public static final int STATUS_OK = 200;
    /** Of a reply: the event is no JSON. */
    public static final int STATUS_BAD_EVENT = 400;
    /** Of a reply: f raised an exception. */
    public static final int STATUS_ERROR = 500;
    /** All statuses of a reply. Another one, such as 101, would mean something to the HTTP server. */
    static final List<Integer> STATUSES = List.of(STATUS_OK, STATUS_BAD_EVENT, STATUS_ERROR);

    /** The most modules that a leaf says it loaded. */
    static final int MOST_LOADED = 500;

    /** Between the lines of a request to a zygote, and of heads. */
    static final String LINE_END = "\n";
    /** What a zygote that was forked waits for. */
    static final String IDS_ARE_MAPPED = "m";

    // Names of the descriptors that come with a request.
    static final String DESCRIPTOR_CHANNEL = "channel";
    static final String DESCRIPTOR_OUTPUT = "output";
    static final String DESCRIPTOR_CGROUP = "cgroup";
    static final String DESCRIPTOR_SCRATCH = "scratch";
    static final String DESCRIPTOR_MOUNT = "mount";

    static final String KIND_LEAF = "leaf";
    static final String KIND_ZYGOTE = "zygote";
    static final String KIND_JOB = "job";

    static final String OP_SPAWN = "spawn";
    static final String OP_MAP = "map";
    static final String OP_DISPOSE = "dispose";

    /** Of an entry of the base root: an empty folder. */
    public static final String ENTRY_FOLDER = "folder";
    /** Of an entry of the base root: a symbolic link. */
    public static final String ENTRY_LINK = "link";
    /** Of an entry of the base root: a small file with this content. */
    public static final String ENTRY_TEXT = "text";
    /** Of an entry of the base root: a folder of the host and all below it, read-only. */
    public static final String ENTRY_TREE = "tree";
    /** Of an entry of the base root: a file of the host, read-only. */
    public static final String ENTRY_FILE = "file";
    /** Of an entry of the base root: a device node of the host. */
    public static final String ENTRY_DEVICE = "device";
    /** Of an entry of the base root: an empty folder over what an earlier entry brought. */
    public static final String ENTRY_MASK = "mask";

    /** Of variables that were asked for: all of them. */
    public static final String READ_ALL = "*";

    /** The variable that an interpreter has while it starts as a sandbox, and none that a lambda starts. */
    public static final String START_VARIABLE = "ZYGOTES_START";

    // Steps at which a sandbox can fail that the worker tells apart.
    static final String STEP_IMPORT = "import";
    static final String STEP_FORK = "fork";
    static final String STEP_EVENT = "event";
    static final String STEP_SNAPSHOT = "snapshot";

    // Keys of JSON objects.
    static final String KEY_ARGUMENTS = "arguments";
    static final String KEY_ASKED = "asked";
    static final String KEY_CHANGED = "changed";
    static final String KEY_COSTS = "costs";
    static final String KEY_DESCRIPTORS = "descriptors";
    static final String KEY_ENTRIES = "entries";
    static final String KEY_ENTRY = "entry";
    static final String KEY_ENVIRONMENT = "environment";
    static final String KEY_ERRNO = "errno";
    static final String KEY_ERROR = "error";
    static final String KEY_EVENT = "event";
    static final String KEY_FAILED = "failed";
    static final String KEY_FILE_BYTES = "file_bytes";
    static final String KEY_FIRST_ID = "first_id";
    static final String KEY_FUNCTION = "function";
    static final String KEY_ID = "id";
    static final String KEY_IDS = "ids";
    static final String KEY_IMPORTED = "imported";
    static final String KEY_KIND = "kind";
    static final String KEY_LEFT_OUT = "left_out";
    static final String KEY_LIMITS = "limits";
    static final String KEY_LOOKED_FOR = "looked_for";
    static final String KEY_MAP = "map";
    static final String KEY_MISSED = "missed";
    static final String KEY_MODULES = "modules";
    static final String KEY_MOUNTS = "mounts";
    static final String KEY_NAME = "name";
    static final String KEY_OP = "op";
    static final String KEY_OPEN_FILES = "open_files";
    static final String KEY_PACKAGES = "packages";
    static final String KEY_PRELOADED = "preloaded";
    static final String KEY_PRIVATE_NETWORK = "private_network";
    static final String KEY_PROCESSORS = "processors";
    static final String KEY_PYTHON = "python";
    static final String KEY_READY = "ready";
    static final String KEY_REASON = "reason";
    static final String KEY_RESTORES = "restores";
    static final String KEY_ROOT = "root";
    static final String KEY_RUNTIME = "runtime";
    static final String KEY_SCOPE = "scope";
    static final String KEY_SCRIPT = "script";
    static final String KEY_SECCOMP = "seccomp";
    static final String KEY_SHADOWED = "shadowed";
    static final String KEY_SPARE = "spare";
    static final String KEY_SPOILT = "spoilt";
    static final String KEY_STEP = "step";
    static final String KEY_THREADS = "threads";
    static final String KEY_TRACEBACK = "traceback";
    static final String KEY_TRIAL = "trial";
    static final String KEY_UID = "uid";
    static final String KEY_UNFIT = "unfit";
    static final String KEY_VISIBLE = "visible";

    /** The first uid of every zygote's user namespace, as it is seen inside; what it stands for on the host differs. */
    public static final int FIRST_ID = 1000;

    // How the end of a process is told: one byte, which is above this by the signal's number if a signal ended it.
    static final int END_BYTES = 1;
    /** An exit status above this is that of a process that a signal ended; the rest is the signal's number. */
    public static final int SIGNALLED = 128;

    /** The largest message to the warden, and request to a zygote, in bytes. */
    static final int LARGEST_REQUEST = 8192;
    /**
     * The largest environment of a leaf that is told everything ahead, in bytes: what is left is for the other lines.
     */
    static final int LARGEST_ENVIRONMENT = 4096;
    /** The largest frame to a zygote, in bytes: names and mounts of its packages. */
    static final int LARGEST_ORDER = 262144;
    /**
     * The largest entry of the base root, in bytes: two paths as long as Linux takes them, six bytes of JSON for each.
     */
    static final int LARGEST_ENTRY = 65536;
    /** The longest body of a frame from a sandbox, in bytes. AWS Lambda allows answers of 6 MB. */
    public static final int LARGEST_BODY = 16777216;
    /** The longest host name: uname(2). */
    static final int MOST_NAME_BYTES = 64;
    /** Descriptors beside one message, less than SCM_MAX_FD of unix(7), which is 253. */
    static final int MOST_DESCRIPTORS = 200;

    /** What the worker has the host's interpreter run; its argument is the folder that holds our Python package. */
    public static final String WARDEN_PROGRAM =
            "import sys; sys.path.append(sys.argv[1]); from _zygotes.serving import warden; warden.main()";

    /** The variable of the warden's environment that leaves out what only makes things faster. */
    public static final String TUNING_VARIABLE = "ZYGOTES_TUNING";

    static final String TUNING_OFF = "off";
    static final String TUNING_WITHOUT = "no-";

    private Protocol() {}
}
