package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The C library's functions and the kernel's calls that the mechanism needs. Every method throws
 * {@link LinuxException} with the call and its arguments when the call fails, and starts it again when a signal cut it
 * short. Safe for use by many threads; a call that waits blocks its thread in native code, so it must be a platform
 * thread.
 */
@SuppressWarnings("restricted") // native access is what this class is for; the launcher grants it to this module
public final class Linux {

    /** socket(2). */
    public static final int SOCK_STREAM = 1, SOCK_SEQPACKET = 5;
    /** Of signal(7), for x86-64 and aarch64. */
    public static final int SIGKILL = 9, SIGCONT = 18, SIGSTOP = 19;

    private static final int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16;
    private static final int SOCK_RAW = 3, IPPROTO_TCP = 6;
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final short SOCK_DIAG_BY_FAMILY = 20, NLM_F_REQUEST = 1, NLMSG_ERROR = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int SCM_CREDENTIALS = 2;
    private static final int SO_PASSCRED = 16;
    private static final int SO_PASSRIGHTS = 83; // since Linux 6.16
    private static final int SO_SNDBUF = 7;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int O_RDONLY = 0;
    private static final int O_WRONLY = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;
    private static final int POLLHUP = 16;
    private static final int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2;
    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_RECURSIVE = 0x8000;

    // The same number on every architecture since Linux 5.2 (asm-generic/unistd.h).
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SIOCOUTQ = 0x5411;
    private static final long SYS_PIDFD_OPEN = 434;
    private static final long SYS_OPEN_TREE = 428;
    private static final long SYS_FSOPEN = 430;
    private static final long SYS_FSCONFIG = 431;
    private static final long SYS_FSMOUNT = 432;
    private static final long SYS_MOUNT_SETATTR = 442; // since Linux 5.12
    private static final int OPEN_TREE_CLONE = 1;
    private static final int FSCONFIG_SET_FLAG = 0;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_CMD_CREATE = 6;
    /** mount_setattr(2): MOUNT_ATTR_NOSUID and MOUNT_ATTR_NODEV. */
    private static final long NOSUID_NODEV = 2 | 4;

    private static final long MOUNT_ATTR_RDONLY = 1;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKETPAIR = handle("socketpair", INT, INT, INT, INT, POINTER);
    private static final MethodHandle SOCKET = handle("socket", INT, INT, INT, INT);
    private static final MethodHandle SETSOCKOPT = handle("setsockopt", INT, INT, INT, INT, POINTER, INT);
    private static final MethodHandle SENDMSG = handle("sendmsg", LONG, INT, POINTER, INT);
    private static final MethodHandle RECVMSG = handle("recvmsg", LONG, INT, POINTER, INT);
    private static final MethodHandle SHUTDOWN = handle("shutdown", INT, INT, INT);
    private static final MethodHandle POLL = handle("poll", INT, POINTER, LONG, INT);
    private static final MethodHandle PIPE2 = handle("pipe2", INT, POINTER, INT);
    private static final MethodHandle OPEN = variadic("open", 2, INT, POINTER, INT);
    private static final MethodHandle IOCTL = variadic("ioctl", 2, INT, INT, LONG, POINTER);
    private static final MethodHandle READ = handle("read", LONG, INT, POINTER, LONG);
    private static final MethodHandle PREAD = handle("pread", LONG, INT, POINTER, LONG, LONG);
    private static final MethodHandle WRITE = handle("write", LONG, INT, POINTER, LONG);
    private static final MethodHandle MKDIRAT = handle("mkdirat", INT, INT, POINTER, INT);
    private static final MethodHandle FCHMODAT = handle("fchmodat", INT, INT, POINTER, INT, INT);
    private static final MethodHandle CLOSE = handle("close", INT, INT);
    private static final MethodHandle KILL = handle("kill", INT, INT, INT);
    private static final MethodHandle WAITPID = handle("waitpid", INT, INT, POINTER, INT);
    private static final MethodHandle EPOLL_CREATE1 = handle("epoll_create1", INT, INT);
    private static final MethodHandle EPOLL_CTL = handle("epoll_ctl", INT, INT, INT, INT, POINTER);
    private static final MethodHandle EPOLL_WAIT = handle("epoll_wait", INT, INT, POINTER, INT, INT);
    private static final MethodHandle SPAWN =
            handle("posix_spawn", INT, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER);
    private static final MethodHandle ACTIONS_INIT = handle("posix_spawn_file_actions_init", INT, POINTER);
    private static final MethodHandle ACTIONS_DUP2 = handle("posix_spawn_file_actions_adddup2", INT, POINTER, INT, INT);
    private static final MethodHandle ACTIONS_DESTROY = handle("posix_spawn_file_actions_destroy", INT, POINTER);
    private static final MethodHandle STRERROR =
            LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(POINTER, INT));
    private static final MethodHandle SYSCALL = variadic("syscall", 1, LONG, LONG, LONG, LONG, LONG, LONG, LONG);

    /** struct epoll_event is packed on x86 only (epoll_ctl(2)). */
    private static final boolean PACKED_EPOLL = System.getProperty("os.arch").equals("amd64");

    private static final long EVENT_SIZE = PACKED_EPOLL ? 12 : 16;
    private static final long EVENT_DATA = PACKED_EPOLL ? 4 : 8;

    private static final int DATA_SIZE = 1 << 16;
    /** Room for the name of a mount's option, and for its value. */
    private static final int OPTION_SIZE = 1 << 10;
    /** What one send takes off a large body; more than a socket's buffer holds would be copied for nothing. */
    private static final int LARGEST_PART = 1 << 18;
    /** Room for SCM_MAX_FD (253) descriptors and one struct ucred. */
    private static final int CONTROL_SIZE = 1088;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private Linux() {}

    /** Memory that each thread keeps for its calls, so that no call allocates. */
    private static final class Scratch {
        final MemorySegment state;
        final MemorySegment data;
        final MemorySegment control;
        final MemorySegment vector;
        final MemorySegment header;
        final MemorySegment small;

        Scratch() {
            Arena arena = Arena.ofAuto();
            state = arena.allocate(STATE);
            data = arena.allocate(DATA_SIZE, 8);
            control = arena.allocate(CONTROL_SIZE, 8);
            vector = arena.allocate(16, 8);
            header = arena.allocate(56, 8);
            small = arena.allocate(64, 8);
            // Of struct msghdr what is the same for all messages: no name, one buffer, room for control messages.
            header.set(POINTER, 16, vector);
            header.set(LONG, 24, 1);
            header.set(POINTER, 32, control);
        }

        int errno() {
            return (int) ERRNO.get(state, 0L);
        }

        /** Fills in struct msghdr for one buffer. */
        MemorySegment message(MemorySegment buffer, long length, long controlLength) {
            vector.set(POINTER, 0, buffer);
            vector.set(LONG, 8, length);
            header.set(LONG, 40, controlLength);
            return header;
        }
    }

    /**
     * What came from a socket.
     *
     * @param data the bytes; empty at the end of the stream
     * @param pid the process that sent it, as this process sees it; 0 if unknown
     * @param hadDescriptors whether open files came along; they are being closed
     */
    public record Received(byte[] data, int pid, boolean hadDescriptors) {}

    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(String name, int fixed, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(fixed));
    }

    private static LinuxException failed(String call, int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return new LinuxException(call, errno, text.reinterpret(256).getString(0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Method handles declare Throwable; these calls throw nothing. */
    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a native call threw", e);
    }

    private static int[] pair(MemorySegment two) {
        return new int[] {two.get(INT, 0), two.get(INT, 4)};
    }

    /** Two connected Unix sockets, closed on exec. */
    public static int[] socketPair(int type) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            if ((int) SOCKETPAIR.invokeExact(s.state, AF_UNIX, type | SOCK_CLOEXEC, 0, s.small) != 0) {
                throw failed("socketpair", s.errno());
            }
            return pair(s.small);
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Asks the kernel to say of everything that this socket receives which process sent it (unix(7)). */
    public static void passCredentials(int socket) throws LinuxException {
        setOption(socket, SO_PASSCRED, 1);
    }

    /**
     * Has the kernel refuse to put open files into what this socket receives, where it can. Elsewhere {@link #receive}
     * gets rid of them.
     */
    public static void refuseDescriptors(int socket) throws LinuxException {
        try {
            setOption(socket, SO_PASSRIGHTS, 0);
        } catch (LinuxException e) {
            if (e.errno() != LinuxException.ENOPROTOOPT) {
                throw e;
            }
        }
    }

    /** Makes room for messages of this size. */
    public static void sendBuffer(int socket, int bytes) throws LinuxException {
        setOption(socket, SO_SNDBUF, bytes);
    }

    /** How much memory that takes which was sent through a unix(7) socket and is not read; 0 if all is. */
    public static int unread(int socket) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            if ((int) IOCTL.invokeExact(s.state, socket, SIOCOUTQ, s.small) != 0) {
                throw failed("ioctl SIOCOUTQ", s.errno());
            }
            return s.small.get(INT, 0);
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static void setOption(int socket, int option, int value) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.small.set(INT, 0, value);
        try {
            if ((int) SETSOCKOPT.invokeExact(s.state, socket, SOL_SOCKET, option, s.small, 4) != 0) {
                throw failed("setsockopt " + option, s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Sends as much as goes without waiting. On a SOCK_SEQPACKET socket that is the whole message or nothing.
     *
     * @param from where in the data to begin
     * @param descriptors open files to send along with the first byte; they stay open here
     * @return how many bytes went; 0 if there is no room now
     */
    public static int send(int socket, byte[] data, int from, int... descriptors) throws LinuxException {
        Scratch s = SCRATCH.get();
        return send(s, socket, data, from, control(s, 0, descriptors));
    }

    /**
     * Sends one message in the name of another process (needs CAP_SYS_ADMIN): the receiver's kernel tells it that
     * process's id, translated to its own pid namespace.
     *
     * @return how many bytes went; 0 if there is no room now
     */
    public static int sendAs(int pid, int socket, byte[] data) throws LinuxException {
        Scratch s = SCRATCH.get();
        return send(s, socket, data, 0, control(s, pid));
    }

    private static int send(Scratch s, int socket, byte[] data, int from, long controlLength) throws LinuxException {
        int length = data.length - from;
        if (length <= DATA_SIZE) {
            MemorySegment.copy(data, from, s.data, ValueLayout.JAVA_BYTE, 0, length);
            return send(s, socket, s.data, length, controlLength);
        }
        try (Arena arena = Arena.ofConfined()) {
            int part = Math.min(length, LARGEST_PART);
            MemorySegment copy = arena.allocate(part);
            MemorySegment.copy(data, from, copy, ValueLayout.JAVA_BYTE, 0, part);
            return send(s, socket, copy, part, controlLength);
        }
    }

    private static int send(Scratch s, int socket, MemorySegment buffer, int length, long controlLength)
            throws LinuxException {
        MemorySegment header = s.message(buffer, length, controlLength);
        try {
            while (true) {
                long sent = (long) SENDMSG.invokeExact(s.state, socket, header, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent >= 0) {
                    return (int) sent;
                }
                if (s.errno() == LinuxException.EAGAIN) {
                    return 0;
                }
                if (s.errno() != LinuxException.EINTR) {
                    throw failed("sendmsg", s.errno());
                }
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Writes the control messages (cmsg(3)) and returns their length. */
    private static long control(Scratch s, int pid, int... descriptors) {
        if (pid != 0) {
            s.control.set(LONG, 0, 28);
            s.control.set(INT, 8, SOL_SOCKET);
            s.control.set(INT, 12, SCM_CREDENTIALS);
            s.control.set(INT, 16, pid);
            s.control.set(INT, 20, 0);
            s.control.set(INT, 24, 0);
            return 32;
        }
        if (descriptors.length == 0) {
            return 0;
        }
        s.control.set(LONG, 0, 16 + 4L * descriptors.length);
        s.control.set(INT, 8, SOL_SOCKET);
        s.control.set(INT, 12, SCM_RIGHTS);
        MemorySegment.copy(descriptors, 0, s.control, INT, 16, descriptors.length);
        return (16 + 4L * descriptors.length + 7) & ~7L;
    }

    /**
     * Takes what has come to a socket, at most 64 KiB, without waiting. Descriptors that came along are closed, on
     * another thread: closing somebody else's may take as long as that one likes (SO_LINGER of socket(7)).
     *
     * @return null if there is nothing yet
     */
    public static Received receive(int socket) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            while (true) {
                MemorySegment header = s.message(s.data, DATA_SIZE, CONTROL_SIZE);
                long got = (long) RECVMSG.invokeExact(s.state, socket, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
                if (got >= 0) {
                    return readControl(s, s.data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
                }
                if (s.errno() == LinuxException.EAGAIN) {
                    return null;
                }
                if (s.errno() != LinuxException.EINTR) {
                    throw failed("recvmsg", s.errno());
                }
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static Received readControl(Scratch s, byte[] data) {
        int pid = 0;
        List<Integer> descriptors = null;
        long end = s.header.get(LONG, 40);
        for (long at = 0; at + 16 <= end; ) {
            long length = s.control.get(LONG, at);
            if (length < 16) {
                break;
            }
            int kind = s.control.get(INT, at + 12);
            if (kind == SCM_CREDENTIALS) {
                pid = s.control.get(INT, at + 16);
            } else if (kind == SCM_RIGHTS) {
                descriptors = new ArrayList<>();
                for (long fd = at + 16; fd + 4 <= at + length; fd += 4) {
                    descriptors.add(s.control.get(INT, fd));
                }
            }
            at += (length + 7) & ~7L;
        }
        if (descriptors == null) {
            return new Received(data, pid, false);
        }
        List<Integer> unwanted = descriptors;
        Thread.ofPlatform().daemon().name("unwanted-files").start(() -> unwanted.forEach(Linux::close));
        return new Received(data, pid, true);
    }

    /**
     * Waits until a descriptor can be read, or its other end is gone.
     *
     * @param millis the longest to wait; 0 does not wait
     * @return false if the time passed, or a signal came
     */
    public static boolean awaitInput(int descriptor, int millis) throws LinuxException {
        return await(descriptor, POLLIN, millis);
    }

    /**
     * Waits until a descriptor can be written, or its other end is gone.
     *
     * @param millis the longest to wait; 0 does not wait
     * @return false if the time passed, or a signal came
     */
    public static boolean awaitRoom(int descriptor, int millis) throws LinuxException {
        return await(descriptor, POLLOUT, millis);
    }

    /** Whether there is something to read, other than the end. Does not wait. */
    public static boolean hasInput(int descriptor) throws LinuxException {
        return await(descriptor, POLLIN, 0) && (SCRATCH.get().small.get(ValueLayout.JAVA_SHORT, 6) & POLLHUP) == 0;
    }

    private static boolean await(int descriptor, int event, int millis) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.small.set(INT, 0, descriptor);
        s.small.set(ValueLayout.JAVA_SHORT, 4, (short) event);
        s.small.set(ValueLayout.JAVA_SHORT, 6, (short) 0);
        try {
            int ready = (int) POLL.invokeExact(s.state, s.small, 1L, millis);
            if (ready < 0 && s.errno() != LinuxException.EINTR) {
                throw failed("poll", s.errno());
            }
            return ready > 0;
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Wakes everybody who waits on a socket; harmless on anything else. */
    static void shutdown(int socket) {
        shutdown(socket, 2);
    }

    /** What came is read, and then the end, whoever may have the other side still. */
    static void shutdownReading(int socket) {
        shutdown(socket, 0);
    }

    private static void shutdown(int socket, int how) {
        Scratch s = SCRATCH.get();
        try {
            int ignored = (int) SHUTDOWN.invokeExact(s.state, socket, how);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A pipe, closed on exec: reading end, writing end. */
    public static int[] pipe() throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            if ((int) PIPE2.invokeExact(s.state, s.small, O_CLOEXEC) != 0) {
                throw failed("pipe2", s.errno());
            }
            return pair(s.small);
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static int open(String path, int flags) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.data.setString(0, path);
        try {
            int fd = (int) OPEN.invokeExact(s.state, s.data, flags | O_CLOEXEC);
            if (fd < 0) {
                throw failed("open " + path, s.errno());
            }
            return fd;
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Opens a folder or file for reading. */
    public static int openToRead(String path) throws LinuxException {
        return open(path, O_RDONLY);
    }

    /** Opens a file for writing. */
    public static int openToWrite(String path) throws LinuxException {
        return open(path, O_WRONLY);
    }

    /** Writes a short text in one call, as files of /proc and /sys want it. */
    public static void writeFile(String path, String text) throws LinuxException {
        int fd = open(path, O_WRONLY);
        try {
            write(fd, path, text);
        } finally {
            close(fd);
        }
    }

    /**
     * As {@link #writeFile}, for a file that is open.
     *
     * @param path what it is, for people
     */
    public static void write(int descriptor, String path, String text) throws LinuxException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        Scratch s = SCRATCH.get();
        MemorySegment.copy(bytes, 0, s.data, ValueLayout.JAVA_BYTE, 0, bytes.length);
        try {
            if ((long) WRITE.invokeExact(s.state, descriptor, s.data, (long) bytes.length) < 0) {
                throw failed("write '" + text + "' to " + path, s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Reads a small file of /proc or /sys, at most 64 KiB of it. */
    public static String readFile(String path) throws LinuxException {
        int fd = open(path, O_RDONLY);
        try {
            byte[] bytes = read(fd);
            return new String(bytes == null ? new byte[0] : bytes, StandardCharsets.UTF_8);
        } finally {
            close(fd);
        }
    }

    /**
     * Reads at most 64 KiB.
     *
     * @return empty at the end; null if the descriptor does not block and there is nothing yet
     */
    public static byte[] read(int descriptor) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            while (true) {
                long got = (long) READ.invokeExact(s.state, descriptor, s.data, (long) DATA_SIZE);
                if (got >= 0) {
                    return s.data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
                }
                if (s.errno() == LinuxException.EAGAIN) {
                    return null;
                }
                if (s.errno() != LinuxException.EINTR) {
                    throw failed("read", s.errno());
                }
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Reads a small file of /proc or /sys from its beginning, at most 64 KiB of it.
     *
     * @param path what it is, for people
     */
    public static String readAgain(int descriptor, String path) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            while (true) {
                long got = (long) PREAD.invokeExact(s.state, descriptor, s.data, (long) DATA_SIZE, 0L);
                if (got >= 0) {
                    return new String(s.data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
                }
                if (s.errno() != LinuxException.EINTR) {
                    throw failed("read " + path, s.errno());
                }
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Writes a byte. */
    public static void writeByte(int descriptor) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            s.small.set(ValueLayout.JAVA_BYTE, 0, (byte) 'x');
            if ((long) WRITE.invokeExact(s.state, descriptor, s.small, 1L) < 0) {
                throw failed("write", s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Closes a descriptor. Errors mean nothing here: nothing was written through a cache. */
    public static void close(int descriptor) {
        Scratch s = SCRATCH.get();
        try {
            int ignored = (int) CLOSE.invokeExact(s.state, descriptor);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static long syscall(String call, long number, long a, long b, long c, long d, long e)
            throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            long result = (long) SYSCALL.invokeExact(s.state, number, a, b, c, d, e);
            if (result < 0) {
                throw failed(call, s.errno());
            }
            return result;
        } catch (LinuxException ex) {
            throw ex;
        } catch (Throwable ex) {
            throw unexpected(ex);
        }
    }

    /**
     * A detached copy of a mount, or of the part of it below a folder: open_tree(2), since Linux 5.2. It is in no
     * mount table; move_mount attaches it.
     *
     * @param path a folder or file
     * @param writable if false, the copy and all below it are read-only
     * @return a descriptor that holds it; it is gone when the last one is closed
     */
    public static int detachedTree(String path, boolean writable) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.data.setString(0, path);
        int fd = (int) syscall(
                "open_tree " + path,
                SYS_OPEN_TREE,
                AT_FDCWD,
                s.data.address(),
                OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE,
                0,
                0);
        try {
            s.small.set(LONG, 0, NOSUID_NODEV | (writable ? 0 : MOUNT_ATTR_RDONLY));
            s.small.set(LONG, 8, 0);
            s.small.set(LONG, 16, 0);
            s.small.set(LONG, 24, 0);
            s.data.setString(0, "");
            syscall(
                    "mount_setattr " + path,
                    SYS_MOUNT_SETATTR,
                    fd,
                    s.data.address(),
                    AT_EMPTY_PATH | AT_RECURSIVE,
                    s.small.address(),
                    32);
            return fd;
        } catch (LinuxException e) {
            close(fd);
            throw e;
        }
    }

    /**
     * A new, empty tmpfs, mounted nowhere.
     *
     * @param megabytes how much it holds
     * @param inodes how many files it holds
     * @param owner user and group id of its root folder
     * @return a descriptor that holds it; it is gone when the last one is closed
     */
    public static int detachedTmpfs(int megabytes, int inodes, int owner) throws LinuxException {
        String id = Integer.toUnsignedString(owner);
        return newMount(
                "tmpfs",
                Map.of(
                        "size",
                        megabytes + "m",
                        "nr_inodes",
                        Integer.toString(inodes),
                        "mode",
                        "755",
                        "uid",
                        id,
                        "gid",
                        id),
                NOSUID_NODEV);
    }

    /**
     * A private, named cgroup v1 hierarchy without controllers, mounted nowhere, that asks the kernel to make moving
     * processes between cgroups fast (favordynmods, since Linux 6.0). The wish holds for all hierarchies while the
     * descriptor is open.
     */
    public static int fastMoves(String name) throws LinuxException {
        return newMount("cgroup", Map.of("none", "", "favordynmods", "", "name", name), 0);
    }

    /** fsopen, fsconfig and fsmount, all since Linux 5.2; an option without a value is a flag. */
    private static int newMount(String kind, Map<String, String> options, long attributes) throws LinuxException {
        MemorySegment key = SCRATCH.get().data.asSlice(0, OPTION_SIZE);
        MemorySegment value = SCRATCH.get().data.asSlice(OPTION_SIZE, OPTION_SIZE);
        key.setString(0, kind);
        int context = (int) syscall("fsopen " + kind, SYS_FSOPEN, key.address(), 1, 0, 0, 0);
        try {
            for (Map.Entry<String, String> option : options.entrySet()) {
                boolean flag = option.getValue().isEmpty();
                key.setString(0, option.getKey());
                value.setString(0, option.getValue());
                syscall(
                        "fsconfig " + option.getKey(),
                        SYS_FSCONFIG,
                        context,
                        flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING,
                        key.address(),
                        flag ? 0 : value.address(),
                        0);
            }
            syscall("fsconfig create " + kind, SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
            return (int) syscall("fsmount " + kind, SYS_FSMOUNT, context, 1, attributes, 0, 0);
        } finally {
            close(context);
        }
    }

    /**
     * Makes a folder.
     *
     * @param parent a descriptor of the folder in which it is made
     * @param mode its permissions: all of them, whatever the umask (umask(2))
     */
    public static void makeFolder(int parent, String name, int mode) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.data.setString(0, name);
        try {
            if ((int) MKDIRAT.invokeExact(s.state, parent, s.data, mode) != 0
                    || (int) FCHMODAT.invokeExact(s.state, parent, s.data, mode, 0) != 0) {
                throw failed("make folder " + name, s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Starts a program. It gets the given descriptors as 0, 1, 2, … and, as everything here is closed on exec, no
     * other of this process's own.
     *
     * @param command path and arguments
     * @param environment {@code NAME=value} each
     * @param descriptors what becomes its descriptors 0, 1, 2, …
     * @return its process id; {@link #waitFor} it
     */
    public static int spawn(List<String> command, List<String> environment, int... descriptors) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            MemorySegment actions = arena.allocate(256, 8); // posix_spawn_file_actions_t has 80 bytes in glibc
            MemorySegment pid = arena.allocate(INT);
            int error = (int) ACTIONS_INIT.invokeExact(state, actions);
            for (int i = 0; error == 0 && i < descriptors.length; i++) {
                error = (int) ACTIONS_DUP2.invokeExact(state, actions, descriptors[i], i);
            }
            if (error == 0) {
                MemorySegment path = arena.allocateFrom(command.getFirst());
                MemorySegment argv = strings(arena, command);
                MemorySegment envp = strings(arena, environment);
                error = (int) SPAWN.invokeExact(state, pid, path, actions, MemorySegment.NULL, argv, envp);
            }
            int ignored = (int) ACTIONS_DESTROY.invokeExact(state, actions);
            if (error != 0) {
                throw failed("posix_spawn " + command.getFirst(), error);
            }
            return pid.get(INT, 0);
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        List<MemorySegment> copies = new ArrayList<>();
        texts.forEach(text -> copies.add(arena.allocateFrom(text)));
        MemorySegment array = arena.allocate(POINTER, copies.size() + 1L);
        for (int i = 0; i < copies.size(); i++) {
            array.setAtIndex(POINTER, i, copies.get(i));
        }
        array.setAtIndex(POINTER, copies.size(), MemorySegment.NULL);
        return array;
    }

    /** Waits for a child's end and lets the kernel forget it. */
    public static void waitFor(int pid) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            while ((int) WAITPID.invokeExact(s.state, pid, MemorySegment.NULL, 0) < 0) {
                if (s.errno() != LinuxException.EINTR) {
                    throw failed("waitpid " + pid, s.errno());
                }
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Sends a signal; only to a child that was not waited for yet, so that its id cannot be another's. */
    public static void kill(int pid, int signal) throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            if ((int) KILL.invokeExact(s.state, pid, signal) != 0) {
                throw failed("kill " + pid, s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A descriptor that means one process for ever, even after its id was given to another: pidfd_open(2), Linux 5.3. */
    public static int process(int pid) throws LinuxException {
        return (int) syscall("pidfd_open " + pid, SYS_PIDFD_OPEN, pid, 0, 0, 0, 0);
    }

    /**
     * Sends a signal to the process that a descriptor of {@link #process} means.
     *
     * @return false if it has ended already
     */
    public static boolean signal(int process, int signal) throws LinuxException {
        try {
            syscall("pidfd_send_signal", SYS_PIDFD_SEND_SIGNAL, process, signal, 0, 0, 0);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == LinuxException.ESRCH) {
                return false;
            }
            throw e;
        }
    }

    /** An epoll instance, see epoll(7). */
    public static int poller() throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            int fd = (int) EPOLL_CREATE1.invokeExact(s.state, O_CLOEXEC);
            if (fd < 0) {
                throw failed("epoll_create1", s.errno());
            }
            return fd;
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Adds a descriptor to watch for input. {@link #unwatch} it before it is closed: the kernel itself ends the watch only
     * with the last copy of the descriptor, in whichever process that is (epoll(7)).
     */
    public static void watch(int poller, int descriptor) throws LinuxException {
        changeWatch(poller, EPOLL_CTL_ADD, "add", descriptor);
    }

    /** Ends what {@link #watch} began. */
    public static void unwatch(int poller, int descriptor) throws LinuxException {
        changeWatch(poller, EPOLL_CTL_DEL, "del", descriptor);
    }

    private static void changeWatch(int poller, int operation, String name, int descriptor) throws LinuxException {
        Scratch s = SCRATCH.get();
        s.small.set(INT, 0, POLLIN);
        s.small.set(ValueLayout.JAVA_LONG_UNALIGNED, EVENT_DATA, descriptor);
        try {
            if ((int) EPOLL_CTL.invokeExact(s.state, poller, operation, descriptor, s.small) != 0) {
                throw failed("epoll_ctl " + name, s.errno());
            }
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Waits for input; returns the descriptors that have some, none if the time passed. */
    public static int[] awaitAny(int poller, int millis) throws LinuxException {
        Scratch s = SCRATCH.get();
        int most = 64;
        try {
            int count = (int) EPOLL_WAIT.invokeExact(s.state, poller, s.data, most, millis);
            if (count < 0) {
                if (s.errno() == LinuxException.EINTR) {
                    return new int[0];
                }
                throw failed("epoll_wait", s.errno());
            }
            int[] ready = new int[count];
            Arrays.setAll(ready, i -> (int) s.data.get(ValueLayout.JAVA_LONG_UNALIGNED, i * EVENT_SIZE + EVENT_DATA));
            return ready;
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Who holds the other end of a TCP connection within this machine.
     *
     * @param uid the user who made the socket, as this process sees it
     * @param held whether a process still has it open; else its user is not known any more
     */
    public record TcpOwner(int uid, boolean held) {}

    /**
     * Looks a TCP socket up by its addresses: sock_diag(7). Takes microseconds, however many sockets there are.
     *
     * @param local the socket's own address
     * @param remote the address that it is connected to
     * @return empty if there is none in this network namespace
     */
    public static Optional<TcpOwner> tcpOwner(InetSocketAddress local, InetSocketAddress remote) throws LinuxException {
        ByteBuffer request = ByteBuffer.allocate(72).order(ByteOrder.nativeOrder());
        byte[] from = local.getAddress().getAddress();
        byte[] to = remote.getAddress().getAddress();
        // struct nlmsghdr, then struct inet_diag_req_v2 for any state, with no cookie
        request.putInt(0, 72).putShort(4, SOCK_DIAG_BY_FAMILY).putShort(6, NLM_F_REQUEST);
        request.put(16, (byte) (from.length == 4 ? AF_INET : AF_INET6))
                .put(17, (byte) IPPROTO_TCP)
                .putInt(20, -1);
        request.put(28, from).put(44, to).putLong(64, -1);
        request.order(ByteOrder.BIG_ENDIAN)
                .putShort(24, (short) local.getPort())
                .putShort(26, (short) remote.getPort());
        int socket = netlink();
        byte[] answer;
        try {
            send(socket, request.array(), 0);
            answer = read(socket);
        } finally {
            close(socket);
        }
        ByteBuffer reply = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
        if (reply.getShort(4) == NLMSG_ERROR) {
            int errno = -reply.getInt(16);
            if (errno == LinuxException.ENOENT) {
                return Optional.empty();
            }
            throw failed("sock_diag", errno);
        }
        // struct inet_diag_msg: uid and inode; a socket that was closed has neither
        return Optional.of(new TcpOwner(reply.getInt(80), reply.getInt(84) != 0));
    }

    private static int netlink() throws LinuxException {
        Scratch s = SCRATCH.get();
        try {
            int fd = (int) SOCKET.invokeExact(s.state, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
            if (fd < 0) {
                throw failed("socket for sock_diag", s.errno());
            }
            return fd;
        } catch (LinuxException e) {
            throw e;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }
}
